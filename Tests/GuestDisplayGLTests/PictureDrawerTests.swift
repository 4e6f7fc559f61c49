import GuestDisplay
import Testing

@testable import GuestDisplayGL

/// What the GL drawer does at factors that are not whole, against pictures computed here; all else is in ``PresenterConformance``.
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

    private func shifted(_ pixels: Pixels) -> Pixels {
        var result = pixels
        for y in 0..<pixels.size.height {
            for x in 1..<pixels.size.width { result[x, y] = pixels[x - 1, y] }
        }
        return result
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
}
