internal import CGTK
internal import GuestDisplay
internal import Viewer

/// The pointer's shapes as GDK cursors.
@MainActor
enum GuestCursor {
    /// Sets a widget's cursor.
    static func set(_ cursor: WindowCursor, on widget: UnsafeMutablePointer<GtkWidget>) {
        guard let window = gtk_widget_get_window(widget) else { return }
        let display = gtk_widget_get_display(widget)!
        let scale = Int(gtk_widget_get_scale_factor(widget))
        let made =
            switch cursor {
            case .standard: OpaquePointer?.none
            case .blank: blank(display)
            case .dot: shape(.dot, display, scale: scale)
            case .shape(let cursor): shape(cursor, display, scale: scale)
            }
        gdk_window_set_cursor(window, made)
        if let made { g_object_unref(Object(made)) }
    }

    /// No cursor.
    static func blank(_ display: OpaquePointer) -> OpaquePointer? {
        gdk_cursor_new_for_display(display, GDK_BLANK_CURSOR)
    }

    /// The guest's shape, one guest pixel a monitor pixel, with its hot-spot.
    private static func shape(
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
