internal import Synchronization

/// Who wants to be woken.
final class HeadObservers: Sendable {
    private struct State {
        var next = 0
        var wakes: [Int: @Sendable () -> Void] = [:]
    }

    private let state = Mutex(State())

    func add(_ wake: @escaping @Sendable () -> Void) -> Int {
        state.withLock { state in
            state.next += 1
            state.wakes[state.next] = wake
            return state.next
        }
    }

    func remove(_ id: Int) {
        // The closure's captures may end here, and must not under the lock.
        let removed = state.withLock { $0.wakes.removeValue(forKey: id) }
        _ = removed
    }

    func wakeAll() {
        let wakes = state.withLock { Array($0.wakes.values) }
        for wake in wakes { wake() }
    }
}
