internal import Dispatch
public import GuestDisplay
internal import Synchronization

/// Remembers what a source tells a program. Any thread.
public final class RecordingDelegate: DisplaySourceDelegate {
    private struct State {
        var heads: [[Head]] = []
        var modes: [(mode: PointerMode, head: Head.ID)] = []
        var states: [MachineState] = []
        var ends: [SourceEnd] = []
        var callCount = 0
    }

    private let state = Mutex(State())
    private let called = DispatchSemaphore(value: 0)

    /// Has heard nothing yet.
    public init() {}

    /// The lists of heads that came, in order.
    public var heads: [[Head]] { state.withLock { $0.heads } }
    /// The pointing devices that came, in order.
    public var modes: [(mode: PointerMode, head: Head.ID)] { state.withLock { $0.modes } }
    /// The run states that came, in order.
    public var states: [MachineState] { state.withLock { $0.states } }
    /// The ends that came; a right source tells one.
    public var ends: [SourceEnd] { state.withLock { $0.ends } }
    /// How many calls came.
    public var callCount: Int { state.withLock { $0.callCount } }

    /// Waits until `condition` holds after some call; false when it did not in time.
    public func wait(seconds: Int = 90, until condition: (RecordingDelegate) -> Bool) -> Bool {
        let deadline = DispatchTime.now() + .seconds(seconds)
        while !condition(self) {
            if called.wait(timeout: deadline) == .timedOut { return condition(self) }
        }
        return true
    }

    /// Waits for the end; false when it did not come in time.
    public func waitForEnd() -> Bool { wait { !$0.ends.isEmpty } }

    public func source(_ source: any DisplaySource, didChange heads: [Head]) {
        note { $0.heads.append(heads) }
    }

    public func source(
        _ source: any DisplaySource, didChange mode: PointerMode, of head: Head.ID
    ) {
        note { $0.modes.append((mode, head)) }
    }

    public func source(_ source: any DisplaySource, didChange state: MachineState) {
        note { $0.states.append(state) }
    }

    public func source(_ source: any DisplaySource, didEnd end: SourceEnd) {
        note { $0.ends.append(end) }
    }

    private func note(_ change: (inout State) -> Void) {
        state.withLock { state in
            change(&state)
            state.callCount += 1
        }
        called.signal()
    }
}
