internal import CShims
internal import Glibc
public import GuestDisplay

/// Pixels of a picture in CPU memory: rows of x8r8g8b8 (0xXXRRGGBB, X means nothing), one right after the other, top row first.
///
/// Its writer is one thread at a time and alone while it writes (the backing picture under its head's lock, a slot of the ring
/// before it is published); readers come after that. Freed with the last reference.
public final class PictureMemory: @unchecked Sendable {
    /// Size in pixels.
    public let size: Size

    private let pixels: UnsafeMutableBufferPointer<UInt32>
    /// The memory as a file, for a display server to read it where it is; -1 where the system gave none. Lent.
    let descriptor: CInt

    /// Black pixels. The size must have been checked with ``DisplaySurface/check(size:)``.
    init(size: Size) {
        self.size = size
        let count = size.width * size.height
        var descriptor: CInt = -1
        guard let memory = swiftvm_shareable_memory(count * 4, &descriptor) else {
            // As Swift's own allocation does.
            fatalError("no memory for a picture of \(size)")
        }
        self.descriptor = descriptor
        pixels = UnsafeMutableBufferPointer(
            start: memory.bindMemory(to: UInt32.self, capacity: count), count: count)
    }

    deinit {
        munmap(pixels.baseAddress, pixels.count * 4)
        if descriptor >= 0 { close(descriptor) }
    }

    /// Bytes from one row to the next: `4 × width`.
    public var stride: Int { 4 * size.width }

    /// The first pixel. Valid as long as this object lives; for reading only.
    public var baseAddress: UnsafePointer<UInt32> { UnsafePointer(mutableBase) }

    /// Runs `body` with the pixels of all rows, valid until it returns.
    public func withPixels<Result>(_ body: (UnsafeBufferPointer<UInt32>) throws -> Result) rethrows
        -> Result
    {
        try body(UnsafeBufferPointer(pixels))
    }

    /// The first pixel, for the one writer.
    var mutableBase: UnsafeMutablePointer<UInt32> { pixels.baseAddress! }

    /// Copies the parts that `damage` covers from a memory of the same size.
    func copy(_ damage: Damage, from source: PictureMemory) {
        precondition(source.size == size && damage.size == size)
        for rect in damage.rects {
            if rect.width == size.width {
                let first = rect.y * size.width
                (mutableBase + first).update(
                    from: source.baseAddress + first, count: rect.height * rect.width)
            } else {
                for row in rect.y..<rect.maxY {
                    let first = row * size.width + rect.x
                    (mutableBase + first).update(
                        from: source.baseAddress + first, count: rect.width)
                }
            }
        }
    }

    /// All pixels with the meaningless bits zero: 0x00RRGGBB.
    func opaquePixels() -> [UInt32] {
        withPixels { pixels in pixels.map { $0 & 0x00ff_ffff } }
    }
}
