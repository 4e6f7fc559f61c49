internal import Synchronization

/// An action that runs at most once, whoever asks first.
final class Once: Sendable {
    private let action: Mutex<(@Sendable () -> Void)?>

    init(_ action: @escaping @Sendable () -> Void) {
        self.action = Mutex(action)
    }

    /// Whether this was the first to ask.
    @discardableResult
    func run() -> Bool {
        let taken = action.withLock { held in
            let action = held
            held = nil
            return action
        }
        taken?()
        return taken != nil
    }
}
