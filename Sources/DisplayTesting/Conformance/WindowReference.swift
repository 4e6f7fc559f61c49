internal import GuestDisplay

/// What a window must show, computed in double precision: rows of 0xAARRGGBB.
struct WindowReference {
    let size: Size
    private(set) var pixels: [UInt32]

    /// Opaque black.
    init(_ size: Size) {
        self.size = size
        pixels = Array(repeating: 0xff00_0000, count: size.width * size.height)
    }

    /// A picture, which is opaque, scaled to a frame: the average of the texels under each pixel, by area.
    mutating func show(_ picture: TestPicture, in frame: Rect) {
        paint(picture.pixels.map { $0 | 0xff00_0000 }, picture.size, in: frame)
    }

    /// A layer over what is there.
    mutating func show(_ layer: Layer) {
        paint(layer.content.pixels, layer.content.size, in: layer.frame)
    }

    private mutating func paint(_ texels: [UInt32], _ extent: Size, in frame: Rect) {
        let visible = frame.intersection(Rect(size))
        for y in visible.y..<visible.maxY {
            let rows = WindowReference.taps(y - frame.y, extent.height, frame.height)
            for x in visible.x..<visible.maxX {
                var sums = [0.0, 0.0, 0.0, 0.0]
                for column in WindowReference.taps(x - frame.x, extent.width, frame.width) {
                    for row in rows {
                        let texel = texels[row.texel * extent.width + column.texel]
                        for channel in 0..<4 {
                            sums[channel] +=
                                Double(texel >> (8 * UInt32(channel)) & 0xff) * row.share
                                * column.share
                        }
                    }
                }
                blend(sums, at: y * size.width + x)
            }
        }
    }

    /// Premultiplied, and saturated where the colours are more than their alpha; the window stays opaque.
    private mutating func blend(_ over: [Double], at index: Int) {
        var pixel: UInt32 = 0xff00_0000
        for channel in 0..<3 {
            let under = Double(pixels[index] >> (8 * UInt32(channel)) & 0xff)
            let sum = min(255, over[channel] + under * (255 - over[3]) / 255)
            pixel |= UInt32(sum.rounded()) << (8 * UInt32(channel))
        }
        pixels[index] = pixel
    }

    /// The texels that a pixel covers and how much of it each is.
    private static func taps(
        _ output: Int, _ count: Int, _ extent: Int
    ) -> [(texel: Int, share: Double)] {
        let pace = Double(count) / Double(extent)
        let first = Double(output * count) / Double(extent)
        let last = min(first + pace, Double(count))
        return (Int(first)..<min(Int(last.rounded(.up)), count)).map { texel in
            (
                texel,
                max(0, min(last, Double(texel + 1)) - max(first, Double(texel))) / pace
            )
        }
    }

    /// The first pixel that differs by more than `tolerance`, in words; nil when there is none.
    func complaint(about shown: [UInt32], tolerance: Int, comparesAlpha: Bool) -> String? {
        guard shown.count == pixels.count else {
            return "\(shown.count) pixels, expected \(pixels.count)"
        }
        for index in pixels.indices {
            for shift in [UInt32(0), 8, 16, 24] where shift < 24 || comparesAlpha {
                let step = abs(
                    Int(shown[index] >> shift & 0xff) - Int(pixels[index] >> shift & 0xff))
                if step > tolerance {
                    return
                        "0x\(String(shown[index], radix: 16)) at \(index % size.width), \(index / size.width), "
                        + "expected 0x\(String(pixels[index], radix: 16))"
                }
            }
        }
        return nil
    }
}
