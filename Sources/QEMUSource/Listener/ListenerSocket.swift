internal import CShims
internal import Glibc
internal import GuestDisplay
internal import Synchronization
internal import SystemPackage

/// One end of a socket that one thread reads and any thread may shut down.
///
/// Non-blocking inside: each wait is a poll(2) with a deadline, or ends with ``shutDown()``.
final class ListenerSocket: Sendable {
    /// How many descriptors one message may bring along. Four planes are the most that a dma-buf has.
    static let maximumDescriptors = 16
    /// How many bytes the peer may send ahead: with Linux' default (net.core.wmem_default, 208 KiB) a picture's sender and its reader wait for each other
    /// dozens of times, each time a change of threads at both.
    static let sendBuffer = 8 << 20

    /// What one recvmsg(2) brought.
    struct Received: ~Copyable {
        var byteCount: Int
        /// Since when they lay there, as far as was seen.
        var begin: Moment
        var descriptors: [PassedDescriptor]
        /// Whether more descriptors came than were asked for; they are closed.
        var isTruncated: Bool
    }

    private struct State {
        var isShutDown = false
        /// Nil once closed.
        var descriptor: CInt?
    }

    private let state: Mutex<State>
    private let number: CInt
    /// Where recvmsg(2) puts descriptors' numbers. The reading thread's.
    private nonisolated(unsafe) let numbers: UnsafeMutablePointer<CInt>

    /// Takes over the socket.
    init(_ descriptor: consuming OwnedDescriptor) throws(Errno) {
        number = descriptor.rawValue
        let flags = fcntl(number, F_GETFL)
        if flags < 0 || fcntl(number, F_SETFL, flags | O_NONBLOCK) < 0 {
            throw Errno(rawValue: errno)
        }
        numbers = .allocate(capacity: ListenerSocket.maximumDescriptors)
        state = Mutex(State(descriptor: descriptor.take()))
    }

    deinit {
        closeDescriptor()
        numbers.deallocate()
    }

    /// Whether ``shutDown()`` was called.
    var isShutDown: Bool { state.withLock { $0.isShutDown } }

    /// Ends both directions: whoever waits in ``receive(into:maximumDescriptors:deadline:)`` or ``send(_:deadline:)`` comes back, the
    /// peer reads the end. Any thread; idempotent.
    func shutDown() {
        state.withLock { state in
            state.isShutDown = true
            if let descriptor = state.descriptor { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
    }

    /// Closes it, and with it what was not received. Only the reading thread, as its last call.
    func closeDescriptor() {
        state.withLock { state in
            state.isShutDown = true
            if let descriptor = state.descriptor { close(descriptor) }
            state.descriptor = nil
        }
    }

    /// Reads what is there, at least one byte, or nil at the end of the stream. `beforeWaiting` is called when there is nothing, and says whether there is something then.
    /// Only the reading thread.
    func receive(
        into buffer: UnsafeMutableRawBufferPointer, maximumDescriptors: Int,
        deadline: PollDeadline = .never,
        beforeWaiting: () throws(DBusWireError) -> Bool = { () throws(DBusWireError) in false }
    ) throws(DBusWireError) -> Received? {
        while true {
            var count = 0
            var isTruncated = false
            let begin = Moment.now
            let got = swiftvm_receive(
                number, buffer.baseAddress!, buffer.count, numbers,
                min(maximumDescriptors, ListenerSocket.maximumDescriptors), &count,
                &isTruncated)
            let error = errno
            if got > 0 {
                // Most bring none, and then nothing is allocated.
                let descriptors = (0..<count).map {
                    PassedDescriptor(OwnedDescriptor(owning: numbers[$0]))
                }
                return Received(
                    byteCount: got, begin: begin, descriptors: descriptors, isTruncated: isTruncated
                )
            }
            // Descriptors cannot come without a byte; whoever sends them with none gets them closed.
            for index in 0..<count { close(numbers[index]) }
            if got == 0 || isShutDown { return nil }
            switch error {
            case EAGAIN:
                if try beforeWaiting() { continue }
                try wait(for: Int16(POLLIN), deadline: deadline, doing: "reading")
            case ECONNRESET: return nil
            default: throw DBusWireError("recvmsg: \(Errno(rawValue: error))")
            }
        }
    }

    /// Sends all bytes, or none that anybody reads when the connection has ended at either side, which ``receive(into:maximumDescriptors:deadline:)``
    /// tells. One thread at a time.
    func send(_ bytes: [UInt8], deadline: PollDeadline) throws(DBusWireError) {
        var sent = 0
        while sent < bytes.count {
            let got = bytes.withUnsafeBytes {
                swiftvm_send(number, $0.baseAddress! + sent, bytes.count - sent, nil, 0)
            }
            if got >= 0 {
                sent += got
                continue
            }
            switch errno {
            case EAGAIN: try wait(for: Int16(POLLOUT), deadline: deadline, doing: "answering")
            case EPIPE, ECONNRESET: return
            case let error: throw DBusWireError("sendmsg: \(Errno(rawValue: error))")
            }
        }
    }

    /// Opens the connection as a D-Bus client does: one NUL byte with our credentials.
    func sendCredentials() throws(DBusWireError) {
        guard swiftvm_send_credentials(number) == 1 else {
            throw DBusWireError("sendmsg: \(Errno(rawValue: errno))")
        }
    }

    /// Whether there is something to read, or the stream's end, within so many nanoseconds, less than a second.
    func isReadable(within nanoseconds: Int) throws(DBusWireError) -> Bool {
        let ready = swiftvm_poll_readable(number, nanoseconds)
        if ready < 0 && errno != EINTR { throw DBusWireError("poll: \(Errno(rawValue: errno))") }
        return ready > 0
    }

    private func wait(
        for events: Int16, deadline: PollDeadline, doing operation: String
    ) throws(DBusWireError) {
        while true {
            guard let left = deadline.millisecondsLeft else {
                throw DBusWireError("\(operation): the peer was silent for too long")
            }
            var entry = pollfd(fd: number, events: events, revents: 0)
            let ready = poll(&entry, 1, left)
            if ready > 0 { return }
            if ready < 0 && errno != EINTR {
                throw DBusWireError("poll: \(Errno(rawValue: errno))")
            }
        }
    }
}

/// Until when a peer is waited for. (`ContinuousClock.Instant` is handled through its type's metadata, which shows where a message comes every millisecond.)
struct PollDeadline: Sendable {
    /// Waits as long as it takes.
    static let never = PollDeadline()

    /// Nil: there is none.
    private let limit: (begin: Moment, nanoseconds: UInt64)?

    private init() { limit = nil }

    /// So long from now on; at most a day.
    init(after duration: Duration) {
        let limited = min(max(duration, .zero), .seconds(86_400))
        limit = (.now, UInt64(limited / .nanoseconds(1)))
    }

    /// As poll(2) takes it: -1 for no limit. Nil when it has passed.
    var millisecondsLeft: CInt? {
        guard let limit else { return -1 }
        let passed = Moment.now.nanoseconds(since: limit.begin)
        if passed >= limit.nanoseconds { return nil }
        return CInt((limit.nanoseconds - passed) / 1_000_000 + 1)
    }
}

/// A received descriptor that waits for its message: closed by whoever takes it, or with this object.
final class PassedDescriptor: Sendable {
    private let number: Mutex<CInt?>

    init(_ descriptor: consuming OwnedDescriptor) {
        number = Mutex(descriptor.take())
    }

    deinit {
        if let number = number.withLock({ $0 }) { close(number) }
    }

    /// The descriptor, for whoever asks first.
    func take() -> OwnedDescriptor? {
        number.withLock { number in
            defer { number = nil }
            return number.map { OwnedDescriptor(owning: $0) }
        }
    }
}
