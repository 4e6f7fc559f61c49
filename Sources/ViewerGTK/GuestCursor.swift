internal import CGTK
internal import GuestDisplay

/// The window's cursors: the guest's shape, none, a dot where the guest may draw its own, or the host's arrow.
@MainActor
enum GuestCursor {
    /// Sets a widget's cursor; nil is the host's.
    static func set(_ cursor: OpaquePointer?, on widget: UnsafeMutablePointer<GtkWidget>) {
        if let window = gtk_widget_get_window(widget) { gdk_window_set_cursor(window, cursor) }
        if let cursor { g_object_unref(Object(cursor)) }
    }

    /// No cursor.
    static func blank(_ display: OpaquePointer) -> OpaquePointer? {
        gdk_cursor_new_for_display(display, GDK_BLANK_CURSOR)
    }

    /// A small dot: shows where the pointer is without standing beside the guest's own.
    static func dot(_ display: OpaquePointer, scale: Int) -> OpaquePointer? {
        let ring: UInt32 = 0xc0ff_ffff
        let core: UInt32 = 0xff00_0000
        let pixels = (0..<25).map { index -> UInt32 in
            let (x, y) = (index % 5 - 2, index / 5 - 2)
            let distance = x * x + y * y
            return distance <= 2 ? core : distance <= 5 ? ring : 0
        }
        guard
            let cursor = try? GuestDisplay.Cursor(
                width: 5, height: 5, hotSpotX: 2, hotSpotY: 2, pixels: pixels)
        else { return nil }
        return shape(cursor, display, scale: scale)
    }

    /// The guest's shape, one guest pixel a monitor pixel, with its hot-spot.
    static func shape(
        _ cursor: GuestDisplay.Cursor, _ display: OpaquePointer, scale: Int
    ) -> OpaquePointer? {
        let surface = cairo_image_surface_create(
            CAIRO_FORMAT_ARGB32, Int32(cursor.size.width), Int32(cursor.size.height))
        defer { cairo_surface_destroy(surface) }
        guard let data = cairo_image_surface_get_data(surface) else { return nil }
        let stride = Int(cairo_image_surface_get_stride(surface))
        for row in 0..<cursor.size.height {
            let line = UnsafeMutableRawPointer(data + row * stride)
            for column in 0..<cursor.size.width {
                line.storeBytes(
                    of: cursor.pixels[row * cursor.size.width + column],
                    toByteOffset: column * 4, as: UInt32.self)
            }
        }
        cairo_surface_mark_dirty(surface)
        cairo_surface_set_device_scale(surface, Double(scale), Double(scale))
        return gdk_cursor_new_from_surface(
            display, surface, Double(cursor.hotSpotX) / Double(scale),
            Double(cursor.hotSpotY) / Double(scale))
    }
}
