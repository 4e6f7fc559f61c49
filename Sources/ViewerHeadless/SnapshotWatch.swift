internal import Dispatch
internal import GuestDisplay
internal import Synchronization

/// What a snapshot waits for: a change of its head, the guest's end, a time.
final class SnapshotWatch: DisplaySourceDelegate {
    private let wakes = DispatchSemaphore(value: 0)
    private let interrupted = Mutex<Int32?>(nil)
    private let ended = Mutex<SourceEnd?>(nil)

    /// How the guest ended; nil while it is there.
    var end: SourceEnd? { ended.withLock { $0 } }

    /// The signal that asked the program to end; nil while none has.
    var interruption: Int32? { interrupted.withLock { $0 } }

    /// A signal asks the program to end.
    func interrupt(_ signal: Int32) {
        interrupted.withLock { $0 = signal }
        wake()
    }

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
