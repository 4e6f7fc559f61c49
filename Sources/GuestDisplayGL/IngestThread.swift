internal import Dispatch
internal import Glibc
internal import Synchronization

/// What an ingest thread does again and again: an object, as a closure would be allocated each time.
protocol IngestJob: AnyObject, Sendable {
    func run()
}

/// A thread of its own that runs jobs in order, one after the other: the only one that uses the ingest's context.
final class IngestThread: Sendable {
    /// Something to do.
    enum Job: Sendable {
        case closure(@Sendable () -> Void)
        case object(any IngestJob)

        fileprivate func run() {
            switch self {
            case .closure(let body): body()
            case .object(let job): job.run()
            }
        }
    }

    private struct State {
        var jobs: [Job] = []
        var isSignalled = false
        var isStopped = false
        var thread: pthread_t?
    }

    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)
    /// Held while jobs run.
    private let turn = Lock()

    /// Starts the thread. `begin` runs first on it, `end` last.
    init(begin: @escaping @Sendable () -> Void, end: @escaping @Sendable () -> Void) {
        let body = Body { [self] in
            begin()
            runUntilStopped()
            turn.withLock(end)
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

    /// Runs a job on the thread after those before it; false, and never, once the thread was stopped.
    @discardableResult
    func enqueue(_ job: Job) -> Bool {
        let (accepted, signal) = state.withLock { state in
            if state.isStopped { return (false, false) }
            state.jobs.append(job)
            defer { state.isSignalled = true }
            return (true, !state.isSignalled)
        }
        if signal { wake.signal() }
        return accepted
    }

    /// Runs a job that needs no context at once, on the calling thread in the place of this one, where this one has nothing to do; false, and not run, where it has.
    /// Nothing is run after the end.
    func runInPlace(_ job: any IngestJob) -> Bool {
        turn.withLockIfAvailable {
            let isIdle = state.withLock { $0.jobs.isEmpty && !$0.isStopped }
            if isIdle { job.run() }
            return isIdle
        } ?? false
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
        // Both lists keep their room.
        var jobs: [Job] = []
        while true {
            wake.wait()
            let isStopped = turn.withLock {
                let isStopped = state.withLock { state in
                    swap(&jobs, &state.jobs)
                    state.isSignalled = false
                    return state.isStopped
                }
                for job in jobs { job.run() }
                return isStopped
            }
            jobs.removeAll(keepingCapacity: true)
            if isStopped { return }
        }
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
