internal import CShims
internal import Glibc
internal import GuestDisplay

/// The program that has a guest's lease, seen from one that wants it.
final class LeaseHolder: Sendable {
    /// What a holder did when it was asked to let go.
    enum Answer {
        /// It has, or has ended.
        case hasLetGo
        /// It does not take it from this user.
        case refused
        /// It has not answered: it is stopped, or stuck.
        case silent
    }

    /// Who it is.
    let program: PeerProgram
    private let socket: OwnedDescriptor

    /// Connects to who has the lease of a guest; nil when nobody has, any more.
    init?(of guest: GuestIdentity) {
        let number = swiftvm_connect_abstract_now(guest.name)
        if number >= 0 {
            socket = OwnedDescriptor(owning: number)
            program = PeerProgram(of: number) ?? PeerProgram(process: 0, user: geteuid())
            return
        }
        // As many wait already as its listener takes: it is there, and does not look.
        guard errno == EAGAIN else { return nil }
        socket = OwnedDescriptor(owning: -1)
        program = PeerProgram(process: 0, user: geteuid())
    }

    /// Asks it to let go of the guest, and waits for that.
    func letGo(milliseconds: Int) -> Answer {
        var byte = GuestLease.request
        guard socket.rawValue >= 0 else { return .silent }
        // One that has just gone is told by the reading.
        send(socket.rawValue, &byte, 1, CInt(MSG_NOSIGNAL))
        guard wait(milliseconds: CInt(clamping: milliseconds)) else { return .silent }
        let count = recv(socket.rawValue, &byte, 1, CInt(MSG_DONTWAIT))
        return count == 1 ? .refused : .hasLetGo
    }

    /// Waits until it has let go after all, or until ``stopWaiting()``.
    func waitForEnd() {
        while socket.rawValue >= 0, wait(milliseconds: -1) {
            var byte: UInt8 = 0
            if recv(socket.rawValue, &byte, 1, CInt(MSG_DONTWAIT)) <= 0 { return }
        }
    }

    /// Makes ``waitForEnd()`` return, now and from now on.
    func stopWaiting() {
        if socket.rawValue >= 0 { shutdown(socket.rawValue, CInt(SHUT_RDWR)) }
    }

    private func wait(milliseconds: CInt) -> Bool {
        var waiting = pollfd(fd: socket.rawValue, events: Int16(POLLIN), revents: 0)
        var count: CInt
        repeat {
            count = poll(&waiting, 1, milliseconds)
        } while count < 0 && errno == EINTR
        return count > 0
    }
}
