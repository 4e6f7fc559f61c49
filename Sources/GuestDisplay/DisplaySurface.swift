/// What a surface from outside may be.
public enum SurfaceLimits {
    /// The largest width or height in pixels: what GL 4.1 and every GPU since 2012 take as a texture
    /// (GL_MAX_TEXTURE_SIZE 16384).
    public static let maximumExtent = 16384
    /// The largest picture in pixels: four 8K screens (7680 × 4320), half a gigabyte at 32 bits.
    public static let maximumPixels = 4 * 7680 * 4320
    /// The largest stride in bytes that is believed.
    public static let maximumStride = maximumExtent * 16
}

/// Why a picture from outside was refused. The text names the field, its value, and what it should have been.
public struct SurfaceError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The field at fault, as the protocol calls it: `width`, `stride`, `format`, `data`, …
    public let field: String
    /// What is wrong with it.
    public let reason: String

    /// Names the field and the reason.
    public init(field: String, reason: String) {
        self.field = field
        self.reason = reason
    }

    /// `field: reason`.
    public var description: String { "\(field): \(reason)" }
}

/// The bytes behind a ``DisplaySurface``.
///
/// Implementations: bytes that are owned (``SurfaceBytes``) and a mapping of shared memory (``MappedMemory``). Any thread may call.
public protocol SurfaceMemory: AnyObject, Sendable {
    /// How many bytes there are. For a mapping: as many as were mapped; the file may have shrunk since.
    var byteCount: Int { get }
    /// Whether the bytes are another's too, who changes them and can take them away: a mapping.
    var isShared: Bool { get }
    /// Whether reading may wait for a device that is still writing.
    var waitsForDevices: Bool { get }

    /// Throws what ``withBytes(_:)`` would throw now, as far as can be told without reading: a mapping's file is shorter than the mapping.
    func check() throws(SurfaceError)

    /// Runs `body` with the bytes, which are valid until it returns. Throws ``SurfaceError`` (field `mapping`) when a
    /// mapping's file is now shorter than the mapping; then what `body` read is partly zeroes and must not be shown.
    func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) throws(SurfaceError)

    /// Runs `body` with the first `count` bytes, at most ``byteCount``, in order and in one stretch or several: each but the last has a multiple of `unit` bytes. They may
    /// be on their way here, and be gone afterwards: read them once, and hold nothing that another thread waits for. Throws as ``withBytes(_:)``, also after some
    /// stretches.
    func withStretches(
        _ count: Int, unit: Int, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(SurfaceError)

    /// Whether some of them are still on their way, so that ``withStretches(_:unit:_:)`` and ``withBytes(_:)`` wait for their sender.
    var isArriving: Bool { get }

    /// How long those two waited for bytes and received them, in nanoseconds; 0 where all were here. For the thread that they were handed to, during that call.
    var receiveNanoseconds: UInt64 { get }
}

extension SurfaceMemory {
    public var isShared: Bool { false }
    public var isArriving: Bool { false }
    public var receiveNanoseconds: UInt64 { 0 }

    public func withStretches(
        _ count: Int, unit: Int, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(SurfaceError) {
        try withFirstBytes(count, body)
    }

    /// Those bytes in one stretch; fewer where there are fewer by now.
    package func withFirstBytes(
        _ count: Int, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(SurfaceError) {
        try withBytes { bytes in
            body(UnsafeRawBufferPointer(rebasing: bytes[..<min(count, bytes.count)]))
        }
    }
    public var waitsForDevices: Bool { false }
    public func check() throws(SurfaceError) {}
}

/// Bytes on the heap, owned; immutable once handed on.
public final class SurfaceBytes: SurfaceMemory, @unchecked Sendable {
    private let storage: UnsafeMutableRawBufferPointer

    /// Bytes that `fill` writes; they start as they come, not zeroed.
    public init(count: Int, fill: (UnsafeMutableRawBufferPointer) -> Void) {
        storage = .allocate(byteCount: max(count, 0), alignment: 64)
        fill(storage)
    }

    /// A copy of these bytes.
    public convenience init(_ bytes: some Collection<UInt8>) {
        self.init(count: bytes.count) { $0.copyBytes(from: bytes) }
    }

    deinit {
        storage.deallocate()
    }

    /// How many bytes there are.
    public var byteCount: Int { storage.count }

    /// Runs `body` with the bytes. Never throws.
    public func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) throws(SurfaceError) {
        body(UnsafeRawBufferPointer(storage))
    }
}

/// A picture in CPU memory (plain VGA, 2D virtio-gpu), checked: every pixel lies in its memory.
///
/// The picture is opaque: bits of the format that are no colour, alpha included, mean nothing.
public struct DisplaySurface: Sendable {
    /// Size in pixels, each extent 1 … ``SurfaceLimits/maximumExtent``.
    public let size: Size
    /// Bytes from one row to the next, at least `width × bytesPerPixel`.
    public let stride: Int
    /// Bytes before the first row.
    public let offset: Int
    /// How a pixel lies in memory.
    public let format: PixelFormat
    /// Whether the first row in memory is the top of the picture; else it is the bottom.
    public let isTopDown: Bool
    /// Where the bytes are. The last row may be short of `stride`, not of `width × bytesPerPixel`.
    public let memory: any SurfaceMemory

    /// Checks all fields in 64-bit arithmetic and takes the memory; throws the first that is wrong.
    public init(
        width: Int, height: Int, stride: Int, offset: Int = 0, format: PixelFormat,
        isTopDown: Bool = true, memory: any SurfaceMemory
    ) throws(SurfaceError) {
        let needed = try DisplaySurface.byteCount(
            width: width, height: height, stride: stride, offset: offset, format: format)
        guard memory.byteCount >= needed else {
            throw SurfaceError(
                field: "data", reason: "\(memory.byteCount) bytes, expected at least \(needed)")
        }
        self.size = Size(width: width, height: height)
        self.stride = stride
        self.offset = offset
        self.format = format
        self.isTopDown = isTopDown
        self.memory = memory
    }

    /// How many bytes of memory such a picture needs, from the memory's start to the last pixel's end. Throws the first field that is wrong.
    public static func byteCount(
        width: Int, height: Int, stride: Int, offset: Int = 0, format: PixelFormat
    ) throws(SurfaceError) -> Int {
        try DisplaySurface.check(size: Size(width: width, height: height))
        guard format.isSupported else {
            throw SurfaceError(
                field: "format", reason: "\(format) is no 32-, 24- or 16-bit pixman format")
        }
        let rowBytes = width * format.bytesPerPixel
        guard stride >= rowBytes, stride <= SurfaceLimits.maximumStride else {
            throw SurfaceError(
                field: "stride",
                reason: "\(stride) bytes, expected \(rowBytes) to \(SurfaceLimits.maximumStride)")
        }
        guard offset >= 0, offset <= Int(Int32.max) else {
            throw SurfaceError(field: "offset", reason: "\(offset) is out of range")
        }
        return offset + stride * (height - 1) + rowBytes
    }

    /// Throws when a picture of that size would not be believed: `width` or `height` outside 1 …
    /// ``SurfaceLimits/maximumExtent``, or more than ``SurfaceLimits/maximumPixels`` in all.
    public static func check(size: Size) throws(SurfaceError) {
        try check(size.width, "width")
        try check(size.height, "height")
        guard size.width * size.height <= SurfaceLimits.maximumPixels else {
            throw SurfaceError(
                field: "width, height",
                reason: "\(size) is more than \(SurfaceLimits.maximumPixels) pixels")
        }
    }

    private static func check(_ extent: Int, _ field: String) throws(SurfaceError) {
        guard extent >= 1, extent <= SurfaceLimits.maximumExtent else {
            throw SurfaceError(
                field: field, reason: "\(extent), expected 1 to \(SurfaceLimits.maximumExtent)")
        }
    }
}
