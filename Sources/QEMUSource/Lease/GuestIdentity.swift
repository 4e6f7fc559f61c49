internal import Glibc

/// Which QEMU a monitor belongs to: the same for all its monitors, and for nobody else while it runs.
struct GuestIdentity: Hashable, Sendable {
    /// The abstract socket name that stands for the guest.
    let name: String

    /// A guest of that name.
    init(name: String) {
        self.name = name
    }

    /// The monitor that listens at `path`, by its file: for finding its holder before connecting to it. A program that connects and is
    /// refused stays in QEMU's queue, which has room for two, until the monitor is free. Nil when there is no such file.
    init?(monitorAt path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        name = "swiftvm-monitor-\(status.st_dev)-\(status.st_ino)"
    }

    /// Finds out who serves a connected monitor socket; `path` is where it listens, if it does.
    ///
    /// It is the process, and when that started, as numbers are used again. Where the process cannot be seen (another container, a
    /// /proc that hides others), or is this one, which a process cannot tell itself apart by, it is the socket's file. Nil when neither is
    /// known.
    init?(monitor socket: CInt, path: String?) {
        if let server = PeerProgram(of: socket), server.process > 0, server.process != getpid(),
            let start = GuestIdentity.start(of: server.process)
        {
            name = "swiftvm-guest-\(server.process)-\(start)"
            return
        }
        var status = stat()
        guard let path, stat(path, &status) == 0 else { return nil }
        name = "swiftvm-guest-socket-\(status.st_dev)-\(status.st_ino)"
    }

    /// When a process started, in clock ticks since boot: field 22 of /proc/PID/stat (proc(5)); nil when it cannot be read.
    static func start(of process: pid_t) -> UInt64? {
        start(inStat: SmallFile.read("/proc/\(process)/stat"))
    }

    /// The second field is a name in parentheses, which may hold anything: the last parenthesis ends it.
    static func start(inStat bytes: [UInt8]) -> UInt64? {
        guard let end = bytes.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = String(decoding: bytes[(end + 1)...], as: UTF8.self).split(separator: " ")
        return fields.count > 19 ? UInt64(fields[19]) : nil
    }
}
