internal import CGIO

/// A thread with a main context of its own: GDBus's signals and answers arrive there, and so does all that must come one
/// after the other.
final class ControlLoop: @unchecked Sendable {
    private let context: OpaquePointer
    private let loop: OpaquePointer

    /// Makes the loop; work that is posted waits for ``start()``.
    init() {
        context = g_main_context_new()
        loop = g_main_loop_new(context, 0)
    }

    deinit {
        g_main_loop_unref(loop)
        g_main_context_unref(context)
    }

    /// Starts the thread, which keeps the loop alive until ``stop()``.
    func start() {
        startThread("qemu-control") { [self] in
            g_main_context_push_thread_default(context)
            g_main_loop_run(loop)
            // What was posted before the end runs, so that nobody waits for an answer that never comes.
            while g_main_context_iteration(context, 0) != 0 {}
            g_main_context_pop_thread_default(context)
        }
    }

    /// Ends the thread after what was posted before.
    func stop() {
        post { [self] in g_main_loop_quit(loop) }
    }

    /// Runs `body` on the loop's thread, in the order of the calls. Any thread; never waits.
    func post(_ body: @escaping @Sendable () -> Void) {
        attach(g_idle_source_new(), body)
    }

    /// Runs `body` on the loop's thread after that time.
    func post(afterMilliseconds delay: Int, _ body: @escaping @Sendable () -> Void) {
        attach(g_timeout_source_new(guint(delay)), body)
    }

    private func attach(
        _ source: UnsafeMutablePointer<GSource>, _ body: @escaping @Sendable () -> Void
    ) {
        // Sources of one priority run in the order in which they were attached.
        g_source_set_priority(source, G_PRIORITY_DEFAULT)
        g_source_set_callback(
            source, runOnce, Unmanaged.passRetained(Action(body)).toOpaque(), releaseObject)
        g_source_attach(source, context)
        g_source_unref(source)
    }
}

private func runOnce(_ data: gpointer?) -> gboolean {
    Unmanaged<Action>.fromOpaque(data!).takeUnretainedValue().run()
    return 0
}
