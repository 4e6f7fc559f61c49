import DisplayTesting
import GuestDisplay

/// How the way of a GPU's buffers was.
struct DMABufferResults: Encodable, Sendable {
    /// The buffers'; the second is large.
    static let sizes = [Size(width: 640, height: 480), Size(width: 3840, height: 2160)]

    /// What changes of a picture.
    enum Damage: String, CaseIterable, Encodable, Sendable {
        case block = "64x64"
        case whole

        func rect(in size: Size) -> Rect {
            self == .whole
                ? Rect(size) : Rect(x: size.width / 2, y: size.height / 2, width: 64, height: 64)
        }
    }

    /// Bare copies.
    struct Copies: Encodable, Sendable {
        /// To the end of each one's fence, in seconds.
        let times: [Double]
        /// Seconds that the thread ran for all of them.
        let cpu: Double
    }

    /// One turn of a viewer without a window, and of bare copies.
    struct Answers: Encodable, Sendable {
        let width: Int
        let height: Int
        let damage: Damage
        /// From each update to its answer, in seconds.
        var answers: [Double] = []
        /// Seconds that the viewer's threads ran meanwhile.
        var cpu = 0.0
        /// From messages that say nothing to their answers, in seconds.
        var pings: [Double] = []
        /// The bare copies, by what copied.
        var copies: [String: Copies] = [:]

        init(size: Size, damage: Damage) {
            (width, height) = (size.width, size.height)
            self.damage = damage
        }

        var answer: Double { Spread.median(answers) * 1000 }
        var ping: Double { Spread.median(pings) * 1000 }
        var cpuPerUpdate: Double { cpu * 1000 / Double(answers.count) }

        func copy(_ method: GPUCopy.Method) -> Double {
            Spread.median(copies[method.rawValue]?.times ?? []) * 1000
        }

        func cpuPerCopy(_ method: GPUCopy.Method) -> Double {
            guard let copies = copies[method.rawValue] else { return 0 }
            return copies.cpu * 1000 / Double(copies.times.count)
        }

        var words: String {
            let copies = GPUCopy.Method.allCases.map {
                "\($0.rawValue) \(decimal(copy($0), 2)) ms (CPU \(decimal(cpuPerCopy($0), 2)) ms)"
            }
            return
                "\(width)x\(height), \(damage.rawValue): answer \(decimal(answer, 2)) ms, ping \(decimal(ping, 2)) ms, \(copies.joined(separator: ", ")); CPU \(decimal(cpuPerUpdate, 2)) ms an update"
        }
    }

    /// Some seconds of a guest before a window.
    struct Flow: Encodable, Sendable {
        let seconds: Double
        /// From each update to its answer, in seconds.
        let answers: [Double]
        /// Seconds that the viewer's threads ran.
        let cpu: Double
        /// Pictures that the window showed a second.
        let shownRate: Double

        var rate: Double { Double(answers.count) / seconds }
        var cpuPerUpdate: Double { cpu * 1000 / Double(answers.count) }
    }

    /// One turn of a viewer's window.
    struct Window: Encodable, Sendable {
        let viewer: String
        let width: Int
        let height: Int
        /// A block, at every second refresh of the screen.
        var paced: Flow?
        /// A block, as often as it is answered.
        var fastBlock: Flow?
        /// All, as often as it is answered.
        var fastWhole: Flow?

        init(viewer: String, size: Size) {
            self.viewer = viewer
            (width, height) = (size.width, size.height)
        }

        var words: String {
            let flows = [("paced", paced), ("block", fastBlock), ("whole", fastWhole)].map {
                "\($0) \(decimal($1?.rate, 1)) answers/s, \(decimal($1?.shownRate, 1)) shown/s, CPU \(decimal($1?.cpuPerUpdate, 2)) ms an update"
            }
            return "\(viewer), \(width)x\(height): \(flows.joined(separator: "; "))"
        }
    }

    /// When, in UTC.
    let date: String
    /// Where: processor, how many, kernel.
    let machine: String
    /// The GPU's driver.
    let renderer: String
    /// What the windows fill.
    let screen: String
    /// How often it is refreshed a second.
    let refresh: Int
    var answers: [Answers] = []
    var windows: [Window] = []
}

extension DMABufferResults {
    /// Tables of medians with the lowest and highest, and of the ratios of what was measured in turn, as Markdown.
    var markdown: String {
        """
        \(date), \(machine), \(renderer)

        From UpdateDMABUF to its answer, without a window; from a message that says nothing to its answer; and bare copies with their fences, in ms.

        \(Report.table(answerRows))
        Large (\(DMABufferResults.sizes[1])) to small (\(DMABufferResults.sizes[0])), CPU an update or copy.

        \(Report.table(growthRows))
        """ + (windows.isEmpty ? "" : windowMarkdown)
    }

    private var windowMarkdown: String {
        """

        Windows that fill a screen of \(screen), refreshed \(refresh) times a second; a guest that tells of the next change when the last was answered.

        \(Report.table(flowRows))
        """
    }

    private var answerRows: [[String]] {
        let methods = GPUCopy.Method.allCases
        var rows = [
            ["buffer", "damage", "answer", "ping"] + methods.map { "bare \($0.rawValue)" }
                + methods.map { "answer to \($0.rawValue)" } + ["CPU, ms an update"]
        ]
        for size in DMABufferResults.sizes {
            for damage in Damage.allCases {
                let turns = turns(size, damage)
                rows.append(
                    [
                        size.description, damage.rawValue,
                        Spread.words(turns.map(\.answer)),
                        Spread.words(turns.map(\.ping)),
                    ]
                        + methods.map { method in
                            Spread.words(turns.map { $0.copy(method) })
                        }
                        + methods.map { method in
                            DMABufferResults.ratio(turns.map { $0.answer / $0.copy(method) })
                        } + [Spread.words(turns.map(\.cpuPerUpdate))])
            }
        }
        return rows
    }

    private var growthRows: [[String]] {
        let sizes = DMABufferResults.sizes
        var rows = [["CPU, ms", "damage", sizes[0].description, sizes[1].description, "ratio"]]
        func add(_ name: String, _ damage: Damage, _ small: [Double], _ large: [Double]) {
            rows.append([
                name, damage.rawValue, Spread.words(small),
                Spread.words(large),
                DMABufferResults.ratio(zip(small, large).map { $1 / $0 }),
            ])
        }
        for damage in Damage.allCases {
            let costs = sizes.map { turns($0, damage).map(\.cpuPerUpdate) }
            add("without a window", damage, costs[0], costs[1])
            for method in GPUCopy.Method.allCases {
                let costs = sizes.map { turns($0, damage).map { $0.cpuPerCopy(method) } }
                add("bare \(method.rawValue)", damage, costs[0], costs[1])
            }
        }
        for viewer in ViewerProgram.allCases where !windows.isEmpty {
            let flows = sizes.map { turns($0, viewer) }
            for (words, damage, flow) in [
                ("paced", .block, \Window.paced), ("fast", .block, \Window.fastBlock),
                ("fast", .whole, \Window.fastWhole),
            ] as [(String, Damage, KeyPath<Window, Flow?>)] {
                let costs = flows.map { $0.compactMap { $0[keyPath: flow]?.cpuPerUpdate } }
                add("\(viewer), \(words)", damage, costs[0], costs[1])
            }
        }
        return rows
    }

    private var flowRows: [[String]] {
        var rows = [["viewer", "buffer", "damage", "answers/s", "shown/s", "answers to shown"]]
        for viewer in ViewerProgram.allCases {
            for size in DMABufferResults.sizes {
                for (damage, flow) in [
                    (.block, \Window.fastBlock), (.whole, \Window.fastWhole),
                ] as [(Damage, KeyPath<Window, Flow?>)] {
                    let flows = turns(size, viewer).compactMap { $0[keyPath: flow] }
                    rows.append([
                        viewer.rawValue, size.description, damage.rawValue,
                        Spread.words(flows.map(\.rate), 1),
                        Spread.words(flows.map(\.shownRate), 1),
                        DMABufferResults.ratio(flows.map { $0.rate / $0.shownRate }),
                    ])
                }
            }
        }
        return rows
    }

    private func turns(_ size: Size, _ damage: Damage) -> [Answers] {
        answers.filter {
            Size(width: $0.width, height: $0.height) == size && $0.damage == damage
        }
    }

    private func turns(_ size: Size, _ viewer: ViewerProgram) -> [Window] {
        windows.filter {
            Size(width: $0.width, height: $0.height) == size && $0.viewer == viewer.rawValue
        }
    }

    // The median, then the mean with its 95 % interval where there is one.
    private static func ratio(_ values: [Double]) -> String {
        guard let spread = Spread(values) else { return "" }
        let interval = Interval(ratios: values).map { "; \($0.words)" }
        return "× \(decimal(spread.median, 2))\(interval ?? "")"
    }
}
