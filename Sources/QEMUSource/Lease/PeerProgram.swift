internal import CShims
internal import Glibc
internal import GuestDisplay

/// The program at the other end of a Unix socket, as the kernel tells it: nothing that it says itself is believed.
struct PeerProgram: Hashable, Sendable, CustomStringConvertible {
    /// Its process; 0 for one that cannot be seen from here, as in another container.
    let process: pid_t
    let user: uid_t
    /// The name that it was started by, text from outside; empty when unknown.
    let name: String

    /// Who is at the other end of a connected socket; nil when the kernel does not say.
    init?(of socket: CInt) {
        var process: pid_t = 0
        var user: uid_t = 0
        guard swiftvm_peer(socket, &process, &user) == 0 else { return nil }
        self.init(process: process, user: user)
    }

    /// That process of that user, with its name as /proc has it.
    init(process: pid_t, user: uid_t) {
        self.process = process
        self.user = user
        name = process > 0 ? PeerProgram.name(of: process) : ""
    }

    /// Whether it may tell us to let go: a program of the same user, or of root.
    var isTrusted: Bool { user == geteuid() || user == 0 }

    /// `swiftvm-gtk (pid 1234)`, with the user where that is another.
    var description: String {
        guard process > 0 else { return "a program that cannot be seen from here" }
        let whose = user == geteuid() ? "" : ", user \(user)"
        return "\(name.isEmpty ? "a program" : name) (pid \(process)\(whose))"
    }

    /// The last part of the first word of its command line, which is not cut at 15 bytes as `comm` is.
    private static func name(of process: pid_t) -> String {
        let bytes = SmallFile.read("/proc/\(process)/cmdline").prefix { $0 != 0 }
        let last = bytes.split(separator: UInt8(ascii: "/")).last ?? []
        return String(decoding: last, as: UTF8.self).firstLine(upTo: 40)
    }
}

/// Files of /proc.
enum SmallFile {
    /// The first 4096 bytes of a file; empty when it cannot be read.
    static func read(_ path: String) -> [UInt8] {
        let number = open(path, O_RDONLY | O_CLOEXEC)
        guard number >= 0 else { return [] }
        let file = OwnedDescriptor(owning: number)
        return [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
            count = max(0, Glibc.read(file.rawValue, buffer.baseAddress, buffer.count))
        }
    }
}
