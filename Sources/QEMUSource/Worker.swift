internal import CGIO
internal import Dispatch
internal import Synchronization

/// Runs `body` on a new thread of that name (15 bytes are kept), which ends with it.
func startThread(_ name: String, _ body: @escaping @Sendable () -> Void) {
    let box = Unmanaged.passRetained(Action(body))
    g_thread_unref(g_thread_new(name, runThread, box.toOpaque()))
}

/// A closure that C carries about.
final class Action: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) {
        self.run = run
    }
}

private func runThread(_ data: gpointer?) -> gpointer? {
    Unmanaged<Action>.fromOpaque(data!).takeRetainedValue().run()
    return nil
}

/// A value that one thread waits for and another gives, once; a second is ignored.
final class Answer<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)
    private let given = DispatchSemaphore(value: 0)

    func give(_ answer: Value) {
        let isFirst = value.withLock { value in
            if value != nil { return false }
            value = answer
            return true
        }
        if isFirst { given.signal() }
    }

    /// Waits for it; nil after that time.
    func wait(milliseconds: Int) -> Value? {
        guard given.wait(timeout: .now() + .milliseconds(milliseconds)) == .success else {
            return nil
        }
        given.signal()
        return value.withLock { $0 }
    }

    /// Waits without a limit, for what has limits of its own.
    func wait() -> Value {
        given.wait()
        given.signal()
        return value.withLock { $0! }
    }
}
