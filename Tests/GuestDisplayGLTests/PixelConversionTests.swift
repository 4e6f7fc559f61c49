import GuestDisplay
import Testing

@testable import GuestDisplayGL

/// Each supported format against a reference that is computed from the format's name.
struct PixelConversionTests {
    /// Letters and bits as pixman names them, highest bits first: `x2b10g10r10`.
    private static func channels(_ name: String) -> [(letter: Character, bits: Int)] {
        var result: [(letter: Character, bits: Int)] = []
        for character in name.prefix(while: { $0 != "_" }) {
            if let digit = character.wholeNumberValue {
                result[result.count - 1].bits = result[result.count - 1].bits * 10 + digit
            } else {
                result.append((character, 0))
            }
        }
        return result
    }

    /// 0x00RRGGBB of a pixel's number, by long division instead of shifts and masks.
    private static func reference(_ pixel: UInt32, name: String) -> UInt32 {
        var rest = UInt64(pixel)
        var colors: [Character: UInt32] = [:]
        for (letter, bits) in channels(name).reversed() {
            let range = UInt64(1) << bits
            let value = rest % range
            rest /= range
            var text = String(value, radix: 2)
            text = String(repeating: "0", count: bits - text.count) + text
            // The bits again and again, cut after eight.
            let eight = String(repeating: text, count: 8 / max(bits, 1) + 1).prefix(8)
            colors[letter] = UInt32(eight, radix: 2)!
        }
        return colors["r"]! << 16 | colors["g"]! << 8 | colors["b"]!
    }

    @Test func referenceKnowsColours() {
        #expect(PixelConversionTests.reference(0xf800, name: "r5g6b5") == 0xff_0000)
        #expect(PixelConversionTests.reference(0x0010, name: "r5g6b5") == 0x00_0084)
        #expect(PixelConversionTests.reference(0x3ff0_0000, name: "x2r10g10b10") == 0xff_0000)
        #expect(PixelConversionTests.reference(0x1234_56ff, name: "r8g8b8a8") == 0x12_3456)
    }

    /// Rows shorter than a cache line, as long, and longer; a block alone in its rows, and within wider ones.
    @Test(arguments: [1, 15, 16, 17, 64, 100], [(0, true), (3, true), (0, false), (3, false)])
    func onlyWhatDiffersIsChanged(_ width: Int, _ place: (margin: Int, isInPlace: Bool)) throws {
        let margin = place.margin
        let size = Size(width: width, height: 3)
        var random = Random(UInt64(width))
        let memory = PictureMemory(size: Size(width: width + margin, height: 5))
        var values = (0..<width * 3).map { _ in UInt32.random(in: 0...0xff_ffff, using: &random) }
        let copy = { (values: [UInt32]) throws in
            let surface = try DisplaySurface(
                width: width, height: 3, stride: width * 4, format: .x8r8g8b8,
                memory: SurfaceBytes(values.withUnsafeBytes { Array($0) }))
            var old = memory
            if !place.isInPlace {
                old = PictureMemory(size: memory.size)
                old.copy(.full(memory.size), from: memory)
                // What it had is somewhere else, and it has anything.
                memory.mutableBase.update(
                    repeating: 0x12_3456, count: memory.size.width * memory.size.height)
            }
            let changed = try PixelConversion.copy(
                Rect(size), of: surface, to: memory, x: margin, y: 1, over: old)
            for row in 0..<3 {
                let start = (row + 1) * memory.size.width + margin
                #expect(
                    Array(memory.opaquePixels()[start..<start + width])
                        == Array(values[row * width..<(row + 1) * width]))
            }
            return changed
        }
        #expect(try copy(values).contains(Rect(x: margin, y: 1, width: 1, height: 3)))
        #expect(try copy(values).isEmpty)
        for row in 0..<3 {
            for column in 0..<width {
                values[row * width + column] ^= 1
                let changed = try copy(values)
                let pixel = Rect(x: margin + column, y: 1 + row, width: 1, height: 1)
                #expect(changed.contains(pixel) && changed.height == 1)
                #expect(changed.width <= min(width, 31))
            }
        }
        // The corners: all between them.
        values[0] ^= 1
        values[width * 3 - 1] ^= 1
        #expect(try copy(values) == Rect(x: margin, y: 1, width: width, height: 3))
    }

    @Test(arguments: PixelFormat.named.map(\.name))
    func everyFormat(_ name: String) throws {
        let format = try #require(PixelFormat.named.first { $0.name == name }).format
        var random = Random(UInt64(format.rawValue))
        let step = format.bytesPerPixel
        // Odd widths, strides that are no multiple of a pixel, odd offsets, a last row without its padding.
        for (size, padding, offset) in [
            (Size(width: 1, height: 1), 0, 0), (Size(width: 7, height: 5), 0, 0),
            (Size(width: 33, height: 3), 5, 3), (Size(width: 64, height: 2), 1, 7),
        ] {
            let stride = size.width * step + padding
            let count = offset + stride * (size.height - 1) + size.width * step
            var bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            if size.width > 2 {
                // Black and white, whatever the channels.
                for index in 0..<step {
                    bytes[offset + index] = 0
                    bytes[offset + step + index] = 255
                }
            }
            let surface = try DisplaySurface(
                width: size.width, height: size.height, stride: stride, offset: offset,
                format: format, memory: SurfaceBytes(bytes))
            let memory = PictureMemory(size: Size(width: size.width + 3, height: size.height + 2))
            try PixelConversion.copy(Rect(size), of: surface, to: memory, x: 2, y: 1)
            let pixels = Pixels(size: memory.size, values: memory.opaquePixels())
            for y in 0..<memory.size.height {
                for x in 0..<memory.size.width {
                    let (column, row) = (x - 2, y - 1)
                    var expected: UInt32 = 0
                    if column >= 0, column < size.width, row >= 0, row < size.height {
                        var pixel: UInt32 = 0
                        for index in (0..<step).reversed() {
                            pixel =
                                pixel * 256
                                + UInt32(bytes[offset + row * stride + column * step + index])
                        }
                        expected = PixelConversionTests.reference(pixel, name: name)
                    }
                    #expect(pixels[x, y] == expected, "\(name) at \(column), \(row)")
                }
            }
        }
    }

    @Test(arguments: ["x8r8g8b8", "r5g6b5", "b8g8r8", "x2b10g10r10"])
    func aRectangleOfASurface(_ name: String) throws {
        let format = try #require(PixelFormat.named.first { $0.name == name }).format
        var random = Random(5)
        let stride = 20 * format.bytesPerPixel + 2
        let bytes = (0..<(stride * 10)).map { _ in UInt8.random(in: 0...255, using: &random) }
        let surface = try DisplaySurface(
            width: 20, height: 10, stride: stride, format: format, memory: SurfaceBytes(bytes))
        let whole = PictureMemory(size: surface.size)
        try PixelConversion.copy(Rect(surface.size), of: surface, to: whole, x: 0, y: 0)
        let part = PictureMemory(size: surface.size)
        let rect = Rect(x: 3, y: 2, width: 11, height: 7)
        try PixelConversion.copy(rect, of: surface, to: part, x: 9, y: 3)
        let expected = Pixels(size: surface.size, values: whole.opaquePixels()).part(rect)
        let copied = Pixels(size: surface.size, values: part.opaquePixels())
        #expect(copied.part(Rect(x: 9, y: 3, width: 11, height: 7)) == expected)
    }

    /// Memory that has fewer bytes than it said is not read.
    @Test func memoryThatLiesIsNotRead() throws {
        final class Liar: SurfaceMemory {
            let byteCount = 64
            func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) throws(SurfaceError) {
                [UInt8](repeating: 1, count: 63).withUnsafeBytes(body)
            }
        }
        let surface = try DisplaySurface(
            width: 4, height: 4, stride: 16, format: .x8r8g8b8, memory: Liar())
        let error = #expect(throws: SurfaceError.self) {
            try PixelConversion.copy(
                Rect(surface.size), of: surface, to: PictureMemory(size: surface.size), x: 0,
                y: 0)
        }
        #expect(error?.field == "data")
    }
}
