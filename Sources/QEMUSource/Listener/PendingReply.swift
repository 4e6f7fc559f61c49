internal import Synchronization

/// Sends answers on a connection. Any thread, one answer at a time.
///
/// An answer that the peer does not read within the time limit ends the connection: it reads none of many by then, as an answer is some
/// hundred bytes and a socket holds two hundred kilobytes.
final class ReplySender: Sendable {
    private struct State {
        var serial: UInt32 = 0
        var failure: DBusWireError?
        var isEnded = false
    }

    private let socket: ListenerSocket
    private let timeout: Duration
    private let state = Mutex(State())

    init(socket: ListenerSocket, timeout: Duration) {
        self.socket = socket
        self.timeout = timeout
    }

    /// Why the connection was ended, if it was ended here.
    var failure: DBusWireError? { state.withLock { $0.failure } }

    /// Nothing is sent from here on: the socket is about to be closed, and its number may soon be another file's. Waits for an answer that is
    /// being sent.
    func end() {
        state.withLock { $0.isEnded = true }
    }

    /// Sends an answer. With `mayWait` false the peer must have room for it at once.
    fileprivate func send(
        _ reply: DBusReply, serial: UInt32, destination: String?, mayWait: Bool
    ) {
        state.withLock { state in
            guard state.failure == nil, !state.isEnded else { return }
            state.serial = state.serial == .max ? 1 : state.serial + 1
            let bytes = reply.encoded(
                serial: state.serial, replyTo: serial, destination: destination)
            let deadline = PollDeadline(after: mayWait ? timeout : .zero)
            do throws(DBusWireError) {
                try socket.send(bytes, deadline: deadline)
            } catch {
                state.failure = error
                socket.shutDown()
            }
        }
    }
}

/// The answer that one method call waits for: given at most once, by whoever is first. Nothing is sent when the caller wants none.
final class PendingReply: Sendable {
    private let sender: ReplySender
    private let serial: UInt32
    private let destination: String?
    private let isOpen: Mutex<Bool>

    /// Whether the caller waits.
    let isWanted: Bool

    init(to header: DBusMessageHeader, through sender: ReplySender) {
        self.sender = sender
        serial = header.frame.serial
        destination = header.sender
        isWanted = header.expectsReply
        isOpen = Mutex(header.expectsReply)
    }

    /// For all messages whose sender wants no answer.
    init(unwantedThrough sender: ReplySender) {
        self.sender = sender
        serial = 0
        destination = nil
        isWanted = false
        isOpen = Mutex(false)
    }

    /// Answers; nothing if answered before. `mayWait`: whether this thread may wait for room in the socket. Tells whether this was the answer.
    @discardableResult
    func send(_ reply: DBusReply, mayWait: Bool) -> Bool {
        let isFirst = isOpen.withLock { isOpen in
            defer { isOpen = false }
            return isOpen
        }
        if isFirst {
            sender.send(reply, serial: serial, destination: destination, mayWait: mayWait)
        }
        return isFirst
    }
}
