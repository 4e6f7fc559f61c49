/// A wish to be woken, until ``cancel()`` or until the last reference goes.
public final class Observation: Sendable {
    private let onCancel: @Sendable () -> Void

    /// `onCancel` runs once or more often, on any thread; it must not block.
    public init(onCancel: @escaping @Sendable () -> Void) {
        self.onCancel = onCancel
    }

    deinit {
        onCancel()
    }

    /// Ends it. A call that has already begun on the ingest thread may still be under way. Idempotent; any thread.
    public func cancel() {
        onCancel()
    }
}
