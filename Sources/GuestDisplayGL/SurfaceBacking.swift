internal import GuestDisplay

/// A head's current picture in CPU memory, with every update so far. Under its head's lock only.
struct SurfaceBacking {
    let memory: PictureMemory
    /// A mapping that `.inPlace` updates refer to; nil when the pixels come with each update.
    private let mapped: DisplaySurface?
    /// Whether a copy failed half-way: the pixels are worth nothing until the next scanout.
    private(set) var isBroken = false

    var size: Size { memory.size }

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
        do throws(SurfaceError) {
            let changed = try PixelConversion.copy(
                Rect(pixels.size), of: pixels, to: memory, x: x, y: y)
            return (changed, pixels.byteCount(of: rect))
        } catch {
            isBroken = true
            throw error
        }
    }

    /// Reads a rectangle again from the mapping; one that does not lie in the picture counts as the whole.
    mutating func refresh(_ rect: Rect) throws(SurfaceError) -> (Rect, Int) {
        try checkWhole()
        guard let mapped else {
            throw SurfaceError(
                field: "update", reason: "the current scanout has no shared memory to read from")
        }
        let rect = rect.lies(within: size) ? rect : Rect(size)
        do throws(SurfaceError) {
            let changed = try PixelConversion.copy(
                rect, of: mapped, to: memory, x: rect.x, y: rect.y)
            return (changed, mapped.byteCount(of: rect))
        } catch {
            isBroken = true
            throw error
        }
    }

    private func checkWhole() throws(SurfaceError) {
        if isBroken {
            throw SurfaceError(
                field: "update",
                reason: "the picture's memory was lost; it goes on with the next scanout")
        }
    }
}

extension DisplaySurface {
    /// How many bytes of pixels a rectangle has.
    fileprivate func byteCount(of rect: Rect) -> Int {
        rect.width * rect.height * format.bytesPerPixel
    }
}
