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

/// What texts and graphs are drawn on, with cairo and Pango. Sizes and places are in its pixels; `scale` of them are a logical one.
final class Canvas {
    private let image: CairoImage
    private var cairo: OpaquePointer { image.cairo }

    init?(size: Size) {
        guard let image = CairoImage(size: size) else { return nil }
        self.image = image
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
        image.addRoundedRectangle(Rect(image.size), radius: radius)
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
    func content() -> Layer.Content? { image.content() }
}
