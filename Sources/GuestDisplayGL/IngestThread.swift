internal import Dispatch
internal import Glibc
internal import Synchronization

/// A thread of its own that runs jobs in order: the only one that uses the ingest's context.
final class IngestThread: Sendable {
    typealias Job = @Sendable () -> Void

    private struct State {
        var jobs: [Job] = []
        var isSignalled = false
        var isStopped = false
        var thread: pthread_t?
    }

    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)

    /// Starts the thread. `begin` runs first on it, `end` last.
    init(begin: @escaping Job, end: @escaping Job) {
        let body = Body { [self] in
            begin()
            runUntilStopped()
            end()
        }
        let context = Unmanaged.passRetained(body).toOpaque()
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { context in
                Unmanaged<Body>.fromOpaque(context!).takeRetainedValue().run()
                return nil
            }, context)
        // Only a process at its limit of threads gets here; it cannot show anything either.
        precondition(code == 0, "pthread_create: error \(code)")
        state.withLock { $0.thread = thread }
    }

    /// Runs `job` on the thread after those before it; false, and never, once the thread was stopped.
    @discardableResult
    func enqueue(_ job: @escaping Job) -> Bool {
        let (accepted, signal) = state.withLock { state in
            if state.isStopped { return (false, false) }
            state.jobs.append(job)
            defer { state.isSignalled = true }
            return (true, !state.isSignalled)
        }
        if signal { wake.signal() }
        return accepted
    }

    /// Lets the thread finish the jobs it has and waits for its end; from the thread itself, does not wait. Idempotent.
    func stop() {
        let thread = state.withLock { state in
            state.isStopped = true
            defer { state.thread = nil }
            return state.thread
        }
        guard let thread else { return }
        wake.signal()
        if pthread_equal(thread, pthread_self()) != 0 {
            pthread_detach(thread)
        } else {
            pthread_join(thread, nil)
        }
    }

    private func runUntilStopped() {
        while true {
            wake.wait()
            let (jobs, isStopped) = state.withLock { state in
                defer {
                    state.jobs = []
                    state.isSignalled = false
                }
                return (state.jobs, state.isStopped)
            }
            for job in jobs { job() }
            if isStopped { return }
        }
    }

    private final class Body: Sendable {
        let run: Job
        init(_ run: @escaping Job) { self.run = run }
    }
}
