import GuestDisplay
import Testing

/// Every field from outside is checked before a byte is read.
struct DisplaySurfaceTests {
    struct Bad: Sendable {
        var width = 8
        var height = 4
        var stride = 32
        var offset = 0
        var format = PixelFormat.x8r8g8b8
        var bytes = 128
        var field: String
    }

    @Test(arguments: [
        Bad(width: 0, field: "width"), Bad(width: -1, field: "width"),
        Bad(width: 65536, height: 65536, stride: 262144, field: "width"),
        Bad(width: .max, field: "width"), Bad(height: 0, field: "height"),
        Bad(height: .min, field: "height"), Bad(height: 16385, field: "height"),
        Bad(width: 16384, height: 16384, stride: 65536, field: "width, height"),
        Bad(stride: 31, field: "stride"), Bad(stride: 0, field: "stride"),
        Bad(stride: -32, field: "stride"), Bad(stride: .max, field: "stride"),
        Bad(offset: -1, field: "offset"), Bad(offset: .max, field: "offset"),
        Bad(format: PixelFormat(rawValue: 0), field: "format"),
        Bad(format: PixelFormat(rawValue: .max), field: "format"),
        Bad(format: PixelFormat(rawValue: 0x0801_8000), field: "format"),
        Bad(bytes: 127, field: "data"), Bad(bytes: 0, field: "data"),
        Bad(offset: 1, field: "data"), Bad(stride: 33, field: "data"),
    ])
    func badFieldIsNamed(_ bad: Bad) {
        let memory = SurfaceBytes(Array(repeating: 0, count: bad.bytes))
        let error = #expect(throws: SurfaceError.self) {
            try DisplaySurface(
                width: bad.width, height: bad.height, stride: bad.stride, offset: bad.offset,
                format: bad.format, memory: memory)
        }
        #expect(error?.field == bad.field)
        #expect(error?.description.isEmpty == false)
    }

    @Test(arguments: [(0, 0, 128), (0, 8, 152), (5, 0, 133), (7, 4, 147)])
    func lastRowMayBeShort(_ offset: Int, _ padding: Int, _ bytes: Int) throws {
        let surface = try DisplaySurface(
            width: 8, height: 4, stride: 32 + padding, offset: offset, format: .x8r8g8b8,
            memory: SurfaceBytes(Array(repeating: 0, count: bytes)))
        #expect(surface.size == Size(width: 8, height: 4))
        #expect(throws: SurfaceError.self) {
            try DisplaySurface(
                width: 8, height: 4, stride: 32 + padding, offset: offset, format: .x8r8g8b8,
                memory: SurfaceBytes(Array(repeating: 0, count: bytes - 1)))
        }
    }

    @Test func bytesAreACopy() throws {
        let memory = SurfaceBytes([1, 2, 3])
        #expect(memory.byteCount == 3)
        var seen: [UInt8] = []
        try memory.withBytes { seen = Array($0) }
        #expect(seen == [1, 2, 3])
    }
}
