/// Turns the bytes of CursorDefine into premultiplied pixels.
///
/// QEMU hands on what the guest's adapter was given (ui/dbus-listener.c, `dbus_cursor_define`; `virtio_gpu_update_cursor_data` copies the guest's
/// resource as it is), so whether colours are multiplied by alpha is the guest's choice, and the protocol does not tell ("must be ARGB, 32-bit per
/// pixel"). Linux guests multiply: a KMS cursor plane is premultiplied (drm_plane_create_blend_mode_property, its default), and so are X11's and
/// Wayland's cursors. QEMU's own shapes and two-colour shapes (`cursor_set_mono`) have alpha 0 with black, or 255, where both are
/// the same. A guest with straight colours gives itself away by a colour above its alpha, which premultiplied pixels cannot have.
enum CursorPixels {
    /// The pixels, each a number in this machine's order, which is QEMU's: it runs here. `bytes` holds whole pixels.
    static func premultiplied(_ bytes: UnsafeRawBufferPointer) -> [UInt32] {
        var pixels = [UInt32](repeating: 0, count: bytes.count / 4)
        pixels.withUnsafeMutableBytes {
            $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<$0.count]))
        }
        let isStraight = pixels.contains { pixel in
            let alpha = pixel >> 24
            return pixel >> 16 & 0xff > alpha || pixel >> 8 & 0xff > alpha || pixel & 0xff > alpha
        }
        return isStraight ? pixels.map(premultiply) : pixels
    }

    private static func premultiply(_ pixel: UInt32) -> UInt32 {
        let alpha = pixel >> 24
        func scaled(_ shift: UInt32) -> UInt32 {
            (((pixel >> shift & 0xff) * alpha + 127) / 255) << shift
        }
        return alpha << 24 | scaled(16) | scaled(8) | scaled(0)
    }
}
