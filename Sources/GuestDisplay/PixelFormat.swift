/// How a pixel lies in memory: a pixman format code (pixman.h, `PIXMAN_FORMAT`), as QEMU's display protocols send it.
///
/// Bits per pixel in the top byte, then the order of the channels, then the bits of alpha, red, green and blue.
public struct PixelFormat: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The pixman code.
    public let rawValue: UInt32

    /// Any code; ``isSupported`` says whether this program reads it.
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// `PIXMAN_x8r8g8b8`: bytes B, G, R, X. The format of every backing picture.
    public static let x8r8g8b8 = PixelFormat(rawValue: 0x2002_0888)
    /// `PIXMAN_a8r8g8b8`: bytes B, G, R, A.
    public static let a8r8g8b8 = PixelFormat(rawValue: 0x2002_8888)
    /// `PIXMAN_r5g6b5`.
    public static let r5g6b5 = PixelFormat(rawValue: 0x1002_0565)
    /// `PIXMAN_x1r5g5b5`.
    public static let x1r5g5b5 = PixelFormat(rawValue: 0x1002_0555)
    /// `PIXMAN_r8g8b8`: bytes B, G, R.
    public static let r8g8b8 = PixelFormat(rawValue: 0x1802_0888)
    /// `PIXMAN_b8g8r8`: bytes R, G, B.
    public static let b8g8r8 = PixelFormat(rawValue: 0x1803_0888)

    /// Every 32-, 24- and 16-bit format of pixman 0.42 with colour channels, by pixman's own name.
    public static let named: [(name: String, format: PixelFormat)] = [
        ("a8r8g8b8", 0x2002_8888), ("x8r8g8b8", 0x2002_0888), ("a8b8g8r8", 0x2003_8888),
        ("x8b8g8r8", 0x2003_0888), ("b8g8r8a8", 0x2008_8888), ("b8g8r8x8", 0x2008_0888),
        ("r8g8b8a8", 0x2009_8888), ("r8g8b8x8", 0x2009_0888), ("x14r6g6b6", 0x2002_0666),
        ("x2r10g10b10", 0x2002_0aaa), ("a2r10g10b10", 0x2002_2aaa), ("x2b10g10r10", 0x2003_0aaa),
        ("a2b10g10r10", 0x2003_2aaa), ("a8r8g8b8_sRGB", 0x200a_8888), ("r8g8b8", 0x1802_0888),
        ("b8g8r8", 0x1803_0888), ("r5g6b5", 0x1002_0565), ("b5g6r5", 0x1003_0565),
        ("a1r5g5b5", 0x1002_1555), ("x1r5g5b5", 0x1002_0555), ("a1b5g5r5", 0x1003_1555),
        ("x1b5g5r5", 0x1003_0555), ("a4r4g4b4", 0x1002_4444), ("x4r4g4b4", 0x1002_0444),
        ("a4b4g4r4", 0x1003_4444), ("x4b4g4r4", 0x1003_0444),
    ].map { ($0.0, PixelFormat(rawValue: $0.1)) }

    /// Whether this program reads it: one of ``named``.
    public var isSupported: Bool { PixelFormat.named.contains { $0.format == self } }

    /// Bits of a pixel: 32, 24 or 16 for a supported format.
    public var bitsPerPixel: Int { Int(rawValue >> 24) }

    /// Bytes of a pixel.
    public var bytesPerPixel: Int { bitsPerPixel / 8 }

    /// Pixman's name, or the code in hexadecimal.
    public var description: String {
        PixelFormat.named.first { $0.format == self }?.name ?? "0x" + String(rawValue, radix: 16)
    }

    /// Where a colour channel lies in a pixel read as a little-endian number.
    public struct Channel: Hashable, Sendable {
        /// The lowest bit.
        public let shift: Int
        /// How many bits; 0 to 10.
        public let bits: Int
    }

    /// Red, green and blue (pixman.h: `PIXMAN_TYPE_ARGB` 2, `ABGR` 3, `BGRA` 8, `RGBA` 9, `ARGB_SRGB` 10).
    public var channels: (red: Channel, green: Channel, blue: Channel) {
        let (r, g, b) = (
            Int(rawValue >> 8 & 0xf), Int(rawValue >> 4 & 0xf), Int(rawValue & 0xf)
        )
        switch rawValue >> 16 & 0x3f {
        case 3:
            return (
                Channel(shift: 0, bits: r), Channel(shift: r, bits: g),
                Channel(shift: r + g, bits: b)
            )
        case 8:
            let top = bitsPerPixel
            return (
                Channel(shift: top - b - g - r, bits: r), Channel(shift: top - b - g, bits: g),
                Channel(shift: top - b, bits: b)
            )
        case 9:
            let top = bitsPerPixel
            return (
                Channel(shift: top - r, bits: r), Channel(shift: top - r - g, bits: g),
                Channel(shift: top - r - g - b, bits: b)
            )
        default:
            return (
                Channel(shift: g + b, bits: r), Channel(shift: b, bits: g),
                Channel(shift: 0, bits: b)
            )
        }
    }
}
