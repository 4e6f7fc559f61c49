import Foundation

/// One round of one viewer.
struct Round: Encodable, Sendable {
    var full: Scene.Motion?
    var small: Scene.Motion?
    /// Seconds from a key to its picture, in the order of the presses.
    var keys: [Double] = []
    /// Seconds from the start of a viewer to its first picture of a guest that runs, of each of its starts.
    var firstPictures: [Double] = []
    /// Frames a second that QEMU offered in this round to a listener that only reads, the full and the small ones.
    var offeredFull: Double?
    var offeredSmall: Double?
    /// The share of the processors' time that the host took away meanwhile; nil where the kernel does not tell.
    var stolen: Double?
    /// Why it could not be measured.
    var failure: String?
}

/// Everything that was measured.
struct Results: Encodable, Sendable {
    /// When, in UTC.
    let date: String
    /// Where: processor, how many, kernel.
    let machine: String
    /// Whose guest it was.
    let qemu: String
    /// The rounds of each viewer, in order; the same index is the same turn.
    var viewers: [String: [Round]] = [:]

    /// A number of each round of a viewer.
    enum Metric: String, CaseIterable, Sendable {
        case fullRate = "full, frames/s"
        case smallRate = "small, frames/s"
        case fullOffered = "full, of what QEMU offers"
        case smallOffered = "small, of what QEMU offers"
        case key = "key, median ms"
        case fullCPU = "CPU, ms a full frame"
        case smallCPU = "CPU, ms a small frame"
        case fullServerCPU = "X server, ms a full frame"
        case smallServerCPU = "X server, ms a small frame"
        case firstPicture = "first picture, ms"
        case resident = "memory, MiB"
        case stolen = "taken by the host, %"

        /// How many places are worth printing.
        var places: Int {
            switch self {
            case .fullRate, .smallRate, .key: 1
            case .firstPicture, .resident: 0
            default: 2
            }
        }

        func value(_ round: Round) -> Double? {
            switch self {
            case .fullRate: round.full?.rate
            case .smallRate: round.small?.rate
            case .fullOffered: Metric.share(round.full, round.offeredFull)
            case .smallOffered: Metric.share(round.small, round.offeredSmall)
            case .key: round.keys.isEmpty ? nil : Spread.median(round.keys) * 1000
            case .fullCPU: round.full.flatMap { Metric.cost($0, $0.viewerCPU) }
            case .smallCPU: round.small.flatMap { Metric.cost($0, $0.viewerCPU) }
            case .fullServerCPU: round.full.flatMap { Metric.cost($0, $0.serverCPU) }
            case .smallServerCPU: round.small.flatMap { Metric.cost($0, $0.serverCPU) }
            case .firstPicture:
                round.firstPictures.isEmpty ? nil : Spread.median(round.firstPictures) * 1000
            case .resident: round.full?.residentKiB.map { Double($0) / 1024 }
            case .stolen: round.stolen.map { $0 * 100 }
            }
        }

        private static func share(_ motion: Scene.Motion?, _ offered: Double?) -> Double? {
            guard let motion, let offered, offered > 0 else { return nil }
            return motion.rate / offered
        }

        private static func cost(_ motion: Scene.Motion, _ seconds: Double?) -> Double? {
            motion.frames > 0 ? seconds.map { $0 * 1000 / Double(motion.frames) } : nil
        }
    }

    /// The values of a metric, of the rounds that have one.
    func values(_ metric: Metric, _ contender: Contender) -> [Double] {
        (viewers[contender.rawValue] ?? []).compactMap { metric.value($0) }
    }

    /// How two viewers compare in the same rounds.
    func pairs(_ metric: Metric, _ ours: Contender, _ peer: Contender) -> [(Double, Double)] {
        zip(viewers[ours.rawValue] ?? [], viewers[peer.rawValue] ?? []).compactMap { ours, peer in
            guard let ours = metric.value(ours), let peer = metric.value(peer) else { return nil }
            return (ours, peer)
        }
    }

    /// Those that were measured, in the order of ``Contender``.
    var contenders: [Contender] {
        Contender.allCases.filter { viewers[$0.rawValue]?.isEmpty == false }
    }
}

extension Results {
    /// A table of medians with the lowest and highest, then the comparisons in pairs, as Markdown.
    var markdown: String {
        let metrics = Results.Metric.allCases.filter { metric in
            contenders.contains { !values(metric, $0).isEmpty }
        }
        var lines = ["\(date), \(machine), \(qemu)", ""]
        lines.append("| | " + contenders.map(\.rawValue).joined(separator: " | ") + " |")
        lines.append("|---" + String(repeating: "|---", count: contenders.count) + "|")
        for metric in metrics {
            let cells = contenders.map { contender in
                Spread.words(values(metric, contender), metric.places)
            }
            lines.append("| \(metric.rawValue) | " + cells.joined(separator: " | ") + " |")
        }
        lines += ["", "In pairs, round by round: mean and its 95 % interval.", ""]
        let peers = contenders.filter { !$0.isOurs }
        lines.append("| | " + peers.map { "to \($0.rawValue)" }.joined(separator: " | ") + " |")
        lines.append("|---" + String(repeating: "|---", count: peers.count) + "|")
        for ours in contenders where ours.isOurs {
            for metric in metrics where metric != .stolen {
                let cells = peers.map { comparison(metric, ours, $0) }
                if cells.allSatisfy(\.isEmpty) { continue }
                lines.append(
                    "| \(ours.rawValue): \(metric.rawValue) | " + cells.joined(separator: " | ")
                        + " |")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    // A difference for the key, whose goal is in milliseconds; else a ratio.
    private func comparison(_ metric: Metric, _ ours: Contender, _ peer: Contender) -> String {
        let pairs = pairs(metric, ours, peer)
        if metric == .key {
            return Interval(pairs.map { $0.0 - $0.1 }).map {
                "\(decimal($0.mean, 1)) ms (\(decimal($0.lower, 1)) to \(decimal($0.upper, 1)))"
            } ?? ""
        }
        return Interval(ratios: pairs.map { $0.0 / $0.1 }).map { "× \($0.words)" } ?? ""
    }
}
