public import GuestDisplay

/// Packs a picture as a GPU's buffer holds it, row after row: the reference that an import is compared with.
public struct PixelPacking: Hashable, Sendable {
    /// The format, one of one plane.
    public let fourcc: FourCC
    /// Size of the picture in pixels.
    public let size: Size
    /// Bytes from the buffer's start to the first row.
    public let offset: Int
    /// Bytes from one row to the next.
    public let stride: Int
    /// What lies between and around the rows, and in alpha and unused bits, to show up where it is read.
    public let filler: UInt8

    /// Describes a buffer. Without a stride there is nothing between rows.
    public init(
        _ fourcc: FourCC, _ size: Size, offset: Int = 0, stride: Int? = nil, filler: UInt8 = 0xa5
    ) {
        let bytes = PixelPacking.bytesPerPixel(fourcc)
        precondition(bytes > 0, "no format of one plane: \(fourcc)")
        precondition(stride ?? .max >= size.width * bytes, "stride")
        self.fourcc = fourcc
        self.size = size
        self.offset = offset
        self.stride = stride ?? size.width * bytes
        self.filler = filler
    }

    /// How long a buffer must be: its last row needs no padding.
    public var byteCount: Int {
        offset + stride * (size.height - 1) + size.width * PixelPacking.bytesPerPixel(fourcc)
    }

    /// The buffer's bytes for `size.width` × `size.height` pixels of 0x00RRGGBB, row-major.
    public func pack(_ pixels: [UInt32]) -> [UInt8] {
        precondition(pixels.count == size.width * size.height, "\(pixels.count) pixels")
        var bytes = [UInt8](repeating: filler, count: byteCount)
        let pixelBytes = PixelPacking.bytesPerPixel(fourcc)
        for row in 0..<size.height {
            var place = offset + row * stride
            for pixel in pixels[(row * size.width)..<((row + 1) * size.width)] {
                let value = pack(pixel)
                for byte in 0..<pixelBytes {
                    bytes[place + byte] = UInt8(truncatingIfNeeded: value >> (8 * byte))
                }
                place += pixelBytes
            }
        }
        return bytes
    }

    /// How many pixels of a picture that was read (0x00RRGGBB) are not those that were packed. Drivers spread the five or six bits of a channel
    /// over eight by rounding or by repeating bits: there they may differ by one.
    public func mismatches(in read: [UInt32], of pixels: [UInt32]) -> Int {
        guard read.count == pixels.count else { return max(read.count, pixels.count) }
        guard fourcc == FourCC("RG16") else { return zip(read, pixels).count { $0 != $1 } }
        return zip(read, pixels).count { read, pixel in
            [(16, 5), (8, 6), (0, 5)].contains { (shift: UInt32, bits: UInt32) in
                let most = (1 << bits) as UInt32 - 1
                let kept = (pixel >> shift & 0xff) >> (8 - bits)
                let wanted = Int((kept * 255 + most / 2) / most)
                return abs(Int(read >> shift & 0xff) - wanted) > 1
            }
        }
    }

    private static func bytesPerPixel(_ fourcc: FourCC) -> Int {
        switch fourcc {
        case FourCC("XR24"), FourCC("AR24"), FourCC("XB24"), FourCC("AB24"), FourCC("XR30"),
            FourCC("AR30"):
            4
        case FourCC("RG16"): 2
        default: 0
        }
    }

    // drm_fourcc.h: the name has the channels from the highest bits of a little-endian word.
    private func pack(_ pixel: UInt32) -> UInt32 {
        let (red, green, blue) = (pixel >> 16 & 0xff, pixel >> 8 & 0xff, pixel & 0xff)
        let high = UInt32(filler) << 24
        switch fourcc {
        case FourCC("XR24"), FourCC("AR24"): return high | red << 16 | green << 8 | blue
        case FourCC("XB24"), FourCC("AB24"): return high | blue << 16 | green << 8 | red
        case FourCC("RG16"): return (red >> 3) << 11 | (green >> 2) << 5 | blue >> 3
        default:
            // Ten bits that come back as the same eight: 255 becomes 1023.
            let ten = [red, green, blue].map { ($0 * 1023 + 127) / 255 }
            return high & 0xc000_0000 | ten[0] << 20 | ten[1] << 10 | ten[2]
        }
    }
}
