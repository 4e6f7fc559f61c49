/// Text from outside, made safe to show: a guest's name may hold line breaks, control characters and much too much.
public enum PlainText {
    /// One line of at most `limit` characters: control characters become blanks, what is cut off becomes an ellipsis.
    public static func oneLine(_ text: String, limit: Int = 80) -> String {
        var line = ""
        for character in text.prefix(limit + 1) {
            let isControl = character.unicodeScalars.contains {
                $0.value < 0x20 || (0x7f...0x9f).contains($0.value)
                    || (0x202a...0x202e).contains($0.value) || (0x2066...0x2069).contains($0.value)
            }
            line.append(isControl ? " " : character)
        }
        if line.count > limit { line = String(line.prefix(limit - 1)) + "…" }
        return line
    }
}
