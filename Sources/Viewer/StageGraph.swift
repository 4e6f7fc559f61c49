internal import GuestDisplay

/// How long a picture took on its way, as columns that move to the left: the means of each ``Stage``, one on top of the other, so that a column's height is
/// the whole way. ``Stage/release`` goes beside them, from the arrival of an update on, and so is a mark at its own height.
struct StageGraph {
    /// How many columns there are at most.
    static let columns = 60
    /// What one of them tells of, in milliseconds.
    static let interval = 250
    /// What may be at the upper edge, in milliseconds: all but the highest twentieth of the columns are below, or it is the last. What is longer is cut.
    static let limits: [Double] = [5, 10, 20, 50, 100]
    /// One refresh at 60 Hz, in milliseconds, where a line is.
    static let refresh = 1000.0 / 60

    // In logical pixels.
    private static let columnWidth = 5
    private static let columnGap = 1
    private static let height = 64
    private static let labelGap = 4

    /// Of all its samples, how long they took in their intervals; the newest last.
    let samples: ArraySlice<StageTimes>
    /// Pixels that a logical one has.
    let scale: Int
    /// Where the columns are.
    let plot: Rect
    /// All of it, labels included.
    let size: Size
    /// What is at the upper edge, in milliseconds.
    let limit: Double

    private let labelHeight: Int

    /// The newest of `samples`; nil where `width` pixels hold too few to be of use.
    init?(_ samples: [StageTimes], scale: Int, width: Int) {
        guard let measuring = Canvas(size: Size(width: 1, height: 1)) else { return nil }
        let label = { (text: String) in
            measuring.layOut(text, .label, scale: scale, width: width)
        }
        let left = label(StageGraph.text(StageGraph.limits.last!)).width
        let right = label(StageGraph.text(StageGraph.refresh)).width
        let gap = StageGraph.labelGap * scale
        let column = StageGraph.columnWidth * scale
        let count = min(StageGraph.columns, (width - left - right - 2 * gap) / column)
        guard count >= 10 else { return nil }
        self.samples = samples.suffix(count)
        self.scale = scale
        labelHeight = label("0").height
        plot = Rect(
            x: left + gap, y: labelHeight / 2, width: count * column,
            height: StageGraph.height * scale)
        size = Size(
            width: plot.maxX + gap + right, height: plot.maxY + labelHeight + labelHeight / 2)
        // One picture that took long does not make all others small.
        let ways = self.samples.map(\.way).sorted()
        let highest = ways.dropLast(ways.count / 20).last ?? 0
        limit = StageGraph.limits.first { $0 >= highest } ?? StageGraph.limits.last!
    }

    /// A stage's color, 0xRRGGBB: told apart also by those who see few colors (Okabe and Ito's), what only waits is grey.
    static func color(of stage: Stage) -> UInt32 {
        switch stage {
        case .receive: 0x56b4e9
        case .ingest: 0x009e73
        case .wait: 0x7c8491
        case .draw: 0xe69f00
        case .swap: 0xd55e00
        case .release: 0xf0a0d0
        }
    }

    /// What is filled for the samples, within ``plot``.
    var bars: [(stage: Stage, rect: Rect)] {
        var bars: [(stage: Stage, rect: Rect)] = []
        let column = StageGraph.columnWidth * scale
        for (place, sample) in samples.reversed().enumerated() {
            let x = plot.maxX - (place + 1) * column
            let width = column - StageGraph.columnGap * scale
            var sum = 0.0
            for stage in Stage.way {
                let top = row(of: sum + (sample[stage].mean ?? 0))
                let bottom = row(of: sum)
                sum += sample[stage].mean ?? 0
                if top == bottom { continue }
                bars.append((stage, Rect(x: x, y: top, width: width, height: bottom - top)))
            }
            if let release = sample[.release].mean {
                let height = 2 * scale
                let y = min(row(of: release), plot.maxY - height)
                bars.append((.release, Rect(x: x, y: y, width: width, height: height)))
            }
        }
        return bars
    }

    /// The pixels of the line at ``refresh``; nil where that is beyond the scale.
    var refreshLine: Rect? {
        guard StageGraph.refresh <= limit else { return nil }
        return Rect(x: plot.x, y: row(of: StageGraph.refresh), width: plot.width, height: scale)
    }

    /// Draws it, ``size`` large, with its top left corner there.
    func draw(on canvas: Canvas, x: Int, y: Int) {
        let fill = { (rect: Rect, color: UInt32, opacity: Double) in
            let moved = Rect(x: rect.x + x, y: rect.y + y, width: rect.width, height: rect.height)
            canvas.fill(moved, color: color, opacity: opacity)
        }
        let write = { (text: String, left: Int, middle: Int) in
            canvas.drawText(
                text, .label, scale: scale, width: size.width, x: x + left,
                y: y + middle - labelHeight / 2, opacity: 0.75)
        }
        fill(plot, 0xff_ffff, 0.06)
        for (stage, rect) in bars { fill(rect, StageGraph.color(of: stage), 1) }
        fill(Rect(x: plot.x, y: plot.maxY, width: plot.width, height: scale), 0xff_ffff, 0.5)
        write(StageGraph.text(limit), 0, plot.y)
        write("0", 0, plot.maxY)
        if let line = refreshLine {
            let dash = 3 * scale
            for left in stride(from: line.x, to: line.maxX, by: 2 * dash) {
                let width = min(dash, line.maxX - left)
                fill(Rect(x: left, y: line.y, width: width, height: scale), 0xff_ffff, 0.8)
            }
            let text = StageGraph.text(StageGraph.refresh)
            write(text, plot.maxX + StageGraph.labelGap * scale, line.y)
        }
        let seconds = plot.width / (StageGraph.columnWidth * scale) * StageGraph.interval / 1000
        let below = plot.maxY + labelHeight
        write("the last \(seconds) s", plot.x, below)
    }

    // A row of pixels that so many milliseconds reach up to.
    private func row(of milliseconds: Double) -> Int {
        let part = min(max(milliseconds / limit, 0), 1)
        return plot.maxY - Int((part * Double(plot.height)).rounded())
    }

    private static func text(_ milliseconds: Double) -> String {
        let isWhole = milliseconds.rounded() == milliseconds
        return "\(Statistics.decimal(milliseconds, places: isWhole ? 0 : 1)) ms"
    }
}

extension Stage {
    /// Those that follow one another.
    fileprivate static let way: [Stage] = [.receive, .ingest, .wait, .draw, .swap]
}

extension StageTimes {
    /// The mean of a picture's whole way, or of the release if that is longer, in milliseconds.
    fileprivate var way: Double {
        max(Stage.way.reduce(0) { $0 + (self[$1].mean ?? 0) }, self[.release].mean ?? 0)
    }
}
