internal import CShims
internal import Glibc
public import GuestDisplay
internal import SystemPackage

/// Plays QEMU's end of a listener's socket: server of the authentication, caller of the methods, over a real socketpair.
///
/// Every call that waits gives up after ``timeout`` seconds with a ``ScriptError``. For one thread.
public final class ScriptedListenerPeer {
    /// Seconds until a wait is given up.
    public static let timeout = 60

    /// The peer's end; lent.
    public let descriptor: CInt
    private var clientEnd: CInt
    private var nextSerial: UInt32 = 1
    /// Calls that were sent and want an answer.
    private var unanswered: Set<UInt32> = []
    /// Answers that came before they were asked for.
    private var early: [UInt32: WireAnswer] = [:]

    /// Makes the socketpair.
    public init() throws(ScriptError) {
        var ends: [CInt] = [-1, -1]
        guard swiftvm_socketpair(&ends) == 0 else {
            throw ScriptError("socketpair: \(Errno(rawValue: errno))")
        }
        (descriptor, clientEnd) = (ends[0], ends[1])
        limitWaits()
    }

    /// Takes over a socket that a program sent for QEMU to talk to its listener on.
    init(_ socket: consuming OwnedDescriptor) {
        descriptor = socket.take()
        clientEnd = -1
        limitWaits()
    }

    private func limitWaits() {
        var limit = timeval(tv_sec: ScriptedListenerPeer.timeout, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(
                descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
    }

    deinit {
        close(descriptor)
        if clientEnd >= 0 { close(clientEnd) }
    }

    /// The program's end; once.
    public func takeClientEnd() -> OwnedDescriptor {
        precondition(clientEnd >= 0, "taken before")
        defer { clientEnd = -1 }
        return OwnedDescriptor(owning: clientEnd)
    }

    /// Ends the stream in both directions; what was sent can still be read.
    public func hangUp() {
        shutdown(descriptor, CInt(SHUT_RDWR))
    }

    // MARK: Authentication

    /// Plays the server's side to the end, and checks the client's lines.
    public func authenticate() throws(ScriptError) {
        let identity = try readAuthentication()
        let expected = String(geteuid()).utf8.map { String($0, radix: 16) }.joined()
        guard identity == "AUTH EXTERNAL \(expected)" else {
            throw ScriptError("expected AUTH EXTERNAL \(expected), got \(identity)")
        }
        try send(line: "OK 0123456789abcdef0123456789abcdef")
        let negotiation = try readLine()
        guard negotiation == "NEGOTIATE_UNIX_FD" else {
            throw ScriptError("expected NEGOTIATE_UNIX_FD, got \(negotiation)")
        }
        try send(line: "AGREE_UNIX_FD")
        let begin = try readLine()
        guard begin == "BEGIN" else { throw ScriptError("expected BEGIN, got \(begin)") }
    }

    /// Reads the NUL byte and the client's first line.
    public func readAuthentication() throws(ScriptError) -> String {
        let first = try read(1)
        guard first == [0] else { throw ScriptError("expected a NUL byte, got \(first)") }
        return try readLine()
    }

    /// Reads a line without its end.
    public func readLine() throws(ScriptError) -> String {
        var line: [UInt8] = []
        while line.suffix(2) != [13, 10] { line += try read(1) }
        return String(decoding: line.dropLast(2), as: UTF8.self)
    }

    /// Sends a line.
    public func send(line: String) throws(ScriptError) {
        try send(bytes: Array("\(line)\r\n".utf8))
    }

    // MARK: Messages

    /// Sends bytes as they are, descriptors with the first.
    public func send(bytes: [UInt8], descriptors: [CInt] = []) throws(ScriptError) {
        var sent = 0
        while sent < bytes.count {
            let passed = sent == 0 ? descriptors : []
            let got = bytes.withUnsafeBytes { bytes in
                swiftvm_send(
                    descriptor, bytes.baseAddress! + sent, bytes.count - sent, passed,
                    passed.count)
            }
            guard got >= 0 else { throw ScriptError("sendmsg: \(Errno(rawValue: errno))") }
            sent += got
        }
    }

    /// Sends a message; returns its serial.
    @discardableResult
    public func send(_ message: WireMessage) throws(ScriptError) -> UInt32 {
        let serial = message.serial ?? nextSerial
        nextSerial += 1
        if message.type == 1, message.flags & 1 == 0 { unanswered.insert(serial) }
        try send(bytes: message.encoded(serial: serial), descriptors: message.descriptors)
        return serial
    }

    /// Sends a message and reads the answer to it.
    public func call(_ message: WireMessage) throws(ScriptError) -> WireAnswer {
        let serial = try send(message)
        let answer = try readAnswer()
        guard answer.replySerial == serial else {
            throw ScriptError("expected an answer to \(serial), got \(answer)")
        }
        unanswered.remove(serial)
        return answer
    }

    /// Waits for the answer to one of the calls that were sent; others may be answered before. Throws when an answer is to no call, or to one that was
    /// answered before.
    public func answer(to serial: UInt32) throws(ScriptError) -> WireAnswer {
        while true {
            if let answer = early.removeValue(forKey: serial) { return answer }
            let answer = try readAnswer()
            guard unanswered.remove(answer.replySerial) != nil else {
                throw ScriptError("an answer to no call, or a second one: \(answer)")
            }
            early[answer.replySerial] = answer
        }
    }

    /// Throws when an answer to anything has come by the time that a Ping is answered.
    public func expectNoAnswer() throws(ScriptError) {
        let serial = try send(WireMessage("Ping", interface: "org.freedesktop.DBus.Peer"))
        _ = try answer(to: serial)
        guard early.isEmpty else {
            throw ScriptError("expected no answer, got \(early.values)")
        }
    }

    /// Reads the next answer.
    public func readAnswer() throws(ScriptError) -> WireAnswer {
        let fixed = try read(16)
        func number(_ bytes: [UInt8], _ offset: Int) -> Int {
            (0..<4).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
        }
        guard fixed[0] == UInt8(ascii: "l"), fixed[1] == 2 || fixed[1] == 3, fixed[3] == 1 else {
            throw ScriptError("expected an answer, got a header of \(fixed)")
        }
        let fieldsLength = number(fixed, 12)
        let fields = try read((fieldsLength + 7) & ~7)
        var answer = WireAnswer()
        answer.body = try read(number(fixed, 4))
        var offset = 0
        while offset < fieldsLength {
            let code = fields[offset]
            // Each field: code, signature of one character, value on its boundary.
            switch code {
            case 4, 6:
                let length = number(fields, offset + 4)
                let text = String(
                    decoding: fields[offset + 8..<offset + 8 + length], as: UTF8.self)
                if code == 4 { answer.errorName = text }
                offset += 8 + length + 1
            case 5:
                answer.replySerial = UInt32(number(fields, offset + 4))
                offset += 8
            case 8:
                let length = Int(fields[offset + 4])
                answer.signature = String(
                    decoding: fields[offset + 5..<offset + 5 + length], as: UTF8.self)
                offset += 5 + length + 1
            default:
                throw ScriptError("an answer has a field \(code)")
            }
            offset = (offset + 7) & ~7
        }
        guard (answer.errorName != nil) == (fixed[1] == 3) else {
            throw ScriptError("type \(fixed[1]) does not fit \(answer)")
        }
        return answer
    }

    /// Waits until the program's side has closed; throws when it sends something first.
    public func expectEnd() throws(ScriptError) {
        var byte: UInt8 = 0
        let got = recv(descriptor, &byte, 1, 0)
        guard got == 0 || (got < 0 && errno == ECONNRESET) else {
            throw ScriptError("expected the end of the stream, got \(got) bytes")
        }
    }

    private func read(_ count: Int) throws(ScriptError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let got = bytes.withUnsafeMutableBytes {
                recv(descriptor, $0.baseAddress! + filled, count - filled, 0)
            }
            guard got > 0 else {
                let what = got == 0 ? "the end of the stream" : "\(Errno(rawValue: errno))"
                throw ScriptError("expected \(count) bytes, got \(filled) and \(what)")
            }
            filled += got
        }
        return bytes
    }
}
