internal import Dispatch
internal import GuestDisplay
internal import Synchronization

/// What a snapshot waits for: a change of its head, the guest's end, a time.
final class SnapshotWatch: DisplaySourceDelegate {
    private let wakes = DispatchSemaphore(value: 0)
    private let ended = Mutex<SourceEnd?>(nil)

    /// How the guest ended; nil while it is there.
    var end: SourceEnd? { ended.withLock { $0 } }

    /// Something may have changed.
    func wake() {
        wakes.signal()
    }

    /// Waits for the next change; false when `time` came first.
    func wait(until time: DispatchTime) -> Bool {
        wakes.wait(timeout: time) == .success
    }

    func source(_ source: any DisplaySource, didChange heads: [Head]) {}

    func source(_ source: any DisplaySource, didChange mode: PointerMode, of head: Head.ID) {}

    func source(_ source: any DisplaySource, didChange state: MachineState) {}

    func source(_ source: any DisplaySource, didEnd end: SourceEnd) {
        ended.withLock { $0 = end }
        wake()
    }
}
