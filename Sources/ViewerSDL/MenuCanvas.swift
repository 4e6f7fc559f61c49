internal import CPangoCairo
internal import GuestDisplay
internal import Viewer

/// A cairo image that a page of the menu is drawn on. Sizes are in pixels.
final class MenuCanvas {
    /// Kinds of text.
    enum Style {
        case title, normal, small
    }

    /// What is drawn in which colour.
    enum Colour {
        case white, dimmed, disabled, line, accent, danger, dangerText

        var channels: (red: Double, green: Double, blue: Double, alpha: Double) {
            switch self {
            case .white: (1, 1, 1, 1)
            case .dimmed: (1, 1, 1, 0.68)
            case .disabled: (1, 1, 1, 0.42)
            case .line: (1, 1, 1, 0.16)
            case .accent: (0.16, 0.42, 0.86, 1)
            case .danger: (0.78, 0.16, 0.16, 1)
            case .dangerText: (1, 0.52, 0.5, 1)
            }
        }
    }

    /// Pixels that a logical pixel has.
    let scale: Int
    private let image: CairoImage
    private var size: Size { image.size }
    private var cairo: OpaquePointer { image.cairo }

    init?(size: Size, scale: Int) {
        guard let image = CairoImage(size: size) else { return nil }
        self.image = image
        self.scale = scale
    }

    /// Fills it all but the corners: nearly opaque, so that it can be read over anything.
    func fillPlate() {
        image.addRoundedRectangle(Rect(size), radius: Double(12 * scale))
        cairo_set_source_rgba(cairo, 0.08, 0.09, 0.11, 0.94)
        cairo_fill(cairo)
    }

    /// Draws nothing nearer to the edges from now on.
    func clip(inset: Int) {
        cairo_rectangle(
            cairo, 0, Double(inset), Double(size.width), Double(size.height - 2 * inset))
        cairo_clip(cairo)
    }

    /// Draws all that much higher from now on.
    func moveUp(by distance: Int) {
        cairo_translate(cairo, 0, -Double(distance))
    }

    /// Fills a rectangle.
    func fill(_ frame: Rect, radius: Int, colour: Colour) {
        image.addRoundedRectangle(frame, radius: Double(radius))
        set(colour)
        cairo_fill(cairo)
    }

    /// The size of a text, wrapped at `width` where given.
    func measure(_ text: String, _ style: Style, width: Int?) -> Size {
        var size = Size.zero
        withLayout(text, style, width: width) { layout in
            var across: Int32 = 0
            var down: Int32 = 0
            pango_layout_get_pixel_size(layout, &across, &down)
            size = Size(width: Int(across) + 1, height: Int(down))
        }
        return size
    }

    /// Draws a text with its top left corner there, wrapped at `width` where given.
    func draw(_ text: String, _ style: Style, x: Int, y: Int, width: Int?, colour: Colour) {
        withLayout(text, style, width: width) { layout in
            set(colour)
            cairo_move_to(cairo, Double(x), Double(y))
            pango_cairo_show_layout(cairo, layout)
        }
    }

    /// Draws a mark in the middle of a rectangle: a tick or its empty box, a dot in its ring.
    func draw(_ mark: MenuEntry.Mark, in frame: Rect, colour: Colour) {
        let unit = Double(scale)
        let (x, y) = (
            Double(frame.x) + Double(frame.width) / 2, Double(frame.y) + Double(frame.height) / 2
        )
        set(colour)
        cairo_set_line_width(cairo, 1.5 * unit)
        cairo_new_path(cairo)
        switch mark {
        case .check(let isOn):
            cairo_rectangle(cairo, x - 6 * unit, y - 6 * unit, 12 * unit, 12 * unit)
            cairo_stroke(cairo)
            guard isOn else { return }
            cairo_set_line_width(cairo, 2 * unit)
            cairo_move_to(cairo, x - 3.5 * unit, y)
            cairo_line_to(cairo, x - 1 * unit, y + 3 * unit)
            cairo_line_to(cairo, x + 4 * unit, y - 3.5 * unit)
            cairo_stroke(cairo)
        case .radio(let isOn):
            cairo_arc(cairo, x, y, 6 * unit, 0, 2 * Double.pi)
            cairo_stroke(cairo)
            guard isOn else { return }
            cairo_arc(cairo, x, y, 3 * unit, 0, 2 * Double.pi)
            cairo_fill(cairo)
        }
    }

    /// What was drawn.
    func content() -> Layer.Content? { image.content() }

    private func set(_ colour: Colour) {
        let channels = colour.channels
        cairo_set_source_rgba(
            cairo, channels.red, channels.green, channels.blue, channels.alpha)
    }

    private func withLayout(
        _ text: String, _ style: Style, width: Int?, _ body: (OpaquePointer) -> Void
    ) {
        guard let layout = pango_cairo_create_layout(cairo) else { return }
        defer { g_object_unref(UnsafeMutableRawPointer(layout)) }
        let (name, points) =
            switch style {
            case .title: ("Sans Bold", 15)
            case .normal: ("Sans", 14)
            case .small: ("Sans", 12)
            }
        let font = pango_font_description_from_string(name)
        defer { pango_font_description_free(font) }
        pango_font_description_set_absolute_size(
            font, Double(points * scale) * Double(PANGO_SCALE))
        pango_layout_set_font_description(layout, font)
        if let width {
            pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR)
            pango_layout_set_width(layout, Int32(clamping: width * Int(PANGO_SCALE)))
        }
        pango_layout_set_text(layout, text, -1)
        body(layout)
    }
}
