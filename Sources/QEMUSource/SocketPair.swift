internal import CShims
internal import Glibc
internal import GuestDisplay
internal import Synchronization
internal import SystemPackage

/// The two ends of a connection: one stays here, the other goes to QEMU.
struct SocketPair: ~Copyable {
    let ours: OwnedDescriptor
    let theirs: OwnedDescriptor

    /// `sendBuffer` is how many bytes QEMU may have sent that were not read yet; the system's limit (net.core.wmem_max) lowers it, and doubles what is left for
    /// its own bookkeeping (socket(7), SO_SNDBUF). Nil leaves the default.
    init(sendBuffer: Int? = nil) throws(DisplayError) {
        var pair: [CInt] = [-1, -1]
        guard swiftvm_socketpair(&pair) == 0 else {
            throw DisplayError("a socket pair could not be made: \(Errno(rawValue: errno))")
        }
        if let sendBuffer {
            // A smaller one works too.
            var bytes = CInt(clamping: sendBuffer)
            setsockopt(
                pair[1], SOL_SOCKET, SO_SNDBUF, &bytes, socklen_t(MemoryLayout<CInt>.size))
        }
        ours = OwnedDescriptor(owning: pair[0])
        theirs = OwnedDescriptor(owning: pair[1])
    }
}

/// A descriptor on its way through a closure, which cannot consume what it captures.
final class DescriptorBox: Sendable {
    private let held: Mutex<CInt?>

    init(_ descriptor: consuming OwnedDescriptor) {
        held = Mutex(descriptor.take())
    }

    deinit {
        if let number = held.withLock({ $0 }) { close(number) }
    }

    /// The descriptor, the first time; nil afterwards.
    func take() -> OwnedDescriptor? {
        let number = held.withLock { held in
            defer { held = nil }
            return held
        }
        guard let number else { return nil }
        return OwnedDescriptor(owning: number)
    }
}
