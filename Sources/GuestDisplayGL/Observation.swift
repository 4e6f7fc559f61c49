/// A wish to be woken, until ``cancel()`` or until the last reference goes.
public final class Observation: Sendable {
    private let onCancel: @Sendable () -> Void

    init(onCancel: @escaping @Sendable () -> Void) {
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
