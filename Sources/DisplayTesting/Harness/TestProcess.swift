internal import Glibc
internal import Synchronization

/// A program that a test runs: in its own process group, its output in files, ended by its number.
public final class TestProcess: Sendable {
    /// Its process number, which is its group's, too.
    public let pid: Int32
    /// What the test calls it.
    public let name: String
    private let log: String?
    private let status = Mutex<Int32?>(nil)
    private let hasEnded = Mutex(false)

    /// Starts it. `log` is the files' path without the endings `.out` and `.err`; nil discards its output. Variables of
    /// `environment` are added to this process's; an empty value removes one.
    public init(
        _ program: String, _ arguments: [String], name: String, log: String?,
        environment: [String: String] = [:], input: CInt? = nil
    ) throws {
        self.name = name
        self.log = log
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        for (number, ending) in [(CInt(1), ".out"), (2, ".err")] {
            posix_spawn_file_actions_addopen(
                &actions, number, log.map { $0 + ending } ?? "/dev/null",
                O_WRONLY | O_CREAT | O_APPEND, 0o600)
        }
        // What other tests of this process have open is not for it.
        for number in CInt(3)..<256 { posix_spawn_file_actions_addclose(&actions, number) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var usual = sigset_t()
        sigemptyset(&usual)
        for number in [SIGINT, SIGTERM, SIGHUP, SIGPIPE] { sigaddset(&usual, number) }
        posix_spawnattr_setsigdefault(&attributes, &usual)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes,
            Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) }
        var variables = TestProcess.environment(with: environment)
        defer { for pointer in words + variables { free(pointer) } }
        words.append(nil)
        variables.append(nil)
        var pid: pid_t = 0
        let code = posix_spawnp(&pid, program, &actions, &attributes, words, variables)
        guard code == 0 else {
            throw HarnessError("cannot start \(program): \(String(cString: strerror(code)))")
        }
        self.pid = pid
        LiveProcesses.add(pid)
    }

    deinit {
        end()
    }

    /// What it wrote to standard error so far.
    public var standardError: String { log.map { TestProcess.text($0 + ".err") } ?? "" }

    /// What it wrote to standard output so far.
    public var standardOutput: String { log.map { TestProcess.text($0 + ".out") } ?? "" }

    /// The file with its standard output.
    public var outputPath: String? { log.map { $0 + ".out" } }

    /// Its exit status, or 128 and the number of the signal that ended it; nil while it runs.
    public var exitStatus: Int32? {
        status.withLock { known in
            if known != nil { return known }
            var word: CInt = 0
            guard waitpid(pid, &word, WNOHANG) == pid else { return nil }
            known = word & 0x7f == 0 ? (word >> 8) & 0xff : 128 + (word & 0x7f)
            return known
        }
    }

    /// Waits until it has ended.
    public func waitForExit(within seconds: Double = 60) throws -> Int32 {
        try eventually("\(name) exits", within: seconds, details: { standardError }) { exitStatus }
    }

    /// Sends it a signal, if it still runs.
    public func signal(_ number: CInt) {
        if exitStatus == nil { kill(pid, number) }
    }

    /// Ends it: asks first, then does not. Also whatever it left in its process group. Returns when it is gone.
    public func end() {
        let isFirst = hasEnded.withLock { ended in
            defer { ended = true }
            return !ended
        }
        guard isFirst else { return }
        if exitStatus == nil {
            kill(pid, SIGCONT)
            kill(pid, SIGTERM)
            if (try? waitForExit(within: 3)) == nil {
                kill(pid, SIGKILL)
                _ = try? waitForExit(within: 10)
            }
        }
        kill(-pid, SIGKILL)
        LiveProcesses.remove(pid)
    }

    /// Removes the files with its output.
    public func removeOutput() {
        guard let log else { return }
        unlink(log + ".out")
        unlink(log + ".err")
    }

    /// The whole of a text file; empty when there is none.
    public static func text(_ path: String) -> String {
        guard let file = fopen(path, "re") else { return "" }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }

    private static func environment(
        with changes: [String: String]
    ) -> [UnsafeMutablePointer<CChar>?] {
        var result: [UnsafeMutablePointer<CChar>?] = []
        // Without an address, GLib starts a bus of its own wherever dbus-x11 is installed, and leaves it behind.
        let changes = ["DBUS_SESSION_BUS_ADDRESS": "disabled:"].merging(changes) { $1 }
        var entry = environ
        while let pointer = entry.pointee {
            let text = String(cString: pointer)
            if changes[String(text.prefix { $0 != "=" })] == nil { result.append(strdup(text)) }
            entry += 1
        }
        for (name, value) in changes where !value.isEmpty {
            result.append(strdup("\(name)=\(value)"))
        }
        return result
    }
}
