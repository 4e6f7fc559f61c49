import Foundation

/// What is used of a line of `--stats FILE`.
struct StatisticsLine: Decodable {
    /// In seconds, of a clock that only goes forward.
    let time: Double
    /// Changes that came from the guest's display since the start.
    let received: UInt64
    /// Pictures shown since the start.
    let shown: UInt64

    /// Nil when the line is none, or not whole.
    init?(_ line: some StringProtocol) {
        guard
            let value = try? JSONDecoder().decode(StatisticsLine.self, from: Data(line.utf8))
        else { return nil }
        self = value
    }
}
