internal import CGdkPixbuf
// GLib's types are of the module that the compiler sees first.
internal import CPangoCairo
public import GuestDisplay

/// Pictures as PNG, written by gdk-pixbuf: RGB, 8 bits a channel, nothing else in them.
public enum PNG {
    /// Runs `body` with the PNG of rows of 0x00RRGGBB, of which there must be `width × height`. Throws gdk-pixbuf's own words.
    public static func withEncoded(
        _ pixels: [UInt32], size: Size,
        _ body: (UnsafeRawBufferPointer) throws(DisplayError) -> Void
    ) throws(DisplayError) {
        precondition(pixels.count == size.width * size.height)
        guard
            let pixbuf = gdk_pixbuf_new(
                GDK_COLORSPACE_RGB, 0, 8, CInt(size.width), CInt(size.height))
        else { throw DisplayError("no memory for a picture of \(size)") }
        defer { g_object_unref(UnsafeMutableRawPointer(pixbuf)) }
        let stride = Int(gdk_pixbuf_get_rowstride(pixbuf))
        let rows = gdk_pixbuf_get_pixels(pixbuf)!
        for y in 0..<size.height {
            var byte = rows + y * stride
            for pixel in pixels[(y * size.width)..<((y + 1) * size.width)] {
                byte[0] = UInt8(truncatingIfNeeded: pixel >> 16)
                byte[1] = UInt8(truncatingIfNeeded: pixel >> 8)
                byte[2] = UInt8(truncatingIfNeeded: pixel)
                byte += 3
            }
        }
        var bytes: UnsafeMutablePointer<gchar>?
        var count: gsize = 0
        var error: UnsafeMutablePointer<GError>?
        guard gdk_pixbuf_save_to_bufferv(pixbuf, &bytes, &count, "png", nil, nil, &error) != 0
        else {
            defer { g_clear_error(&error) }
            let words = error.map { String(cString: $0.pointee.message) } ?? "unknown"
            throw DisplayError("cannot make a PNG: \(words)")
        }
        defer { g_free(bytes) }
        try body(UnsafeRawBufferPointer(start: bytes, count: Int(count)))
    }
}
