internal import Synchronization

/// An action that runs at most once, whoever asks first.
final class Once: Sendable {
    private let action: Mutex<(@Sendable () -> Void)?>

    init(_ action: @escaping @Sendable () -> Void) {
        self.action = Mutex(action)
    }

    func run() {
        let taken = action.withLock { held in
            let action = held
            held = nil
            return action
        }
        taken?()
    }
}
