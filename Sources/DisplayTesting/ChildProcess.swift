internal import Glibc
internal import Synchronization
internal import SystemPackage

/// A program that a test started and will end.
public final class ChildProcess: Sendable {
    /// Its process number.
    public let pid: Int32
    private let status = Mutex<Int32?>(nil)

    /// Starts a program with standard input from /dev/null. `output` gets what it prints to standard output, `error` what it prints to standard
    /// error; else they are the test's own.
    public init(
        _ path: String, _ arguments: [String], output: Int32? = nil, error errors: Int32? = nil
    ) throws(ScriptError) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        if let output { posix_spawn_file_actions_adddup2(&actions, output, 1) }
        if let errors { posix_spawn_file_actions_adddup2(&actions, errors, 2) }
        var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) }
        words.append(nil)
        defer { for word in words { free(word) } }
        var pid: pid_t = 0
        let error = posix_spawnp(&pid, path, &actions, nil, words, environ)
        guard error == 0 else { throw ScriptError("\(path): \(Errno(rawValue: error))") }
        self.pid = pid
    }

    deinit {
        send(SIGKILL)
        _ = wait()
    }

    /// Sends a signal, unless it has ended.
    public func send(_ signal: Int32) {
        status.withLock { status in
            if status == nil { kill(pid, signal) }
        }
    }

    /// Waits for its end: the exit status, or 128 and the signal that killed it.
    public func wait() -> Int32 {
        status.withLock { status in
            if let status { return status }
            var raw: Int32 = 0
            while waitpid(pid, &raw, 0) < 0, errno == EINTR {}
            let result = raw & 0x7f == 0 ? raw >> 8 & 0xff : 128 + raw & 0x7f
            status = result
            return result
        }
    }
}
