internal import Dispatch
public import GuestDisplay
internal import Synchronization

/// Hears all that a source tells, and waits for it. Any thread.
public final class RecordingDelegate: DisplaySourceDelegate {
    /// What was told.
    public enum Event: Hashable, Sendable {
        case heads([Head])
        case mode(PointerMode, Head.ID)
        case state(MachineState)
        case end(SourceEnd)
    }

    private let heard = Mutex<[Event]>([])
    private let arrived = DispatchSemaphore(value: 0)

    /// Hears nothing yet.
    public init() {}

    /// All that was told, in order.
    public var events: [Event] { heard.withLock { $0 } }

    /// Every end that was told; a right source tells one.
    public var ends: [SourceEnd] {
        events.compactMap {
            if case .end(let end) = $0 { end } else { nil }
        }
    }

    /// Waits until `condition` holds after some event; false when it did not in time.
    public func wait(seconds: Int = 60, until condition: ([Event]) -> Bool) -> Bool {
        let deadline = DispatchTime.now() + .seconds(seconds)
        while !condition(events) {
            if arrived.wait(timeout: deadline) == .timedOut { return condition(events) }
        }
        return true
    }

    /// Waits for the end.
    public func waitForEnd() -> SourceEnd? {
        _ = wait { events in events.contains { if case .end = $0 { true } else { false } } }
        return ends.first
    }

    private func hear(_ event: Event) {
        heard.withLock { $0.append(event) }
        arrived.signal()
    }

    public func source(_ source: any DisplaySource, didChange heads: [Head]) {
        hear(.heads(heads))
    }

    public func source(
        _ source: any DisplaySource, didChange mode: PointerMode, of head: Head.ID
    ) {
        hear(.mode(mode, head))
    }

    public func source(_ source: any DisplaySource, didChange state: MachineState) {
        hear(.state(state))
    }

    public func source(_ source: any DisplaySource, didEnd end: SourceEnd) {
        hear(.end(end))
    }
}
