internal import CShims
internal import Dispatch
internal import Glibc
internal import GuestDisplay
internal import Logging
internal import Subprocess
internal import Synchronization
internal import SystemPackage

/// A QEMU that we started: its process, and the folder with its sockets.
///
/// It does not die with us: nothing ties it to our life, and its second monitor waits for whoever comes after us.
final class LaunchedQEMU: Sendable {
    private struct State {
        var pid: pid_t?
        var exit: QEMUExit?
        var failure: DisplayError?
        var monitor: String?
        var onExit: (@Sendable (QEMUExit) -> Void)?
    }

    private let launch: QEMULaunch
    private let limits: QEMULimits
    private let logger: Logger
    private let state = Mutex(State())
    /// Given when the process has ended, or could not be started.
    let ended = Answer<Void>()

    init(_ launch: QEMULaunch, limits: QEMULimits, logger: Logger) {
        self.launch = launch
        self.limits = limits
        self.logger = logger
    }

    /// How it ended; nil while it runs.
    var exit: QEMUExit? { state.withLock { $0.exit } }

    /// Where QEMU's monitor for other programs listens; nil before the start and after the end.
    var monitor: String? { state.withLock { $0.exit == nil ? $0.monitor : nil } }

    /// Calls that once when QEMU has ended, in place of what was given before; at once when it has already.
    func onExit(_ body: @escaping @Sendable (QEMUExit) -> Void) {
        let exit = state.withLock { state in
            if state.exit == nil { state.onExit = body }
            return state.exit
        }
        if let exit { body(exit) }
    }

    /// Starts QEMU and waits until it has connected its first monitor to us: that socket, non-blocking.
    func start() throws(DisplayError) -> OwnedDescriptor {
        let folder = try SocketFolder()
        let listener = try folder.listen()
        state.withLock { $0.monitor = folder.monitor }
        run(in: folder) { [self] in
            folder.remove()
            listener.wake()
            let (exit, onExit) = state.withLock { state in
                defer { state.onExit = nil }
                return (state.exit, state.onExit)
            }
            if let exit { onExit?(exit) }
            ended.give(())
        }
        let socket = listener.accept(milliseconds: limits.launch)
        unlink(folder.control)
        if socket == nil {
            terminate()
            _ = ended.wait(milliseconds: 3 * limits.quit)
        }
        guard let socket else { throw whyNotStarted() }
        logger.info("QEMU's monitor for other programs: \(folder.monitor)")
        return OwnedDescriptor(owning: socket)
    }

    /// Ends it: SIGTERM now, SIGKILL when that has not helped within the limit. Does nothing to one that has ended.
    func terminate() {
        signal(SIGTERM)
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(limits.quit)) { [self] in
            signal(SIGKILL)
        }
    }

    /// Sends a signal, unless it has ended.
    func signal(_ number: CInt) {
        state.withLock { state in
            if let pid = state.pid, state.exit == nil { kill(pid, number) }
        }
    }

    /// What to say of one that could not be shown.
    func whyNotStarted() -> DisplayError {
        state.withLock { state in
            if let failure = state.failure { return failure }
            guard let exit = state.exit else {
                return DisplayError(
                    "\(launch.binary) has not opened its monitor within \(limits.launch) ms")
            }
            return DisplayError(
                "\(launch.binary) \(exit) before it showed anything; its own words are above")
        }
    }

    // MARK: - The process

    private func run(in folder: SocketFolder, onEnd: @escaping @Sendable () -> Void) {
        let arguments = launch.arguments(control: folder.control, monitor: folder.monitor)
        logger.debug("starting \(launch.binary) \(arguments.joined(separator: " "))")
        // An executor of its own: `connect` blocks its caller, which may be a thread of Swift's pool, and one that waits for a
        // task must not be what the task needs.
        Task.detached(executorPreference: QueueExecutor(label: "qemu-process")) { [self] in
            do {
                let binary = launch.binary
                _ = try await Subprocess.run(
                    binary.contains("/") ? .path(FilePath(binary)) : .name(binary),
                    arguments: Arguments(arguments),
                    input: .currentStandardInput, output: .currentStandardOutput,
                    error: .currentStandardError
                ) { [self] execution in
                    let pid = execution.processIdentifier.value
                    state.withLock { $0.pid = pid }
                    // Here and not by the result: that is told by a task of Subprocess's own, for which the pool may have no thread.
                    let exit = waitForExit(of: pid)
                    state.withLock { $0.exit = exit }
                    onEnd()
                }
            } catch {
                if state.withLock({ $0.exit != nil }) { return }
                let failure = describe(error)
                state.withLock { $0.failure = failure }
                onEnd()
            }
        }
    }

    /// How a child of ours has ended, once it has; it is left to be reaped, and its number stays taken until then.
    private func waitForExit(of pid: pid_t) -> QEMUExit {
        var information = siginfo_t()
        while waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) < 0, errno == EINTR {}
        let status = information._sifields._sigchld.si_status
        return information.si_code == CLD_EXITED ? .exited(status) : .killed(signal: status)
    }

    private func describe(_ error: any Error) -> DisplayError {
        let missing =
            "install it (on Debian: apt install qemu-system-x86), or name another with --qemu PATH"
        guard let error = error as? SubprocessError else {
            return DisplayError("\(launch.binary) could not be started: \(error)")
        }
        let isThere = launch.binary.contains("/") && access(launch.binary, F_OK) == 0
        if isThere, access(launch.binary, X_OK) != 0 {
            return DisplayError("\(launch.binary) is no program that may be started; \(missing)")
        }
        if !isThere, error.code == .executableNotFound {
            return DisplayError("\(launch.binary): no such program; \(missing)")
        }
        let reason = error.underlyingError.map { "\($0)" } ?? "\(error)"
        return DisplayError(
            "\(launch.binary) could not be started: \(reason.firstLine(upTo: 200)); \(missing)")
    }
}

/// Runs tasks on a queue of its own.
private final class QueueExecutor: TaskExecutor {
    private let queue: DispatchQueue

    init(label: String) {
        queue = DispatchQueue(label: label)
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
