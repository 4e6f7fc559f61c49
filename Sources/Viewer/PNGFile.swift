internal import CGdkPixbuf
public import GuestDisplay

/// Pictures as PNG files, 8 bits red, green and blue, by gdk-pixbuf.
public enum PNGFile {
    /// The bytes of a PNG of rows of 0x00RRGGBB pixels; nil only when memory is short.
    public static func encode(_ pixels: [UInt32], size: Size) -> [UInt8]? {
        precondition(pixels.count == size.width * size.height)
        var samples = [UInt8](repeating: 0, count: 3 * pixels.count)
        samples.withUnsafeMutableBufferPointer { samples in
            var index = 0
            for pixel in pixels {
                samples[index] = UInt8(truncatingIfNeeded: pixel >> 16)
                samples[index + 1] = UInt8(truncatingIfNeeded: pixel >> 8)
                samples[index + 2] = UInt8(truncatingIfNeeded: pixel)
                index += 3
            }
        }
        return samples.withUnsafeBufferPointer { samples in
            guard
                let pixbuf = gdk_pixbuf_new_from_data(
                    samples.baseAddress, GDK_COLORSPACE_RGB, 0, 8, Int32(size.width),
                    Int32(size.height), Int32(3 * size.width), nil, nil)
            else { return nil }
            defer { g_object_unref(UnsafeMutableRawPointer(pixbuf)) }
            var data: UnsafeMutablePointer<CChar>?
            var count: gsize = 0
            guard gdk_pixbuf_save_to_bufferv(pixbuf, &data, &count, "png", nil, nil, nil) != 0,
                let data
            else { return nil }
            defer { g_free(data) }
            return Array(UnsafeRawBufferPointer(start: data, count: Int(count)))
        }
    }

    /// Writes a PNG beside `path` and renames it, so that no half picture is left and a failure keeps what was there. Nil, or what
    /// went wrong.
    public static func write(_ pixels: [UInt32], size: Size, to path: String) -> String? {
        guard let bytes = encode(pixels, size: size) else { return "not enough memory for a PNG" }
        var failure: UnsafeMutablePointer<GError>?
        let written = bytes.withUnsafeBytes { buffer in
            g_file_set_contents(
                path, buffer.baseAddress!.assumingMemoryBound(to: CChar.self), buffer.count,
                &failure)
        }
        defer { g_clear_error(&failure) }
        if written != 0 { return nil }
        return failure.map { String(cString: $0.pointee.message) } ?? "cannot write \(path)"
    }
}
