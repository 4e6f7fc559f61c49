/// What a terminal would show of a stream from QEMU's line editor: escape sequences and carriage returns taken out.
struct TerminalText {
    /// A line is cut there: a monitor's answers are shorter.
    static let maximumLine = 1 << 16

    private enum Mode {
        case text, escape, sequence
    }

    private var mode = Mode.text
    private var lines: [[UInt8]] = [[]]

    /// The line without an end yet.
    var lastLine: String { String(decoding: lines.last!, as: UTF8.self) }

    /// Takes the lines before the last one.
    mutating func takeLines() -> [String] {
        defer { lines = [[]] }
        return lines.dropLast().map { String(decoding: $0, as: UTF8.self) }
    }

    mutating func append(_ bytes: some Sequence<UInt8>) {
        for byte in bytes {
            switch (mode, byte) {
            case (.text, 0x1b): mode = .escape
            // ESC [ … letter (ECMA-48): util/readline.c moves the cursor and erases with these.
            case (.escape, UInt8(ascii: "[")): mode = .sequence
            case (.escape, _): mode = .text
            case (.sequence, 0x40...0x7e): mode = .text
            case (.sequence, _): break
            case (.text, 0x0a):
                lines.append([])
                // A monitor that prints without end keeps the newest.
                if lines.count > 1000 { lines.removeFirst() }
            case (.text, 0x20...0x7e), (.text, 0x80...0xff):
                if lines[lines.count - 1].count < TerminalText.maximumLine {
                    lines[lines.count - 1].append(byte)
                }
            default: break
            }
        }
    }
}
