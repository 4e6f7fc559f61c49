internal import Synchronization

/// Who wants to be woken.
final class HeadObservers: Sendable {
    private struct Entry {
        let id: Int
        let wake: @Sendable () -> Void
    }

    private struct State {
        var next = 0
        var wakes: [Entry] = []
    }

    private let state = Mutex(State())

    func add(_ wake: @escaping @Sendable () -> Void) -> Int {
        state.withLock { state in
            state.next += 1
            state.wakes.append(Entry(id: state.next, wake: wake))
            return state.next
        }
    }

    func remove(_ id: Int) {
        // The closure's captures may end here, and must not under the lock.
        let removed = state.withLock { state in
            state.wakes.firstIndex { $0.id == id }.map { state.wakes.remove(at: $0) }
        }
        _ = removed
    }

    func wakeAll() {
        let wakes = state.withLock { $0.wakes }
        for entry in wakes { entry.wake() }
    }
}
