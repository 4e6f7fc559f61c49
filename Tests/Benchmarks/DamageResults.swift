import DisplayTesting
import GuestDisplay

/// What a small change costs on two screens.
struct DamageResults: Encodable, Sendable {
    /// A guest's screen.
    enum Screen: CaseIterable, Sendable {
        case small
        case large

        var size: Size {
            switch self {
            case .small: Size(width: 640, height: 480)
            case .large: Size(width: 3840, height: 2160)
            }
        }
    }

    /// One run of a viewer.
    struct Cost: Encodable, Sendable {
        /// What was seen on the screen.
        let motion: Scene.Motion
        /// Of the viewer's processor time, for each frame that was seen.
        let millisecondsPerFrame: Double
        /// What the viewer read for each update: 16384 of 64x64 pixels.
        let bytesPerUpdate: Double?

        init(_ motion: Scene.Motion, from before: StatisticsLine, to after: StatisticsLine) {
            self.motion = motion
            millisecondsPerFrame = (motion.viewerCPU ?? 0) * 1000 / Double(motion.frames)
            let updates = after.updates - before.updates
            bytesPerUpdate =
                updates > 0
                ? Double(after.bytesCopied - before.bytesCopied) / Double(updates) : nil
        }
    }

    /// Both screens, one after the other.
    struct Turn: Encodable, Sendable {
        let small: Cost
        let large: Cost

        var ratio: Double { large.millisecondsPerFrame / small.millisecondsPerFrame }
    }

    /// A viewer with a QEMU.
    struct Pairing: Encodable, Sendable {
        let viewer: String
        let version: String
        /// How the pixels came.
        let path: String
        var turns: [Turn] = []
    }

    /// When, in UTC.
    let date: String
    /// Where: processor, how many, kernel.
    let machine: String
    private(set) var pairings: [Pairing] = []

    init(date: String, machine: String) {
        self.date = date
        self.machine = machine
    }

    mutating func add(_ turn: Turn, viewer: Contender, version: QEMUVersion, path: String) {
        let known = pairings.firstIndex {
            $0.viewer == viewer.rawValue && $0.version == version.rawValue
        }
        if let known {
            pairings[known].turns.append(turn)
        } else {
            pairings.append(
                Pairing(
                    viewer: viewer.rawValue, version: version.rawValue, path: path, turns: [turn]))
        }
    }

    /// A turn in a line.
    static func words(_ turn: Turn) -> String {
        let costs = [turn.small, turn.large].map {
            "\(decimal($0.millisecondsPerFrame, 3)) ms a frame at \(decimal($0.motion.rate, 1)) frames/s"
        }
        return costs.joined(separator: " and ") + ", × \(decimal(turn.ratio, 2))"
    }

    /// A table of medians with the lowest and highest, and of the ratio in pairs, as Markdown.
    var markdown: String {
        var rows = [
            [
                "viewer's CPU, ms a frame of 64x64", "path", Screen.small.size.description,
                Screen.large.size.description, "large to small, median", "mean and its 95 %",
                "bytes an update", "frames/s",
            ]
        ]
        for pairing in pairings {
            let turns = pairing.turns
            let ratios = turns.map(\.ratio)
            let interval = Interval(ratios: ratios).map { "× \($0.words)" }
            rows.append([
                "\(pairing.viewer), QEMU \(pairing.version)", pairing.path,
                Spread.words(turns.map(\.small.millisecondsPerFrame), 3),
                Spread.words(turns.map(\.large.millisecondsPerFrame), 3),
                "× \(decimal(Spread.median(ratios), 2))", interval ?? "",
                DamageResults.both(turns, 0, \.bytesPerUpdate),
                DamageResults.both(turns, 1, \.motion.rate),
            ])
        }
        return "\(date), \(machine)\n\n" + Report.table(rows)
    }

    // The medians of both screens.
    private static func both(
        _ turns: [Turn], _ places: Int, _ value: (Cost) -> Double?
    ) -> String {
        [turns.compactMap { value($0.small) }, turns.compactMap { value($0.large) }].map {
            decimal(Spread($0)?.median, places)
        }.joined(separator: ", ")
    }
}
