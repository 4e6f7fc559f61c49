import DisplayTesting
import GuestDisplay

/// A picture of random pixels in one of pixman's formats, with what must be seen of it, computed from the format's name alone.
struct RandomPicture {
    let format: PixelFormat
    let stride: Int
    /// As QEMU sends it: rows of `stride` bytes, rubbish in what is no colour, the last row without its padding.
    let bytes: [UInt8]
    /// What must be seen.
    let picture: ScreenPicture

    /// Makes one; the same arguments make the same.
    init(_ name: String, width: Int, height: Int, padding: Int = 0, seed: UInt64) {
        format = PixelFormat.named.first { $0.name == name }!.format
        let step = format.bytesPerPixel
        stride = width * step + padding
        var random = SplitMix(state: seed)
        var bytes = [UInt8](repeating: 0, count: stride * (height - 1) + width * step)
        var index = 0
        while index < bytes.count {
            bytes[index] = UInt8(truncatingIfNeeded: random.next() >> 24)
            index += 1
        }
        let channels = RandomPicture.channels(name)
        var pixels = [UInt32](repeating: 0, count: width * height)
        var next = 0
        while next < pixels.count {
            let start = next / width * stride + next % width * step
            var value: UInt32 = 0
            for byte in (0..<step).reversed() { value = value << 8 | UInt32(bytes[start + byte]) }
            for channel in channels {
                pixels[next] |=
                    RandomPicture.eight(value >> channel.shift, bits: channel.bits) << channel.place
            }
            next += 1
        }
        self.bytes = bytes
        picture = ScreenPicture(width: width, height: height, pixels: pixels)
    }

    /// As a call of Scanout.
    var scanout: WireMessage {
        WireMessage(
            "Scanout",
            [
                .u(UInt32(picture.width)), .u(UInt32(picture.height)), .u(UInt32(stride)),
                .u(format.rawValue), .ay(bytes),
            ])
    }

    /// As a call of Update at that place.
    func update(x: Int, y: Int) -> WireMessage {
        WireMessage(
            "Update",
            [
                .i(Int32(x)), .i(Int32(y)), .i(Int32(picture.width)), .i(Int32(picture.height)),
                .u(UInt32(stride)), .u(format.rawValue), .ay(bytes),
            ])
    }

    // The colours of a format, by its name, highest bits first (`x2b10g10r10`): where in the pixel, how wide, where in 0x00RRGGBB.
    private static func channels(_ name: String) -> [(shift: UInt32, bits: UInt32, place: UInt32)] {
        var parts: [(letter: Character, bits: UInt32)] = []
        for character in name.prefix(while: { $0 != "_" }) {
            if let digit = character.wholeNumberValue {
                parts[parts.count - 1].bits = parts[parts.count - 1].bits * 10 + UInt32(digit)
            } else {
                parts.append((character, 0))
            }
        }
        var shift: UInt32 = 0
        var result: [(shift: UInt32, bits: UInt32, place: UInt32)] = []
        for (letter, bits) in parts.reversed() {
            if let place: UInt32 = ["r": 16, "g": 8, "b": 0][letter] {
                result.append((shift, bits, place))
            }
            shift += bits
        }
        return result
    }

    // The highest `bits` of a value as eight: cut, or repeated.
    private static func eight(_ value: UInt32, bits: UInt32) -> UInt32 {
        var value = value & (1 << bits - 1)
        var bits = bits
        while bits < 8 {
            value |= value << bits
            bits *= 2
        }
        return value >> (bits - 8) & 0xff
    }
}

/// Sebastiano Vigna's SplitMix64: numbers that look random and are the same in every run.
struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}

extension ScreenPicture {
    /// The same with another put over a place of it.
    func with(_ part: ScreenPicture, x: Int, y: Int) -> ScreenPicture {
        var pixels = pixels
        for row in 0..<part.height {
            let start = (y + row) * width + x
            pixels.replaceSubrange(
                start..<start + part.width,
                with: part.pixels[row * part.width..<(row + 1) * part.width])
        }
        return ScreenPicture(width: width, height: height, pixels: pixels)
    }

    /// Its pixels as bytes of `x8r8g8b8`.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(pixels.count * 4)
        for pixel in pixels {
            bytes += [
                UInt8(pixel & 0xff), UInt8(pixel >> 8 & 0xff), UInt8(pixel >> 16 & 0xff), 0x5a,
            ]
        }
        return bytes
    }
}
