internal import GuestDisplay
internal import Synchronization

/// A computed picture: every pixel of every seed has another colour.
struct TestPicture {
    let size: Size
    /// Rows of 0x00RRGGBB.
    private(set) var pixels: [UInt32]

    init(width: Int, height: Int, seed: Int) {
        size = Size(width: width, height: height)
        pixels = (0..<width * height).map { index in
            let mixed: Int = (index + 1) &* 0x9E_3779 &+ seed &* 0x51_73F1
            return UInt32(truncatingIfNeeded: mixed) & 0xff_ffff
        }
    }

    /// Puts another at a place within this one.
    mutating func put(_ part: TestPicture, x: Int, y: Int) {
        for row in 0..<part.size.height {
            for column in 0..<part.size.width {
                pixels[(y + row) * size.width + x + column] =
                    part.pixels[row * part.size.width + column]
            }
        }
    }

    /// Its bytes as x8r8g8b8 with rubbish in X and in the padding, the top or the bottom first; the last row in memory has none.
    func bytes(padding: Int = 0, offset: Int = 0, isTopDown: Bool = true) -> [UInt8] {
        var bytes = [UInt8](repeating: 0xa5, count: offset)
        for row in 0..<size.height {
            let line = isTopDown ? row : size.height - 1 - row
            for pixel in pixels[line * size.width..<(line + 1) * size.width] {
                bytes += [
                    UInt8(pixel & 0xff), UInt8(pixel >> 8 & 0xff), UInt8(pixel >> 16), 0x5a,
                ]
            }
            if row < size.height - 1 { bytes += [UInt8](repeating: 0xa5, count: padding) }
        }
        return bytes
    }

    /// A surface of owned bytes.
    func surface(
        padding: Int = 0, offset: Int = 0, isTopDown: Bool = true
    ) throws(SurfaceError) -> DisplaySurface {
        try DisplaySurface(
            width: size.width, height: size.height, stride: size.width * 4 + padding,
            offset: offset, format: .x8r8g8b8, isTopDown: isTopDown,
            memory: SurfaceBytes(bytes(padding: padding, offset: offset, isTopDown: isTopDown)))
    }

    /// A surface of the file's memory.
    func mapped(
        _ file: SharedFile, padding: Int = 0, offset: Int = 0, isTopDown: Bool = true
    ) throws -> DisplaySurface {
        let stride = size.width * 4 + padding
        let memory = try MappedMemory(
            file.duplicate(), byteCount: offset + stride * size.height - padding)
        return try DisplaySurface(
            width: size.width, height: size.height, stride: stride, offset: offset,
            format: .x8r8g8b8, isTopDown: isTopDown, memory: memory)
    }
}

/// Bytes that are lent for one call, and tell who reads them later.
final class LentBytes: SurfaceMemory {
    private struct State {
        var bytes: [UInt8]?
        var lateReads = 0
    }

    let byteCount: Int
    private let state: Mutex<State>

    init(_ bytes: [UInt8]) {
        byteCount = bytes.count
        state = Mutex(State(bytes: bytes))
    }

    var lateReads: Int { state.withLock { $0.lateReads } }

    func takeBack() {
        state.withLock { $0.bytes = nil }
    }

    func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) throws(SurfaceError) {
        let bytes = state.withLock { state in
            if state.bytes == nil { state.lateReads += 1 }
            return state.bytes
        }
        guard let bytes else {
            throw SurfaceError(field: "data", reason: "read after the call that lent it")
        }
        bytes.withUnsafeBytes(body)
    }
}
