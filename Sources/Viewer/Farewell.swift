internal import Dispatch
internal import GuestDisplay
internal import Synchronization

/// Ends a session when the program has to go at once and its main thread can do nothing more: a display server that goes away
/// takes the toolkit with it. Any thread.
public final class Farewell: Sendable {
    private struct State {
        var source: any DisplaySource
        var isOver: Bool
    }

    private let state: Mutex<State>
    private let change = DispatchSemaphore(value: 0)

    init(_ source: any DisplaySource) {
        state = Mutex(State(source: source, isOver: true))
    }

    /// A source begins to connect; the one before does not matter any more.
    func begin(_ source: any DisplaySource) {
        state.withLock { $0 = State(source: source, isOver: false) }
    }

    /// A source has ended, or could not connect.
    func ended(_ source: any DisplaySource) {
        state.withLock { if $0.source === source { $0.isOver = true } }
        change.signal()
    }

    /// Ends a guest that was started by this program, lets go of any other, and waits until that is done: for a guest that does not
    /// want to end, as long as its source needs to kill it.
    public func say() {
        let source = state.withLock { $0.source }
        let patience: DispatchTime
        if source.ownsGuest {
            source.endGuest()
            patience = .now() + .seconds(20)
        } else {
            source.disconnect()
            patience = .now() + .seconds(2)
        }
        while !state.withLock({ $0.isOver }), change.wait(timeout: patience) == .success {}
    }
}
