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
    private let size: Size
    private let surface: OpaquePointer
    private let cairo: OpaquePointer

    init?(size: Size, scale: Int) {
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
        self.scale = scale
        self.surface = surface
        self.cairo = cairo
    }

    deinit {
        cairo_destroy(cairo)
        cairo_surface_destroy(surface)
    }

    /// Fills it all but the corners: nearly opaque, so that it can be read over anything.
    func fillPlate() {
        roundedRectangle(Rect(size), radius: 12 * scale)
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
        roundedRectangle(frame, radius: radius)
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

    private func set(_ colour: Colour) {
        let channels = colour.channels
        cairo_set_source_rgba(
            cairo, channels.red, channels.green, channels.blue, channels.alpha)
    }

    private func roundedRectangle(_ frame: Rect, radius: Int) {
        let radius = Double(radius)
        let (left, top) = (Double(frame.x), Double(frame.y))
        let (right, bottom) = (Double(frame.maxX), Double(frame.maxY))
        let turn = Double.pi / 2
        cairo_new_path(cairo)
        cairo_arc(cairo, right - radius, top + radius, radius, -turn, 0)
        cairo_arc(cairo, right - radius, bottom - radius, radius, 0, turn)
        cairo_arc(cairo, left + radius, bottom - radius, radius, turn, 2 * turn)
        cairo_arc(cairo, left + radius, top + radius, radius, 2 * turn, 3 * turn)
        cairo_close_path(cairo)
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
