internal import CShims
internal import Dispatch
internal import Glibc
internal import GuestDisplay
internal import Synchronization
internal import SystemPackage

/// That this program shows a guest: programs that ask find it, and one that asks for it is told to the holder.
///
/// A lease is an abstract Unix socket that listens under the guest's name. The kernel lets one process have a name, takes it back
/// however that process ends, and tells each side who the other is; no file is left, and it is the same for programs with
/// different runtime folders. A program that only wants to know who holds it connects and closes. One that wants the guest writes
/// ``request``; the holder lets go of the guest, then of the name, then closes the connection, or answers ``refusal``.
final class GuestLease: Sendable {
    /// What asks the holder to let go.
    static let request = UInt8(ascii: "t")
    /// What a holder answers to a user that may not ask.
    static let refusal = UInt8(ascii: "n")

    /// What came of asking for a lease.
    enum Outcome {
        case held(GuestLease)
        /// Another has it.
        case taken
        /// It cannot be had here at all.
        case failed(Errno)
    }

    /// More connections than that at once are closed unheard: each is a program that looks or waits.
    private static let maximumClients = 16

    private let listener: Mutex<CInt?>
    private let free = Answer<Void>()

    /// Takes the lease of a guest if nobody has it. `onRequest` is called, on a thread of the lease, for each trusted program that asks for
    /// the guest; it must not wait, and ``release()`` is the answer.
    static func take(
        _ guest: GuestIdentity, onRequest: @escaping @Sendable (PeerProgram) -> Void
    ) -> Outcome {
        let number = swiftvm_listen_abstract(guest.name)
        guard number >= 0 else {
            let error = Errno(rawValue: errno)
            return error == .addressInUse ? .taken : .failed(error)
        }
        return .held(GuestLease(listener: number, onRequest: onRequest))
    }

    private init(listener number: CInt, onRequest: @escaping @Sendable (PeerProgram) -> Void) {
        listener = Mutex(number)
        startThread("lease") { [free] in
            let clients = GuestLease.serve(number, onRequest)
            // The name first: who waits for the end of a connection takes it at once.
            close(number)
            for client in clients { close(client) }
            free.give(())
        }
    }

    deinit {
        release()
    }

    /// Gives the lease back; never waits. Idempotent.
    func release() {
        listener.withLock { listener in
            // Wakes the thread, which closes it.
            if let number = listener { shutdown(number, CInt(SHUT_RDWR)) }
            listener = nil
        }
    }

    /// Waits, after ``release()``, until others can have it. Not from `onRequest`.
    func waitUntilFree() {
        _ = free.wait(milliseconds: 5000)
    }

    // MARK: - The thread

    /// Serves until the listener is shut down: the connections that wait for the end.
    private static func serve(_ listener: CInt, _ onRequest: (PeerProgram) -> Void) -> [CInt] {
        var clients: [CInt] = []
        while true {
            var waiting = ([listener] + clients).map {
                pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
            }
            if poll(&waiting, nfds_t(waiting.count), -1) < 0 {
                if errno == EINTR { continue }
                return clients
            }
            for entry in waiting.dropFirst() where entry.revents != 0 {
                if hear(entry.fd, onRequest) { continue }
                close(entry.fd)
                clients.removeAll { $0 == entry.fd }
            }
            if waiting[0].revents & Int16(POLLHUP) != 0 { return clients }
            guard waiting[0].revents != 0 else { continue }
            let client = swiftvm_accept(listener)
            if client < 0 { continue }
            if clients.count < maximumClients {
                clients.append(client)
            } else {
                close(client)
            }
        }
    }

    /// Reads what a client wants; false when it has gone, or is to go.
    private static func hear(_ client: CInt, _ onRequest: (PeerProgram) -> Void) -> Bool {
        var byte: UInt8 = 0
        let count = recv(client, &byte, 1, CInt(MSG_DONTWAIT))
        if count < 0, errno == EAGAIN || errno == EINTR { return true }
        guard count == 1, byte == request, let program = PeerProgram(of: client) else {
            return false
        }
        guard program.isTrusted else {
            var answer = refusal
            send(client, &answer, 1, CInt(MSG_NOSIGNAL | MSG_DONTWAIT))
            return false
        }
        onRequest(program)
        return true
    }
}
