internal import Dispatch
public import GuestDisplay

/// What `--list-heads` does, and heads in messages.
public enum HeadList {
    /// Heads in one line: `0 (graphic, VGA), 1 (text, vc0)`.
    public static func describe(_ heads: [Head]) -> String {
        if heads.isEmpty { return "none" }
        return heads.map { head in
            let kind = head.kind == .graphic ? "graphic" : "text"
            return "\(head.id) (\(kind), \(PlainText.oneLine(head.label)))"
        }.joined(separator: ", ")
    }

    /// What to say of a head that is not there.
    public static func missing(_ head: Head.ID, among heads: [Head]) -> DisplayError {
        DisplayError("there is no head \(head); the guest has \(describe(heads))")
    }

    /// Connects, prints the guest's heads one a line on standard output, and lets go; a guest that was started for it is ended.
    /// Blocks; not on a UI thread.
    public static func print(_ source: any DisplaySource) throws(DisplayError) {
        let listener = EndListener()
        let signals = TerminationSignals { [source] _ in source.endGuest() }
        defer { withExtendedLifetime(signals) {} }
        try source.connect(delegate: listener)
        for head in source.heads { Swift.print(head.listing) }
        if source.ownsGuest {
            source.endGuest()
            listener.ended.wait()
        }
        source.disconnect()
    }
}

/// Waits for the end alone.
private final class EndListener: DisplaySourceDelegate {
    let ended = DispatchSemaphore(value: 0)

    func source(_ source: any DisplaySource, didChange heads: [Head]) {}
    func source(_ source: any DisplaySource, didChange mode: PointerMode, of head: Head.ID) {}
    func source(_ source: any DisplaySource, didChange state: MachineState) {}

    func source(_ source: any DisplaySource, didEnd end: SourceEnd) {
        ended.signal()
    }
}
