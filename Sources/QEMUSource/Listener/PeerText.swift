/// Text that a peer chose, for error lines and logs.
enum PeerText {
    /// The most characters that are repeated.
    static let maximumLength = 60

    /// In quotation marks: printable ASCII only, and not long.
    static func quoted(_ text: String) -> String {
        let scalars = text.unicodeScalars
        let printable = scalars.prefix(maximumLength).map {
            (32..<127).contains($0.value) ? Character($0) : "?"
        }
        return "\"\(String(printable))\(scalars.count > maximumLength ? "…" : "")\""
    }
}
