internal import CPangoCairo
public import GuestDisplay

/// Draws texts as layers, with Pango: white on a dark plate.
public enum TextLayer {
    /// The plate of a notice: centred lines. `scale` is the monitor's scale factor (1, 2, …); `maximumWidth` in pixels wraps the text. Nil where
    /// there is no room for any.
    public static func plate(_ text: String, scale: Int, maximumWidth: Int) -> Layer.Content? {
        content(text, .notice, scale: scale, maximumWidth: maximumWidth)
    }

    /// The plate of statistics: small lines of equally wide letters, otherwise as ``plate(_:scale:maximumWidth:)``.
    public static func panel(_ text: String, scale: Int, maximumWidth: Int) -> Layer.Content? {
        content(text, .panel, scale: scale, maximumWidth: maximumWidth)
    }

    /// A plate in the middle of a window.
    public static func centred(_ content: Layer.Content, in window: Size) -> Layer {
        Layer(
            content: content,
            frame: Rect(
                x: (window.width - content.size.width) / 2,
                y: (window.height - content.size.height) / 2,
                width: content.size.width, height: content.size.height))
    }

    /// A plate in the top left corner, a little off the edges.
    public static func topLeft(_ content: Layer.Content, scale: Int) -> Layer {
        Layer(
            content: content,
            frame: Rect(
                x: TextStyle.margin * scale, y: TextStyle.margin * scale,
                width: content.size.width, height: content.size.height))
    }

    private static func content(
        _ text: String, _ style: TextStyle, scale: Int, maximumWidth: Int
    ) -> Layer.Content? {
        let padding = style.padding * scale
        let available = maximumWidth - 2 * (padding + style.distance * scale)
        guard scale > 0, available > 40 else { return nil }
        guard let measuring = Canvas(size: Size(width: 1, height: 1)) else { return nil }
        let size = measuring.layOut(text, style, scale: scale, width: available)
        let plate = Size(width: size.width + 2 * padding, height: size.height + 2 * padding)
        guard let canvas = Canvas(size: plate) else { return nil }
        canvas.fillPlate(radius: style.radius * Double(scale))
        canvas.drawText(text, style, scale: scale, width: available, x: padding, y: padding)
        return canvas.content()
    }
}

/// How a text looks; lengths in logical pixels.
private struct TextStyle {
    /// Between statistics and the window's edges.
    static let margin = 8

    let font: String
    let size: Int
    let alignment: PangoAlignment
    /// Between the text and the plate's edge.
    let padding: Int
    /// Between the plate and the window's edge, at least.
    let distance: Int
    let radius: Double

    static let notice = TextStyle(
        font: "Sans", size: 15, alignment: PANGO_ALIGN_CENTER, padding: 18, distance: 0, radius: 10)
    static let panel = TextStyle(
        font: "Monospace", size: 11, alignment: PANGO_ALIGN_LEFT, padding: 8, distance: margin,
        radius: 4)
}

/// A cairo image and what is drawn on it.
private final class Canvas {
    private let size: Size
    private let surface: OpaquePointer
    private let cairo: OpaquePointer

    init?(size: Size) {
        guard
            let surface = cairo_image_surface_create(
                CAIRO_FORMAT_ARGB32, Int32(clamping: size.width), Int32(clamping: size.height))
        else { return nil }
        guard cairo_surface_status(surface) == CAIRO_STATUS_SUCCESS,
            let cairo = cairo_create(surface)
        else {
            cairo_surface_destroy(surface)
            return nil
        }
        self.size = size
        self.surface = surface
        self.cairo = cairo
    }

    deinit {
        cairo_destroy(cairo)
        cairo_surface_destroy(surface)
    }

    private func withLayout(
        _ text: String, _ style: TextStyle, scale: Int, width: Int,
        _ body: (OpaquePointer) -> Void
    ) {
        guard let layout = pango_cairo_create_layout(cairo) else { return }
        defer { g_object_unref(UnsafeMutableRawPointer(layout)) }
        let font = pango_font_description_from_string(style.font)
        defer { pango_font_description_free(font) }
        pango_font_description_set_absolute_size(
            font, Double(style.size * scale) * Double(PANGO_SCALE))
        pango_layout_set_font_description(layout, font)
        pango_layout_set_alignment(layout, style.alignment)
        pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR)
        pango_layout_set_width(layout, Int32(clamping: width * Int(PANGO_SCALE)))
        pango_layout_set_text(layout, text, -1)
        // A layout as wide as its longest line, so that the plate fits the text.
        var used = PangoRectangle()
        pango_layout_get_pixel_extents(layout, nil, &used)
        pango_layout_set_width(layout, min(used.width + 2, Int32(clamping: width)) * PANGO_SCALE)
        body(layout)
    }

    func layOut(_ text: String, _ style: TextStyle, scale: Int, width: Int) -> Size {
        var size = Size.zero
        withLayout(text, style, scale: scale, width: width) { layout in
            var across: Int32 = 0
            var down: Int32 = 0
            pango_layout_get_pixel_size(layout, &across, &down)
            size = Size(width: Int(across) + 2, height: Int(down))
        }
        return size
    }

    func fillPlate(radius: Double) {
        let (width, height) = (Double(size.width), Double(size.height))
        let turn = Double.pi / 2
        cairo_new_path(cairo)
        cairo_arc(cairo, width - radius, radius, radius, -turn, 0)
        cairo_arc(cairo, width - radius, height - radius, radius, 0, turn)
        cairo_arc(cairo, radius, height - radius, radius, turn, 2 * turn)
        cairo_arc(cairo, radius, radius, radius, 2 * turn, 3 * turn)
        cairo_close_path(cairo)
        cairo_set_source_rgba(cairo, 0.08, 0.09, 0.11, 0.86)
        cairo_fill(cairo)
    }

    func drawText(_ text: String, _ style: TextStyle, scale: Int, width: Int, x: Int, y: Int) {
        withLayout(text, style, scale: scale, width: width) { layout in
            cairo_set_source_rgb(cairo, 1, 1, 1)
            cairo_move_to(cairo, Double(x), Double(y))
            pango_cairo_show_layout(cairo, layout)
        }
    }

    func content() -> Layer.Content? {
        cairo_surface_flush(surface)
        guard let data = cairo_image_surface_get_data(surface) else { return nil }
        let stride = Int(cairo_image_surface_get_stride(surface))
        var pixels: [UInt32] = []
        pixels.reserveCapacity(size.width * size.height)
        for row in 0..<size.height {
            let start = UnsafeRawPointer(data + row * stride)
            for column in 0..<size.width {
                pixels.append(start.load(fromByteOffset: column * 4, as: UInt32.self))
            }
        }
        return Layer.Content(size: size, pixels: pixels)
    }
}
