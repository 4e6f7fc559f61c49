internal import Synchronization

/// Whether a thread was woken and has not yet looked at what is new.
final class WakeFlag: Sendable {
    private let isSet = Atomic<Bool>(false)

    /// Something is new, and can be seen. Whether the thread is to be woken.
    func set() -> Bool {
        !isSet.exchange(true, ordering: .acquiringAndReleasing)
    }

    /// The thread is about to look: it sees all that was new at each ``set()`` so far. (An exchange, not a store: it reads what the last of them wrote.)
    func clear() {
        _ = isSet.exchange(false, ordering: .acquiringAndReleasing)
    }
}
