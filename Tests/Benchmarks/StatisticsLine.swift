import DisplayTesting
import Foundation

/// A line of a viewer's `--stats FILE`: what is used here of it.
struct StatisticsLine: Decodable, Sendable {
    /// In seconds, of a clock that only goes forward.
    let time: Double
    /// Updates that were applied.
    let updates: Int
    /// Updates in which no pixel was another.
    let unchanged: Int
    /// Pictures that the windows had shown.
    let shown: Int
    /// Bytes read from surfaces.
    let bytesCopied: Int
    /// The window's size, as WIDTHxHEIGHT.
    let window: String
    /// What draws.
    let renderer: String
    /// How the pixels come.
    let path: String

    /// The whole lines that are in a file so far.
    static func read(_ path: String) throws -> [StatisticsLine] {
        let text = TestProcess.text(path)
        // What stands after the last newline is still being written.
        return try text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map {
            try JSONDecoder().decode(StatisticsLine.self, from: Data($0.utf8))
        }
    }

    /// Waits for a line that was written after this call.
    static func next(in path: String) throws -> StatisticsLine {
        let count = try read(path).count
        return try eventually("another line of statistics") {
            try read(path).dropFirst(count).last
        }
    }
}
