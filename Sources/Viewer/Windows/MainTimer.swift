internal import Dispatch

/// Runs something once, later, on the main thread.
@MainActor
public final class MainTimer {
    private var item: DispatchWorkItem?

    /// Waits for nothing.
    public init() {}

    /// Whether it waits.
    public var isRunning: Bool { item != nil }

    /// Runs `body` after that many milliseconds, in place of what waited before.
    public func start(milliseconds: Int, _ body: @escaping @MainActor () -> Void) {
        item?.cancel()
        let item = DispatchWorkItem { [weak self] in
            MainActor.assumeIsolated {
                self?.item = nil
                body()
            }
        }
        self.item = item
        DispatchQueue.main.asyncAfter(deadline: .now() + .milliseconds(milliseconds), execute: item)
    }

    /// What waits does not run.
    public func cancel() {
        item?.cancel()
        item = nil
    }

    isolated deinit {
        item?.cancel()
    }
}
