import Foundation

/// What a benchmark leaves: its numbers as JSON, its words as Markdown.
enum Report {
    /// Writes NAME.json and NAME.md to a folder, which it makes, and prints the words.
    static func write(_ results: some Encodable, markdown: String, name: String, to folder: String)
        throws
    {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        let place = URL(fileURLWithPath: folder)
        try encoder.encode(results).write(to: place.appending(path: name + ".json"))
        try Data(markdown.utf8).write(to: place.appending(path: name + ".md"))
        print("\n\(markdown)\n\(name).json and \(name).md are in \(folder)")
    }

    /// Rows of a table of Markdown, the first its heads.
    static func table(_ rows: [[String]]) -> String {
        var lines = rows.map { "| " + $0.joined(separator: " | ") + " |" }
        lines.insert(String(repeating: "|---", count: rows[0].count) + "|", at: 1)
        return lines.joined(separator: "\n") + "\n"
    }
}
