internal import Glibc
public import SystemPackage

/// A file descriptor and the duty to close it. What was received or opened becomes one at the boundary and is closed by
/// this value alone.
public struct OwnedDescriptor: ~Copyable, Sendable {
    /// The number, for calls that borrow it. Never close it.
    public let rawValue: CInt

    /// Takes over a descriptor that nobody else closes.
    public init(owning rawValue: CInt) {
        self.rawValue = rawValue
    }

    deinit {
        close(rawValue)
    }

    /// Whether poll(2) finds it readable now.
    public var isReadable: Bool {
        var state = pollfd(fd: rawValue, events: Int16(POLLIN), revents: 0)
        return poll(&state, 1, 0) == 1 && state.revents & Int16(POLLIN) != 0
    }

    /// A second descriptor of the same file, closed on exec. Throws what fcntl(2) reports.
    public borrowing func duplicate() throws(Errno) -> OwnedDescriptor {
        let copy = fcntl(rawValue, F_DUPFD_CLOEXEC, 0)
        if copy < 0 { throw Errno(rawValue: errno) }
        return OwnedDescriptor(owning: copy)
    }

    /// Gives the number away; the caller closes it.
    public consuming func take() -> CInt {
        let number = rawValue
        discard self
        return number
    }
}
