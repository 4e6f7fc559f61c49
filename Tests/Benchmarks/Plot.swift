import CCairo
import DisplayTesting

/// Bars of the medians, a panel a metric, with a line from the lowest to the highest round.
struct Plot {
    private struct Panel {
        let title: String
        let metric: Results.Metric
    }

    private static let panels = [
        Panel(title: "Full screen changes: frames/s", metric: .fullRate),
        Panel(title: "A small block changes: frames/s", metric: .smallRate),
        Panel(title: "Key to picture: ms", metric: .key),
        Panel(title: "Viewer's CPU: ms a full frame", metric: .fullCPU),
        Panel(title: "Viewer's CPU: ms a small frame", metric: .smallCPU),
        Panel(title: "First picture when attaching: ms", metric: .firstPicture),
    ]
    private static let size = (width: 1200.0, height: 640.0)
    private static let columns = 3

    private let results: Results

    init(_ results: Results) {
        self.results = results
    }

    /// Writes it as PNG.
    func write(to path: String) throws {
        let surface = cairo_image_surface_create(
            CAIRO_FORMAT_RGB24, Int32(Plot.size.width), Int32(Plot.size.height))
        defer { cairo_surface_destroy(surface) }
        let context = cairo_create(surface)!
        defer { cairo_destroy(context) }
        cairo_set_source_rgb(context, 1, 1, 1)
        cairo_paint(context)
        cairo_select_font_face(
            context, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL)
        let cell = (width: Plot.size.width / Double(Plot.columns), height: 300.0)
        for (index, panel) in Plot.panels.enumerated() {
            draw(
                panel, context, x: Double(index % Plot.columns) * cell.width,
                y: Double(index / Plot.columns) * cell.height, width: cell.width)
        }
        text(
            "\(results.date), \(results.machine), \(results.qemu)", context, x: 20, y: 624, size: 12
        )
        guard cairo_surface_write_to_png(surface, path) == CAIRO_STATUS_SUCCESS else {
            throw HarnessError("cannot write \(path)")
        }
    }

    private func draw(
        _ panel: Panel, _ context: OpaquePointer, x: Double, y: Double, width: Double
    ) {
        text(panel.title, context, x: x + 20, y: y + 34, size: 15)
        let bars = results.contenders.compactMap { contender in
            Spread(results.values(panel.metric, contender)).map { (contender, $0) }
        }
        let most = bars.map(\.1.highest).max() ?? 0
        guard most > 0 else { return }
        let (left, room) = (x + 140, width - 210)
        for (index, (contender, spread)) in bars.enumerated() {
            let top = y + 52 + Double(index) * 38
            text(contender.rawValue, context, x: x + 20, y: top + 18, size: 13)
            let colour = contender.isOurs ? (0.16, 0.42, 0.75) : (0.66, 0.68, 0.71)
            cairo_set_source_rgb(context, colour.0, colour.1, colour.2)
            cairo_rectangle(context, left, top, spread.median / most * room, 26)
            cairo_fill(context)
            cairo_set_source_rgb(context, 0.1, 0.1, 0.1)
            cairo_set_line_width(context, 1.5)
            cairo_move_to(context, left + spread.lowest / most * room, top + 13)
            cairo_line_to(context, left + spread.highest / most * room, top + 13)
            cairo_stroke(context)
            text(
                decimal(spread.median, panel.metric.places), context,
                x: left + spread.highest / most * room + 6, y: top + 18, size: 13)
        }
    }

    private func text(
        _ text: String, _ context: OpaquePointer, x: Double, y: Double, size: Double
    ) {
        cairo_set_source_rgb(context, 0.1, 0.1, 0.1)
        cairo_set_font_size(context, size)
        cairo_move_to(context, x, y)
        cairo_show_text(context, text)
    }
}
