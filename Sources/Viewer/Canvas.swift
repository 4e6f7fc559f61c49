internal import CPangoCairo
internal import GuestDisplay

/// How a text looks; lengths in logical pixels.
struct TextStyle {
    /// Between statistics and the window's edges.
    static let margin = 8

    let font: String
    let size: Int
    let alignment: PangoAlignment
    /// Between the text and the plate's edge.
    let padding: Int
    let radius: Double

    static let notice = TextStyle(
        font: "Sans", size: 15, alignment: PANGO_ALIGN_CENTER, padding: 18, radius: 10)
    static let panel = TextStyle(
        font: "Monospace", size: 11, alignment: PANGO_ALIGN_LEFT, padding: 8, radius: 4)
    /// Beside a graph on a panel.
    static let label = TextStyle(
        font: "Monospace", size: 9, alignment: PANGO_ALIGN_LEFT, padding: 0, radius: 0)
}

/// A cairo image, and what is drawn on it with cairo and Pango. Sizes and places are in its pixels; `scale` of them are a logical one.
final class Canvas {
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

    /// How large a text is that is `width` wide at most.
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

    /// Fills all of it but its corners, dark.
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

    /// Fills a rectangle, its edges sharp; `color` is 0xRRGGBB.
    func fill(_ rect: Rect, color: UInt32, opacity: Double = 1) {
        let part = { (shift: UInt32) in Double(color >> shift & 0xff) / 255 }
        cairo_set_antialias(cairo, CAIRO_ANTIALIAS_NONE)
        cairo_set_source_rgba(cairo, part(16), part(8), part(0), opacity)
        cairo_rectangle(
            cairo, Double(rect.x), Double(rect.y), Double(rect.width), Double(rect.height))
        cairo_fill(cairo)
        cairo_set_antialias(cairo, CAIRO_ANTIALIAS_DEFAULT)
    }

    func drawText(
        _ text: String, _ style: TextStyle, scale: Int, width: Int, x: Int, y: Int,
        opacity: Double = 1
    ) {
        withLayout(text, style, scale: scale, width: width) { layout in
            cairo_set_source_rgba(cairo, 1, 1, 1, opacity)
            cairo_move_to(cairo, Double(x), Double(y))
            pango_cairo_show_layout(cairo, layout)
        }
    }

    /// What was drawn so far.
    func content() -> Layer.Content? {
        cairo_surface_flush(surface)
        guard let data = cairo_image_surface_get_data(surface) else { return nil }
        let stride = Int(cairo_image_surface_get_stride(surface))
        let row = size.width * 4
        let pixels = [UInt32](unsafeUninitializedCapacity: size.width * size.height) {
            let target = UnsafeMutableRawBufferPointer($0)
            for line in 0..<size.height {
                target.baseAddress!.advanced(by: line * row)
                    .copyMemory(from: data + line * stride, byteCount: row)
            }
            $1 = size.width * size.height
        }
        return Layer.Content(size: size, pixels: pixels)
    }
}
