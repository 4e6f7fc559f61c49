internal import GuestDisplay

/// A head's current picture in CPU memory, with every update so far. Under its head's lock only.
struct SurfaceBacking {
    private(set) var memory: PictureMemory
    /// Where the pixels are instead, since a picture was made of the memory that had them; until they are written the next time.
    private var published: PictureMemory?
    /// What its own memory lacks of those.
    private var lacks = Damage(size: .zero)
    /// A mapping that `.inPlace` updates refer to; nil when the pixels come with each update.
    private let mapped: DisplaySurface?
    /// Whether a copy failed half-way: the pixels are worth nothing until the next scanout.
    private(set) var isBroken = false

    var size: Size { memory.size }

    /// Whether its pixels are those of a picture; a memory of its own has them no more.
    var isPublished: Bool { published != nil }

    /// The memory that has the pixels, for reading.
    var current: PictureMemory { published ?? memory }

    /// Copies the whole surface. `reusable` memory is written instead of new memory where that cannot spoil the last good picture.
    init(_ surface: DisplaySurface, reusing reusable: SurfaceBacking?) throws(SurfaceError) {
        if let reusable, reusable.wouldBeReused(for: surface) {
            memory = reusable.memory
        } else {
            memory = PictureMemory(size: surface.size)
        }
        mapped = surface.memory.isShared ? surface : nil
        try PixelConversion.copy(Rect(surface.size), of: surface, to: memory, x: 0, y: 0)
    }

    /// Whether a new scanout's pixels go into this one's memory. Not those of a mapping, which can fail while it is read; owned or
    /// borrowed bytes are there to the end.
    func wouldBeReused(for surface: DisplaySurface) -> Bool {
        !surface.memory.isShared && surface.size == size
    }

    /// The copy into its memory failed: its pixels are worth nothing.
    mutating func breakPicture() {
        isBroken = true
    }

    /// Takes the pixels of a rectangle. Gives back what changed, and the number of bytes that were read.
    mutating func apply(_ pixels: DisplaySurface, x: Int, y: Int) throws(SurfaceError) -> (
        Rect, Int
    ) {
        try checkWhole()
        let rect = Rect(x: x, y: y, width: pixels.size.width, height: pixels.size.height)
        guard rect.lies(within: size) else {
            throw SurfaceError(
                field: "rectangle", reason: "\(rect) does not lie in the picture of \(size)")
        }
        let changed = try copy(Rect(pixels.size), of: pixels, to: rect)
        return (changed, pixels.byteCount(of: rect))
    }

    /// Reads a rectangle again from the mapping; one that does not lie in the picture counts as the whole.
    mutating func refresh(_ rect: Rect) throws(SurfaceError) -> (Rect, Int) {
        try checkWhole()
        guard let mapped else {
            throw SurfaceError(
                field: "update", reason: "the current scanout has no shared memory to read from")
        }
        let rect = rect.lies(within: size) ? rect : Rect(size)
        let changed = try copy(rect, of: mapped, to: rect)
        return (changed, mapped.byteCount(of: rect))
    }

    /// Gives its memory away, for a picture of all its pixels, and takes another of that size, which `lacks` some of them: they are copied to that only if
    /// less than all of them change next. So a pixel is copied once on its way to a picture.
    mutating func giveMemory(for other: PictureMemory, lacking lacks: Damage) -> PictureMemory {
        precondition(published == nil && other.size == size && lacks.size == size)
        let whole = memory
        published = whole
        memory = other
        self.lacks = lacks
        return whole
    }

    /// What is new of it.
    private mutating func copy(
        _ part: Rect, of surface: DisplaySurface, to rect: Rect
    ) throws(SurfaceError) -> Rect {
        if let published, rect != Rect(size) {
            memory.copy(lacks, from: published)
            self.published = nil
        }
        do throws(SurfaceError) {
            let changed = try PixelConversion.copy(
                part, of: surface, to: memory, x: rect.x, y: rect.y, over: published ?? memory)
            published = nil
            return changed
        } catch {
            isBroken = true
            throw error
        }
    }

    private func checkWhole() throws(SurfaceError) {
        if isBroken { throw .lostPicture }
    }
}

extension DisplaySurface {
    /// How many bytes of pixels a rectangle has.
    func byteCount(of rect: Rect) -> Int {
        rect.width * rect.height * format.bytesPerPixel
    }
}
