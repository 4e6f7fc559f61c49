internal import CGIO
internal import Dispatch

// What GIO calls back. Functions of their own, not closures: C calls them on whichever thread it likes.

/// What hears the answer to a request.
final class Completion: Sendable {
    let run: @Sendable (Variant?) -> Void

    init(_ run: @escaping @Sendable (Variant?) -> Void) {
        self.run = run
    }
}

/// What hears signals.
final class Subscription: Sendable {
    let run: @Sendable (_ path: String, _ member: String, _ arguments: [Variant]) -> Void

    init(_ run: @escaping @Sendable (String, String, [Variant]) -> Void) {
        self.run = run
    }
}

/// A GAsyncReadyCallback for a `Completion`.
func finishRequest(
    _ source: UnsafeMutablePointer<GObject>?, _ result: OpaquePointer?, _ data: gpointer?
) {
    let completion = Unmanaged<Completion>.fromOpaque(data!).takeRetainedValue()
    let answer = g_dbus_connection_call_finish(OpaquePointer(source), result, nil)
    completion.run(answer.map { Variant(taking: $0) })
}

/// A GDBusSignalCallback for a `Subscription`.
func deliverSignal(
    _ connection: OpaquePointer?, _ sender: UnsafePointer<CChar>?, _ path: UnsafePointer<CChar>?,
    _ interface: UnsafePointer<CChar>?, _ member: UnsafePointer<CChar>?,
    _ arguments: OpaquePointer?, _ data: gpointer?
) {
    guard let path, let member, let arguments else { return }
    Unmanaged<Subscription>.fromOpaque(data!).takeUnretainedValue().run(
        String(cString: path), String(cString: member), Variant(borrowing: arguments).children)
}

/// The handler of a GDBusConnection's `closed` for an `Action`.
func deliverClosed(
    _ connection: gpointer?, _ remotely: gboolean, _ error: gpointer?, _ data: gpointer?
) {
    Unmanaged<Action>.fromOpaque(data!).takeUnretainedValue().run()
}

/// A GDestroyNotify for any object that C was given.
func releaseObject(_ data: gpointer?) {
    Unmanaged<AnyObject>.fromOpaque(data!).release()
}

/// A GClosureNotify for any object that C was given.
func releaseClosure(_ data: gpointer?, _ closure: UnsafeMutablePointer<GClosure>?) {
    releaseObject(data)
}

/// A time limit for GIO's calls that have none of their own.
enum Deadline {
    /// Runs `body`, whose cancellable is cancelled after that time.
    static func run<Result>(
        milliseconds: Int, _ body: (UnsafeMutablePointer<GCancellable>) -> Result
    ) -> Result {
        let held = HeldCancellable()
        let cancel = DispatchWorkItem { held.cancel() }
        DispatchQueue.global().asyncAfter(
            deadline: .now() + .milliseconds(milliseconds), execute: cancel)
        defer { cancel.cancel() }
        return body(held.pointer)
    }
}

/// A GCancellable; cancelling is safe on any thread.
private final class HeldCancellable: @unchecked Sendable {
    let pointer: UnsafeMutablePointer<GCancellable> = g_cancellable_new()

    deinit {
        g_object_unref(pointer)
    }

    func cancel() {
        g_cancellable_cancel(pointer)
    }
}
