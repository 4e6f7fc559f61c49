internal import Dispatch
internal import Glibc
internal import Synchronization

/// The process groups that tests have running, ended also when the tests themselves are interrupted.
enum LiveProcesses {
    private static let groups = Mutex<Set<pid_t>>([])

    // Installed with the first process: SIGINT, SIGTERM and SIGHUP end the groups, then this process as they would have.
    // Made once and never changed.
    private nonisolated(unsafe) static let watches: [any DispatchSourceSignal] = [
        SIGINT, SIGTERM, SIGHUP,
    ].map {
        number in
        Glibc.signal(number, SIG_IGN)
        let watch = DispatchSource.makeSignalSource(signal: number, queue: .global())
        watch.setEventHandler {
            groups.withLock { groups in for group in groups { kill(-group, SIGKILL) } }
            Glibc.signal(number, SIG_DFL)
            kill(getpid(), number)
        }
        watch.resume()
        return watch
    }

    static func add(_ group: pid_t) {
        _ = watches.count
        groups.withLock { _ = $0.insert(group) }
    }

    static func remove(_ group: pid_t) {
        groups.withLock { _ = $0.remove(group) }
    }
}
