internal import Dispatch
public import GuestDisplay

/// What `--list-heads` does.
public enum HeadList {
    /// Connects, prints the guest's heads one a line on standard output, and lets go; a guest that was started for it is ended.
    /// Blocks; not on a UI thread.
    public static func print(_ source: any DisplaySource) throws(DisplayError) {
        let listener = EndListener()
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
