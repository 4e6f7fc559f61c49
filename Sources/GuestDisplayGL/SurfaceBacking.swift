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
    /// Of its pixels; nil where none are kept, as of a mapping, whose pixels may be others a moment later.
    private let digests: RowDigests?
    /// Whether a copy failed half-way: the pixels are worth nothing until the next scanout.
    private(set) var isBroken = false

    var size: Size { memory.size }

    /// Whether its pixels are those of a picture; a memory of its own has them no more.
    var isPublished: Bool { published != nil }

    /// The memory that has the pixels, for reading.
    var current: PictureMemory { published ?? memory }

    /// A surface's pixels, all of which were copied to that memory.
    init(_ surface: DisplaySurface, in memory: PictureMemory) {
        precondition(memory.size == surface.size)
        self.memory = memory
        mapped = surface.memory.isShared ? surface : nil
        digests = surface.memory.isShared ? nil : RowDigests(size: surface.size)
    }

    /// Whether a new scanout's pixels go into this one's memory, where that cannot spoil the last good picture. Not those of a mapping, which can fail while it
    /// is read; of owned or borrowed bytes only the end of their sender is in the way.
    func wouldBeReused(for surface: DisplaySurface) -> Bool {
        !surface.memory.isShared && surface.size == size
    }

    /// The copy into its memory failed: its pixels are worth nothing.
    mutating func breakPicture() {
        isBroken = true
    }

    /// Where the new pixels of a rectangle go, what has the old ones, the same memory or another, and the digests of those.
    mutating func beginCopy(
        to rect: Rect
    ) throws(SurfaceError) -> (memory: PictureMemory, old: PictureMemory, digests: RowDigests?) {
        if isBroken { throw .lostPicture }
        guard rect.lies(within: size) else {
            throw SurfaceError(
                field: "rectangle", reason: "\(rect) does not lie in the picture of \(size)")
        }
        if let published, rect != Rect(size) {
            memory.copy(lacks, from: published)
            self.published = nil
        }
        return (memory, published ?? memory, digests)
    }

    /// They are there.
    mutating func endCopy() {
        published = nil
    }

    /// Reads a rectangle again from the mapping; one that does not lie in the picture counts as the whole. Gives back what changed, and the number of bytes that
    /// were read.
    mutating func refresh(_ rect: Rect) throws(SurfaceError) -> (Rect, Int) {
        guard let mapped else {
            throw SurfaceError(
                field: "update", reason: "the current scanout has no shared memory to read from")
        }
        let rect = rect.lies(within: size) ? rect : Rect(size)
        let (memory, old, _) = try beginCopy(to: rect)
        do throws(SurfaceError) {
            let changed = try PixelConversion.copy(
                rect, of: mapped, to: memory, x: rect.x, y: rect.y, over: old)
            endCopy()
            return (changed, mapped.byteCount(of: rect))
        } catch {
            isBroken = true
            throw error
        }
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
}

extension DisplaySurface {
    /// How many bytes of pixels a rectangle has.
    func byteCount(of rect: Rect) -> Int {
        rect.width * rect.height * format.bytesPerPixel
    }
}
