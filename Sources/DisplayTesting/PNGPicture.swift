internal import CGdkPixbuf

/// The pixels of a PNG file, to compare a picture with what a program or QEMU's `screendump` wrote.
public struct PNGPicture: Sendable {
    /// The width in pixels.
    public let width: Int
    /// The height in pixels.
    public let height: Int
    /// Row-major, 0x00RRGGBB.
    public let pixels: [UInt32]

    /// Reads a file; nil when it is no whole PNG of 8 bits a channel.
    public init?(path: String) {
        guard let pixbuf = gdk_pixbuf_new_from_file(path, nil) else { return nil }
        defer { g_object_unref(UnsafeMutableRawPointer(pixbuf)) }
        guard gdk_pixbuf_get_bits_per_sample(pixbuf) == 8, let bytes = gdk_pixbuf_get_pixels(pixbuf)
        else { return nil }
        let (width, height) = (
            Int(gdk_pixbuf_get_width(pixbuf)), Int(gdk_pixbuf_get_height(pixbuf))
        )
        let stride = Int(gdk_pixbuf_get_rowstride(pixbuf))
        let channels = Int(gdk_pixbuf_get_n_channels(pixbuf))
        self.width = width
        self.height = height
        pixels = [UInt32](unsafeUninitializedCapacity: width * height) { pixels, count in
            var next = 0
            var row = 0
            while row < height {
                var sample = bytes + row * stride
                var column = 0
                while column < width {
                    pixels[next] =
                        UInt32(sample[0]) << 16 | UInt32(sample[1]) << 8 | UInt32(sample[2])
                    next += 1
                    sample += channels
                    column += 1
                }
                row += 1
            }
            count = next
        }
    }
}
