internal import CShims
internal import Dispatch
internal import Glibc
internal import GuestDisplay
internal import Logging
internal import Synchronization
internal import SystemPackage

/// Why a QMP command has no answer.
enum QMPFailure: Error, Hashable, Sendable {
    /// QEMU refused: its error class, such as `DeviceNotActive` (qapi/error.json), and its words.
    case refused(class: String, text: String)
    /// The connection ended before the answer.
    case closed
    /// No answer within the limit.
    case silent(milliseconds: Int)
    /// The command could not be written.
    case unsent(Errno)
}

/// What QEMU tells unasked (qapi/run-state.json and others), such as `SHUTDOWN`.
struct QMPEvent: Sendable {
    let name: String
    let data: JSONValue
}

/// A command that is sent often, always the same: its text is made once, and its answers are known by their mark and not parsed.
final class QMPRepetition: Sendable {
    fileprivate let line: String
    fileprivate let mark: [UInt8]
    /// What the marks of all begin with.
    fileprivate static let prefix = "swiftvm-"
    fileprivate let onAnswer: @Sendable (Answer) -> Bool

    /// What comes of a command that was sent.
    enum Answer: Hashable, Sendable {
        /// An error of the class `GenericError`.
        case genericError
        /// Another error, or a success.
        case other
        /// The connection has ended, for good.
        case closed
    }

    /// A command; `mark` is a word that no other has. `onAnswer` is called on the client's thread, for each answer that comes and at the connection's end,
    /// and says whether it will be sent again: if not, it need not be removed.
    init(
        _ command: String, _ arguments: [String: JSONValue], mark: String,
        onAnswer: @escaping @Sendable (Answer) -> Bool
    ) {
        let mark = QMPRepetition.prefix + mark
        let message: [String: JSONValue] = [
            "execute": .string(command), "arguments": .object(arguments), "id": .string(mark),
        ]
        line = JSONValue.object(message).text + "\n"
        self.mark = Array("\"\(mark)\"".utf8)
        self.onAnswer = onAnswer
    }
}

/// A client of a QEMU monitor in control mode (docs/interop/qmp-spec), over any stream socket.
///
/// A thread of its own reads; all methods may be called from any thread. Whoever makes one closes it.
final class QMPClient: Sendable {
    /// What the user calls it: the first word of every error.
    let name: String

    /// The longest line that is believed; no answer to a command of ours comes near.
    static let maximumLine = 4 << 20

    private struct State {
        var isClosed = false
        var nextID: Int64 = 1
        var waiting: [Int64: @Sendable (Result<JSONValue, QMPFailure>) -> Void] = [:]
        var repetitions: [QMPRepetition] = []
    }

    private enum Greeting {
        case message(JSONValue)
        case garbage([UInt8])
        case closed
    }

    private let socket: OwnedDescriptor
    private let limits: QEMULimits
    private let logger: Logger
    private let state = Mutex(State())
    private let greeting = Answer<Greeting>()
    /// The first bytes received, for the error about what is no QMP.
    private let first = Mutex<[UInt8]>([])

    /// Takes a connected socket and begins to read. `onEvent` and then, once, `onEnd` are called on the reading thread.
    init(
        socket: consuming OwnedDescriptor, name: String, limits: QEMULimits, logger: Logger,
        onEvent: @escaping @Sendable (QMPEvent) -> Void, onEnd: @escaping @Sendable () -> Void
    ) {
        self.socket = socket
        self.name = name
        self.limits = limits
        self.logger = logger
        startThread("qmp") { [self] in
            read(onEvent: onEvent)
            onEnd()
        }
    }

    /// Ends the connection; commands without an answer fail.
    func close() {
        shutdown(socket.rawValue, CInt(SHUT_RDWR))
    }

    /// Waits for the greeting, checks the version and enters command mode. `holder` is a program that was asked to let go of the guest
    /// and did not.
    func negotiate(
        greetingWithin milliseconds: Int, holder: PeerProgram? = nil
    ) throws(DisplayError) {
        switch greeting.wait(milliseconds: milliseconds) {
        case .message(let message):
            guard let version = QEMUVersion(greeting: message) else { throw notQMP([]) }
            logger.info("\(name): QEMU \(version)")
            guard version >= QEMUVersion.firstWithDisplay else {
                throw DisplayError(
                    "\(name): QEMU \(version) is too old: its D-Bus display came with 7.0")
            }
        case .garbage(let bytes):
            throw notQMP(bytes)
        case .closed:
            throw DisplayError(
                "\(name): closed without a greeting: this is no QMP monitor, or its QEMU is ending")
        case nil:
            let received = first.withLock { $0 }
            if !received.isEmpty { throw notQMP(received) }
            if let holder {
                let kill = holder.process > 0 ? " (kill -KILL \(holder.process))" : ""
                throw DisplayError(
                    """
                    \(name): \(holder) holds this monitor and does not let go of it: it is stopped or \
                    stuck, or may not be asked; end it\(kill) and try again
                    """)
            }
            throw DisplayError(
                """
                \(name): no greeting from QEMU within \(milliseconds) ms: another program holds this \
                monitor; end it, give QEMU one more -qmp unix:PATH,server=on,wait=off and use that, or \
                use a bus (-display dbus), which several programs can watch
                """)
        }
        do {
            _ = try execute("qmp_capabilities")
        } catch {
            throw describe(error, during: "qmp_capabilities")
        }
    }

    /// Runs a command and waits for its answer. `descriptor` goes along with it and stays the caller's.
    func execute(
        _ command: String, _ arguments: [String: JSONValue] = [:], descriptor: CInt? = nil
    ) throws(QMPFailure) -> JSONValue {
        let answer = Answer<Result<JSONValue, QMPFailure>>()
        let id = send(command, arguments, descriptor: descriptor) { answer.give($0) }
        guard let result = answer.wait(milliseconds: limits.command) else {
            state.withLock { $0.waiting[id] = nil }
            throw .silent(milliseconds: limits.command)
        }
        return try result.get()
    }

    /// Runs a command; `completion` is called exactly once, within the limit, on any thread.
    func perform(
        _ command: String, completion: @escaping @Sendable (Result<JSONValue, QMPFailure>) -> Void
    ) {
        let id = send(command, [:], descriptor: nil, completion: completion)
        let limit = limits.command
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(limit)) { [weak self] in
            self?.complete(id, with: .failure(.silent(milliseconds: limit)))
        }
    }

    /// Runs a command; `completion` is called exactly once, on any thread: with the answer, however late, or at the connection's end.
    func begin(
        _ command: String, _ arguments: [String: JSONValue],
        completion: @escaping @Sendable (Result<JSONValue, QMPFailure>) -> Void
    ) {
        _ = send(command, arguments, descriptor: nil, completion: completion)
    }

    /// From here on answers to that command are known.
    func add(_ repetition: QMPRepetition) {
        state.withLock { $0.repetitions.append(repetition) }
    }

    /// Its answers are not looked for any more.
    func remove(_ repetition: QMPRepetition) {
        state.withLock { $0.repetitions.removeAll { $0 === repetition } }
    }

    /// Sends a command that was added; false where that cannot be. Never waits.
    func send(_ repetition: QMPRepetition) -> Bool {
        state.withLock { !$0.isClosed && write(repetition.line, descriptor: nil) == nil }
    }

    /// One line for a user about a command that failed.
    func describe(_ failure: QMPFailure, during command: String) -> DisplayError {
        switch failure {
        case .refused(_, let text):
            DisplayError("\(name): QEMU refused \(command): \(text)")
        case .closed:
            DisplayError("\(name): QEMU closed the monitor during \(command)")
        case .silent(let limit):
            DisplayError(
                "\(name): QEMU did not answer \(command) within \(limit) ms: is it stopped?")
        case .unsent(let errno):
            DisplayError("\(name): \(command) could not be sent: \(errno)")
        }
    }

    // MARK: - Writing

    private func send(
        _ command: String, _ arguments: [String: JSONValue], descriptor: CInt?,
        completion: @escaping @Sendable (Result<JSONValue, QMPFailure>) -> Void
    ) -> Int64 {
        // Registered and written under one lock, so that commands go out in the order of their numbers. The write does not wait: a
        // socket that takes no more belongs to a QEMU that has read nothing for hundreds of commands.
        let (id, failure) = state.withLock { state -> (Int64, QMPFailure?) in
            let id = state.nextID
            state.nextID += 1
            if state.isClosed { return (id, .closed) }
            var message: [String: JSONValue] = ["execute": .string(command), "id": .integer(id)]
            if !arguments.isEmpty { message["arguments"] = .object(arguments) }
            state.waiting[id] = completion
            if let error = write(JSONValue.object(message).text + "\n", descriptor: descriptor) {
                state.waiting[id] = nil
                return (id, .unsent(error))
            }
            return (id, nil)
        }
        if let failure { completion(.failure(failure)) }
        return id
    }

    private func write(_ line: String, descriptor: CInt?) -> Errno? {
        var line = line
        return line.withUTF8 { bytes in
            var descriptor = descriptor ?? -1
            let sent = swiftvm_send(
                socket.rawValue, bytes.baseAddress!, bytes.count, &descriptor,
                descriptor < 0 ? 0 : 1)
            if sent == bytes.count { return nil }
            // Half a line would spoil the next command.
            let error = sent < 0 ? Errno(rawValue: errno) : .wouldBlock
            if sent > 0 { shutdown(socket.rawValue, CInt(SHUT_RDWR)) }
            return error
        }
    }

    // MARK: - Reading

    private func read(onEvent: (QMPEvent) -> Void) {
        var lines = LineBuffer(maximum: QMPClient.maximumLine)
        var chunk = [UInt8](repeating: 0, count: 16384)
        reading: while true {
            var waiting = pollfd(fd: socket.rawValue, events: Int16(POLLIN), revents: 0)
            if poll(&waiting, 1, -1) < 0, errno != EINTR { break }
            let count = recv(socket.rawValue, &chunk, chunk.count, 0)
            if count < 0, errno == EAGAIN || errno == EINTR { continue }
            if count <= 0 { break }
            first.withLock { first in
                if first.count < 80 { first.append(contentsOf: chunk[..<min(count, 80)]) }
            }
            guard lines.append(chunk[..<count]) else {
                logger.error("\(name): a line of more than \(QMPClient.maximumLine) bytes: closed")
                greeting.give(.garbage([]))
                break
            }
            while let line = lines.next() {
                if line.allSatisfy({ $0 == 0x20 || $0 == 0x0d }) || takeRepeated(line) { continue }
                guard let message = JSONValue(parsing: line) else {
                    greeting.give(.garbage(Array(line.prefix(80))))
                    logger.debug("\(name): a line that is no JSON was left out")
                    continue
                }
                take(message, onEvent: onEvent)
            }
        }
        greeting.give(.closed)
        let (waiting, repetitions) = state.withLock { state in
            state.isClosed = true
            defer { (state.waiting, state.repetitions) = ([:], []) }
            return (state.waiting, state.repetitions)
        }
        for repetition in repetitions { _ = repetition.onAnswer(.closed) }
        for (_, completion) in waiting.sorted(by: { $0.key < $1.key }) {
            completion(.failure(.closed))
        }
    }

    /// Whether a line answers a command that is sent often; if so, it was told.
    private func takeRepeated(_ line: some Collection<UInt8>) -> Bool {
        let repetitions = state.withLock { $0.repetitions }
        // Such an answer is short, whatever it says.
        guard !repetitions.isEmpty, line.count < 1024 else { return false }
        return line.withContiguousStorageIfAvailable { line in
            for repetition in repetitions where line.holds(repetition.mark) {
                let isGeneric = line.holds(QMPClient.genericError)
                if !repetition.onAnswer(isGeneric ? .genericError : .other) { remove(repetition) }
                return true
            }
            return false
        } ?? false
    }

    private static let genericError = Array("\"GenericError\"".utf8)

    private func take(_ message: JSONValue, onEvent: (QMPEvent) -> Void) {
        if message["QMP"] != nil {
            greeting.give(.message(message))
        } else if let name = message["event"]?.string {
            onEvent(QMPEvent(name: name, data: message["data"] ?? .null))
        } else if let id = message["id"]?.integer, let error = message["error"] {
            complete(
                id,
                with: .failure(
                    .refused(
                        class: error["class"]?.string ?? "", text: error["desc"]?.string ?? "?")))
        } else if let id = message["id"]?.integer, let value = message["return"] {
            complete(id, with: .success(value))
        } else if message["id"]?.string?.hasPrefix(QMPRepetition.prefix) == true {
            // What was removed meanwhile, or a client's that had this monitor before us: QEMU gives answers to who is there.
            logger.debug("\(name): an answer that nobody waits for any more was left out")
        } else {
            greeting.give(.garbage([]))
            logger.warning("\(name): an answer to nothing was left out")
        }
    }

    private func complete(_ id: Int64, with result: Result<JSONValue, QMPFailure>) {
        state.withLock { $0.waiting.removeValue(forKey: id) }?(result)
    }

    private func notQMP(_ bytes: [UInt8]) -> DisplayError {
        let words = String(decoding: bytes, as: UTF8.self).firstLine(upTo: 60)
        let says = words.isEmpty ? "" : " (it says \"\(words)\")"
        return DisplayError(
            """
            \(name): this is no QMP monitor\(says); start QEMU with \
            -qmp unix:PATH,server=on,wait=off and give that PATH
            """)
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// Whether these bytes, at least one, are among them.
    fileprivate func holds(_ bytes: [UInt8]) -> Bool {
        guard count >= bytes.count else { return false }
        return (0...count - bytes.count).contains { start in
            self[start] == bytes[0] && memcmp(baseAddress! + start, bytes, bytes.count) == 0
        }
    }
}
