internal import GuestDisplay

/// The plate of statistics: small lines of equally wide letters, below them the means of the stages, and below those their graph.
enum StatisticsPanel {
    // In logical pixels.
    private static let partGap = 8

    /// Draws it; `scale` is the monitor's scale factor (1, 2, …). Nil where a window of that size has no room for any text; the graph is left out
    /// where it has none for that.
    static func content(_ statistics: Statistics, scale: Int, window: Size) -> Layer.Content? {
        let style = TextStyle.panel
        let padding = style.padding * scale
        let outside = 2 * (padding + TextStyle.margin * scale)
        let width = window.width - outside
        guard scale > 0, width > 40, let measuring = Canvas(size: Size(width: 1, height: 1))
        else { return nil }
        let text = measuring.layOut(statistics.text, style, scale: scale, width: width)
        let legend = StageLegend(statistics, scale: scale, width: width, on: measuring)
        let gap = partGap * scale
        var graph = statistics.history.flatMap { StageGraph($0, scale: scale, width: width) }
        let upper = text.height + (legend.size.isEmpty ? 0 : gap + legend.size.height)
        if let drawn = graph, upper + gap + drawn.size.height > window.height - outside {
            graph = nil
        }
        let lower = graph.map { gap + $0.size.height } ?? 0
        let across = max(text.width, legend.size.width, graph?.size.width ?? 0)
        guard
            let canvas = Canvas(
                size: Size(
                    width: across + 2 * padding, height: upper + lower + 2 * padding))
        else { return nil }
        canvas.fillPlate(radius: style.radius * Double(scale))
        canvas.drawText(
            statistics.text, style, scale: scale, width: width, x: padding, y: padding)
        legend.draw(on: canvas, x: padding, y: padding + text.height + gap)
        graph?.draw(on: canvas, x: padding, y: padding + upper + gap)
        return canvas.content()
    }
}

/// The stages that a picture goes through here, each with its color in the graph and how long it takes.
private struct StageLegend {
    // In logical pixels.
    private static let square = 8
    private static let squareGap = 5
    private static let cellGap = 14

    let size: Size

    private let cells: [(stage: Stage, text: String)]
    private let cell: Size
    private let columns: Int
    private let scale: Int

    init(_ statistics: Statistics, scale: Int, width: Int, on measuring: Canvas) {
        // What never comes here needs no place.
        cells = Stage.allCases.filter { statistics.stages[$0].count > 0 }.map {
            ($0, StageLegend.text($0, statistics.recent[$0].mean))
        }
        self.scale = scale
        // As wide for every number, so that nothing moves when one changes.
        let widest = measuring.layOut(
            StageLegend.text(.receive, 0.5), .panel, scale: scale, width: width)
        let around = (StageLegend.square + StageLegend.squareGap + StageLegend.cellGap) * scale
        cell = Size(width: widest.width + around, height: widest.height)
        let gap = StageLegend.cellGap * scale
        columns = min(max((width + gap) / cell.width, 1), 3)
        let rows = (cells.count + columns - 1) / columns
        size =
            cells.isEmpty
            ? .zero
            : Size(width: min(cells.count, columns) * cell.width - gap, height: rows * cell.height)
    }

    func draw(on canvas: Canvas, x: Int, y: Int) {
        let side = StageLegend.square * scale
        for (index, (stage, text)) in cells.enumerated() {
            let left = x + index % columns * cell.width
            let top = y + index / columns * cell.height
            canvas.fill(
                Rect(x: left, y: top + (cell.height - side) / 2, width: side, height: side),
                color: StageGraph.color(of: stage))
            canvas.drawText(
                text, .panel, scale: scale, width: cell.width,
                x: left + side + StageLegend.squareGap * scale, y: top)
        }
    }

    // Three digits.
    private static func text(_ stage: Stage, _ milliseconds: Double?) -> String {
        guard let milliseconds else { return "\(stage.rawValue) –" }
        let places = milliseconds < 9.995 ? 2 : milliseconds < 99.95 ? 1 : 0
        return "\(stage.rawValue) \(Statistics.decimal(milliseconds, places: places)) ms"
    }
}
