internal import CShims
internal import Glibc
internal import GuestDisplay
internal import SystemPackage

/// A folder that only this user can enter, with the sockets of one QEMU.
struct SocketFolder: Sendable {
    /// Where it is: below XDG_RUNTIME_DIR, else TMPDIR, else /tmp.
    let path: String
    /// QEMU connects to this socket of ours.
    var control: String { path + "/control" }
    /// QEMU listens here for other programs.
    var monitor: String { path + "/monitor" }

    /// Makes the folder, with mode 0700.
    init() throws(DisplayError) {
        let parents = (["XDG_RUNTIME_DIR", "TMPDIR"] as [String]).compactMap { name in
            getenv(name).map { String(cString: $0) }
        }
        let parent: String =
            parents.first { !$0.isEmpty && access($0, W_OK | X_OK) == 0 } ?? "/tmp"
        var template = Array("\(parent)/swiftvm-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw DisplayError(
                "\(parent): a folder for QEMU's sockets could not be made: \(Errno(rawValue: errno))"
            )
        }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Removes the folder and what is in it.
    func remove() {
        unlink(control)
        unlink(monitor)
        rmdir(path)
    }

    /// Listens at ``control``.
    func listen() throws(DisplayError) -> ListeningSocket {
        let number = swiftvm_listen_unix(control)
        guard number >= 0 else {
            let error = Errno(rawValue: errno)
            remove()
            throw DisplayError("\(control): a socket could not be made: \(error)")
        }
        return ListeningSocket(OwnedDescriptor(owning: number))
    }
}

/// A listening socket that one thread waits on and another may wake.
final class ListeningSocket: Sendable {
    private let descriptor: OwnedDescriptor

    init(_ descriptor: consuming OwnedDescriptor) {
        self.descriptor = descriptor
    }

    /// Waits for a client and returns its descriptor, non-blocking, which the caller owns; nil after that time or a wake.
    func accept(milliseconds: Int) -> CInt? {
        var waiting = pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0)
        var count: CInt
        repeat {
            count = poll(&waiting, 1, CInt(milliseconds))
        } while count < 0 && errno == EINTR
        guard count > 0 else { return nil }
        let client = swiftvm_accept(descriptor.rawValue)
        return client < 0 ? nil : client
    }

    /// Makes the wait end, now and from now on: a socket that is shut down is readable, and accepts nobody.
    func wake() {
        shutdown(descriptor.rawValue, CInt(SHUT_RDWR))
    }
}
