import GuestDisplay
import Testing

@testable import GuestDisplayGL

/// What a drawer puts into a window, against pictures computed here. `.software` pictures are uploaded by the drawer, `.gl` ones
/// are shared images.
@Suite(.serialized)
struct PictureDrawerTests {
    /// A picture drawn into a window; 0xAARRGGBB.
    private func draw(
        _ pixels: Pixels, _ kind: Kind, frame: Rect, window: Size, layers: [Layer] = []
    ) throws -> Pixels {
        let ingest = try kind.makeIngest()
        defer { ingest.stop() }
        let head = ingest.makeHead()
        try head.receive(.scanout(.surface(try pixels.surface())))
        let picture = try head.waitForPicture(pixels)
        let target = try OffscreenWindow(window)
        defer { target.close() }
        try target.drawer.draw(picture, layers: layers, frame: frame, window: window)
        return try target.read()
    }

    /// The average of the texels under each output pixel, by area, in double precision; opaque black around the frame.
    private func reference(_ pixels: Pixels, frame: Rect, window: Size) -> Pixels {
        var result = Pixels(
            size: window, values: Array(repeating: 0xff00_0000, count: window.width * window.height)
        )
        let (sx, sy) = (
            Double(pixels.size.width) / Double(frame.width),
            Double(pixels.size.height) / Double(frame.height)
        )
        let visible = frame.intersection(Rect(window))
        for y in visible.y..<visible.maxY {
            for x in visible.x..<visible.maxX {
                let (left, top) = (Double(x - frame.x) * sx, Double(y - frame.y) * sy)
                var sums = [0.0, 0.0, 0.0]
                for row in Int(top)..<min(Int((top + sy).rounded(.up)), pixels.size.height) {
                    let tall = min(top + sy, Double(row + 1)) - max(top, Double(row))
                    for column in Int(
                        left)..<min(
                            Int((left + sx).rounded(.up)), pixels.size.width)
                    {
                        let wide = min(left + sx, Double(column + 1)) - max(left, Double(column))
                        for channel in 0..<3 {
                            sums[channel] +=
                                Double(pixels[column, row] >> (8 * UInt32(channel)) & 0xff)
                                * tall * wide
                        }
                    }
                }
                var pixel: UInt32 = 0xff00_0000
                for channel in 0..<3 {
                    pixel |=
                        UInt32((sums[channel] / (sx * sy)).rounded()) << (8 * UInt32(channel))
                }
                result[x, y] = pixel
            }
        }
        return result
    }

    /// The largest difference of a channel.
    private func difference(_ a: Pixels, _ b: Pixels) -> Int {
        var largest = 0
        for (left, right) in zip(a.values, b.values) {
            for shift in [UInt32(0), 8, 16, 24] {
                let (l, r) = (Int(left >> shift & 0xff), Int(right >> shift & 0xff))
                largest = max(largest, abs(l - r))
            }
        }
        return largest
    }

    @Test(arguments: Kind.allCases, [1, 2, 3, 5])
    func integerFactorsAreExact(_ kind: Kind, _ factor: Int) throws {
        let pixels = Pixels.random(Size(width: 37, height: 23), seed: 4)
        let window = Size(width: 37 * factor + 11, height: 23 * factor + 6)
        let frame = Rect(x: 5, y: 2, width: 37 * factor, height: 23 * factor)
        let drawn = try draw(pixels, kind, frame: frame, window: window)
        var expected = Pixels(
            size: window, values: Array(repeating: 0xff00_0000, count: window.width * window.height)
        )
        for y in 0..<frame.height {
            for x in 0..<frame.width {
                expected[frame.x + x, frame.y + y] = 0xff00_0000 | pixels[x / factor, y / factor]
            }
        }
        #expect(drawn == expected)
        // The comparison can fail: turned over, shifted by one, red and blue changed.
        #expect(drawn != flipped(expected))
        #expect(drawn != shifted(expected))
        #expect(drawn != swapped(expected))
    }

    private func flipped(_ pixels: Pixels) -> Pixels {
        var result = pixels
        for y in 0..<pixels.size.height {
            for x in 0..<pixels.size.width { result[x, y] = pixels[x, pixels.size.height - 1 - y] }
        }
        return result
    }

    private func shifted(_ pixels: Pixels) -> Pixels {
        var result = pixels
        for y in 0..<pixels.size.height {
            for x in 1..<pixels.size.width { result[x, y] = pixels[x - 1, y] }
        }
        return result
    }

    private func swapped(_ pixels: Pixels) -> Pixels {
        Pixels(
            size: pixels.size,
            values: pixels.values.map {
                $0 & 0xff00_ff00 | ($0 & 0xff) << 16 | $0 >> 16 & 0xff
            })
    }

    @Test(arguments: [
        Size(width: 60, height: 36), Size(width: 100, height: 61), Size(width: 20, height: 12),
        Size(width: 13, height: 7), Size(width: 10, height: 24), Size(width: 41, height: 25),
        Size(width: 1, height: 1), Size(width: 80, height: 12),
    ])
    func otherFactorsAverageByArea(_ size: Size) throws {
        let pixels = Pixels.random(Size(width: 40, height: 24), seed: 4)
        let window = Size(width: size.width + 4, height: size.height + 5)
        let frame = Rect(x: 1, y: 3, width: size.width, height: size.height)
        let drawn = try draw(pixels, .gl, frame: frame, window: window)
        let expected = reference(pixels, frame: frame, window: window)
        // More texels than taps under one pixel are sampled, not averaged.
        let taps = Shaders.maximumTaps
        if pixels.size.width <= size.width * (taps - 1),
            pixels.size.height <= size.height * (taps - 1)
        {
            #expect(difference(drawn, expected) <= 1)
            #expect(difference(drawn, shifted(expected)) > 8)
        } else {
            #expect(drawn[0, 0] == 0xff00_0000)
            #expect(difference(drawn, expected) < 40)
        }
    }

    /// At 1.5 the middle of each three output pixels blends, its neighbours are sharp.
    @Test func upscalingStaysSharp() throws {
        let pixels = Pixels(size: Size(width: 2, height: 1), values: [0xff_ffff, 0])
        let frame = Rect(x: 0, y: 0, width: 3, height: 1)
        let drawn = try draw(pixels, .gl, frame: frame, window: frame.size)
        #expect(drawn[0, 0] == 0xffff_ffff)
        #expect(abs(Int(drawn[1, 0] & 0xff) - 128) <= 1)
        #expect(drawn[2, 0] == 0xff00_0000)
    }

    @Test(arguments: Kind.allCases)
    func frameBeyondTheWindowIsCut(_ kind: Kind) throws {
        let pixels = Pixels.random(Size(width: 40, height: 30), seed: 9)
        let frame = Rect(x: -7, y: -4, width: 40, height: 30)
        let window = Size(width: 20, height: 16)
        let drawn = try draw(pixels, kind, frame: frame, window: window)
        #expect(drawn == reference(pixels, frame: frame, window: window))
    }

    @Test func layersBlendPremultiplied() throws {
        let pixels = Pixels.random(Size(width: 16, height: 12), seed: 9)
        let content = Layer.Content(
            size: Size(width: 3, height: 2),
            pixels: [
                0xff12_3456, 0x8080_0000, 0x0000_0000, 0x8000_0080, 0xffff_ffff, 0x4000_4000,
            ])
        let layers = [
            Layer(content: content, frame: Rect(x: 2, y: 1, width: 3, height: 2)),
            Layer(content: content, frame: Rect(x: 14, y: 11, width: 3, height: 2)),
            Layer(content: content, frame: Rect(x: 6, y: 4, width: 6, height: 4)),
        ]
        let window = pixels.size
        let drawn = try draw(pixels, .gl, frame: Rect(window), window: window, layers: layers)
        var expected = Pixels(size: window, values: pixels.values.map { $0 | 0xff00_0000 })
        for layer in layers {
            let scale = layer.frame.width / 3
            for y in 0..<layer.frame.height {
                for x in 0..<layer.frame.width {
                    let (column, row) = (layer.frame.x + x, layer.frame.y + y)
                    guard column < window.width, row < window.height else { continue }
                    let over = content.pixels[y / scale * 3 + x / scale]
                    let under = expected[column, row]
                    var pixel: UInt32 = 0xff00_0000
                    for shift in [UInt32(0), 8, 16] {
                        let rest = Double(under >> shift & 0xff) * Double(255 - over >> 24) / 255
                        pixel |= (over >> shift & 0xff + UInt32(rest.rounded())) << shift
                    }
                    expected[column, row] = pixel
                }
            }
        }
        #expect(difference(drawn, expected) <= 1)
        #expect(drawn.values.allSatisfy { $0 >> 24 == 0xff }, "a window is opaque")
    }

    @Test func nothingIsOpaqueBlack() throws {
        let window = try OffscreenWindow(Size(width: 9, height: 9))
        defer { window.close() }
        try window.drawer.draw(nil, layers: [], frame: .zero, window: window.size)
        #expect(try window.read().values.allSatisfy { $0 == 0xff00_0000 })
    }

    /// A window that follows a head, update by update, and across sizes, shows each picture exactly.
    @Test(arguments: Kind.allCases)
    func windowFollowsUpdates(_ kind: Kind) throws {
        let ingest = try kind.makeIngest()
        defer { ingest.stop() }
        let head = ingest.makeHead()
        let target = try OffscreenWindow(Size(width: 64, height: 64))
        defer { target.close() }
        var random = Random(11)
        var held: Picture?
        for (index, size) in [
            Size(width: 64, height: 64), Size(width: 32, height: 40), Size(width: 64, height: 64),
        ].enumerated() {
            var content = Pixels.random(size, seed: UInt64(index))
            try head.receive(.scanout(.surface(try content.surface())))
            for _ in 0..<12 {
                let rect = random.rect(in: size)
                let part = Pixels(size: rect.size, values: random.pixels(rect.width * rect.height))
                content.put(part, x: rect.x, y: rect.y)
                try head.receive(.update(.pixels(try part.surface(), x: rect.x, y: rect.y)))
                let picture = try head.waitForPicture(content)
                try target.drawer.draw(
                    picture, layers: [], frame: Rect(size), window: target.size)
                let drawn = try target.read().part(Rect(size))
                #expect(drawn.values == content.values.map { $0 | 0xff00_0000 })
                held = picture
            }
        }
        _ = held
    }
}
