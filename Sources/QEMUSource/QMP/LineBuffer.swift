/// Bytes of a stream, cut at line feeds.
struct LineBuffer {
    private var bytes: [UInt8] = []
    /// Where the search for the next line feed goes on.
    private var searched = 0
    private let maximum: Int

    /// A line may have that many bytes.
    init(maximum: Int) {
        self.maximum = maximum
    }

    /// Whether nothing is left of what was added.
    var isEmpty: Bool { bytes.isEmpty }

    /// Adds what was received; false when a line is longer than the maximum.
    mutating func append(_ received: some Collection<UInt8>) -> Bool {
        bytes.append(contentsOf: received)
        return bytes.count <= maximum || bytes[searched...].contains(0x0a)
    }

    /// The next whole line, without its line feed.
    mutating func next() -> [UInt8]? {
        guard let end = bytes[searched...].firstIndex(of: 0x0a) else {
            searched = bytes.count
            return nil
        }
        let line = Array(bytes[..<end])
        bytes.removeFirst(end + 1)
        searched = 0
        return line
    }
}

extension String {
    /// The first line of a text from outside, at most that many characters, control characters left out: fit for a message.
    func firstLine(upTo count: Int) -> String {
        let line = drop { $0.isNewline }.prefix { !$0.isNewline }
        let clean = String.UnicodeScalarView(
            line.unicodeScalars.filter { $0.properties.generalCategory != .control })
        return clean.count > count ? String(String(clean).prefix(count)) + "…" : String(clean)
    }
}
