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
        var alarm: (@Sendable () -> Bool)?
        /// Whether the reading thread leaves the socket alone until the next alarm.
        var isResting = false
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
    /// Of the alarm; -1 where there is none.
    private let timer = swiftvm_timer()
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

    deinit {
        if timer >= 0 { Glibc.close(timer) }
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

    /// Has `body` called on the reading thread at the times of ``setAlarm(at:)``, until the connection's end. It must not wait, and says whether a next time is set, a
    /// moment from now: until then QEMU's answers to what is sent often, and its events, may lie unread, so that one wake-up does for both. False where
    /// there is no timer. Once.
    func onAlarm(_ body: @escaping @Sendable () -> Bool) -> Bool {
        guard timer >= 0 else { return false }
        state.withLock { $0.alarm = body }
        return true
    }

    /// Sets the next alarm to a time of CLOCK_MONOTONIC in nanoseconds, which may have passed; 0 for never. Any thread.
    func setAlarm(at nanoseconds: UInt64) {
        swiftvm_timer_set(timer, nanoseconds)
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
            // Somebody waits for this answer.
            if state.isResting { setAlarm(at: 1) }
            return (id, nil)
        }
        if let failure { completion(.failure(failure)) }
        return id
    }

    private func write(_ line: String, descriptor: CInt?) -> Errno? {
        var line = line
        return line.withUTF8 { bytes in
            var descriptor = descriptor ?? -1
            let sent = swiftvm_send_now(
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
        /// Whether another alarm is set, and the socket was empty when it was looked at last.
        var (isAlarmNear, isEmpty) = (false, false)
        while let isTime = waitForInput(mayRest: isAlarmNear && isEmpty) {
            let count = recv(socket.rawValue, &chunk, chunk.count, CInt(MSG_DONTWAIT))
            if count == 0 || count < 0 && errno != EAGAIN && errno != EINTR { break }
            if count > 0, !take(chunk[..<count], into: &lines, onEvent: onEvent) { break }
            isEmpty = count < chunk.count
            // What has come is taken before more is asked for.
            if isTime { isAlarmNear = state.withLock { $0.alarm }?() ?? false }
        }
        greeting.give(.closed)
        let (waiting, repetitions) = state.withLock { state in
            state.isClosed = true
            defer { (state.waiting, state.repetitions, state.alarm) = ([:], [], nil) }
            return (state.waiting, state.repetitions)
        }
        for repetition in repetitions { _ = repetition.onAnswer(.closed) }
        for (_, completion) in waiting.sorted(by: { $0.key < $1.key }) {
            completion(.failure(.closed))
        }
    }

    /// For how long the socket is left alone at most, in milliseconds: alarms may be put off again and again.
    private static let longestRest: CInt = 50

    /// Waits until there is something to read, or the alarm's time has come, which it tells; nil when it cannot. With `mayRest` it waits for the alarm and
    /// the connection's end only, unless somebody waits for an answer, and not for long.
    private func waitForInput(mayRest: Bool) -> Bool? {
        let isResting = state.withLock { state in
            state.isResting = mayRest && state.waiting.isEmpty
            return state.isResting
        }
        // Without a timer its entry is passed over (poll(2), a negative number).
        var entries = (
            pollfd(fd: socket.rawValue, events: isResting ? 0 : Int16(POLLIN), revents: 0),
            pollfd(fd: timer, events: Int16(POLLIN), revents: 0)
        )
        let ready = withUnsafeMutablePointer(to: &entries) {
            $0.withMemoryRebound(to: pollfd.self, capacity: 2) {
                poll($0, 2, isResting ? QMPClient.longestRest : -1)
            }
        }
        if ready < 0 { return errno == EINTR ? false : nil }
        return entries.1.revents != 0 && swiftvm_timer_take(timer)
    }

    /// Takes what was received; false when no more can be.
    private func take(
        _ bytes: ArraySlice<UInt8>, into lines: inout LineBuffer, onEvent: (QMPEvent) -> Void
    ) -> Bool {
        first.withLock { first in
            if first.count < 80 { first.append(contentsOf: bytes.prefix(80)) }
        }
        // Mostly an answer that is known, alone and whole: that is not copied.
        if lines.isEmpty, bytes.firstIndex(of: 0x0a) == bytes.endIndex - 1,
            takeRepeated(bytes.dropLast())
        {
            return true
        }
        guard lines.append(bytes) else {
            logger.error("\(name): a line of more than \(QMPClient.maximumLine) bytes: closed")
            greeting.give(.garbage([]))
            return false
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
        return true
    }

    /// Whether a line answers a command that is sent often; if so, it was told.
    private func takeRepeated(_ line: some Collection<UInt8>) -> Bool {
        let repetitions = state.withLock { $0.repetitions }
        // Such an answer is short, whatever it says.
        guard !repetitions.isEmpty, line.count < 1024 else { return false }
        return line.withContiguousStorageIfAvailable { line in
            for repetition in repetitions {
                guard let answer = repetition.answer(in: line) else { continue }
                if !repetition.onAnswer(answer) { remove(repetition) }
                return true
            }
            return false
        } ?? false
    }

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
