internal import CShims
internal import Dispatch
internal import Glibc
internal import GuestDisplay
internal import Synchronization

/// Control of the machine over a human monitor, which is what QEMU puts on a bus by default.
///
/// A human monitor tells of nothing unasked: the state is what it was after our last command.
final class HMPMachine: MachineControl {
    /// What QEMU prints when it is ready for a command (monitor/hmp.c).
    private static let prompt = "(qemu) "

    private struct Command {
        let id: Int
        let line: String
        let completion: @Sendable (Result<String, DisplayError>) -> Void
    }

    private struct State {
        var isClosed = false
        var isReady = false
        var nextID = 0
        /// The first is running, once the monitor is ready.
        var commands: [Command] = []
        var received = ""
    }

    private let socket: OwnedDescriptor
    private let limits: QEMULimits
    private let talk = Mutex(State())
    private let runState: RunState

    /// Takes our end of the monitor's stream; `onChange` hears each new state, on the reading thread.
    init(
        socket: consuming OwnedDescriptor, limits: QEMULimits,
        onChange: @escaping @Sendable (MachineState) -> Void
    ) {
        self.socket = socket
        self.limits = limits
        runState = RunState(onChange: onChange)
        startThread("hmp") { [self] in read() }
    }

    var actions: Set<MachineAction> { Set(MachineAction.allCases) }

    var state: MachineState? { runState.current }

    /// Ends the connection; commands without an answer fail.
    func close() {
        shutdown(socket.rawValue, CInt(SHUT_RDWR))
    }

    /// Asks for the state and waits for it; false when the monitor does not answer.
    func learnState() -> Bool {
        let answer = Answer<Bool>()
        askState { answer.give($0) }
        return answer.wait()
    }

    func perform(
        _ action: MachineAction, completion: @escaping @Sendable (DisplayError?) -> Void
    ) {
        let command = action.qmpCommand
        run(command) { [weak self] result in
            switch result {
            case .success(let words) where !words.isEmpty:
                completion(
                    DisplayError("QEMU's monitor refused \(command): \(words.firstLine(upTo: 200))")
                )
            case .success:
                self?.askState { _ in completion(nil) }
            case .failure(let error):
                // A QEMU that quits gives no answer.
                completion(action == .quit && self?.isClosed == true ? nil : error)
            }
        }
    }

    private var isClosed: Bool { talk.withLock { $0.isClosed } }

    private func askState(_ completion: @escaping @Sendable (Bool) -> Void) {
        run("info status") { [runState] result in
            // "VM status: paused (shutdown)" (monitor/hmp-cmds.c, hmp_info_status)
            let words = (try? result.get())?.split { !$0.isLetter && $0 != "-" } ?? []
            guard words.starts(with: ["VM", "status"]), words.count > 2 else {
                return completion(false)
            }
            let isShutDown = words[3...].contains("shutdown")
            runState.set(isShutDown ? .shutDown : MachineState(runState: String(words[2])))
            completion(true)
        }
    }

    // MARK: - The conversation

    private func run(
        _ line: String, completion: @escaping @Sendable (Result<String, DisplayError>) -> Void
    ) {
        let (id, isClosed) = talk.withLock { state in
            defer { state.nextID += 1 }
            if !state.isClosed {
                state.commands.append(
                    Command(id: state.nextID, line: line, completion: completion))
                if state.isReady, state.commands.count == 1 { write(line) }
            }
            return (state.nextID, state.isClosed)
        }
        if isClosed {
            return completion(.failure(DisplayError("QEMU closed its monitor before \(line)")))
        }
        let limit = limits.command
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(limit)) { [weak self] in
            self?.giveUp(on: id, after: limit)
        }
    }

    private func write(_ line: String) {
        var bytes = line + "\n"
        bytes.withUTF8 { _ = swiftvm_send(socket.rawValue, $0.baseAddress!, $0.count, nil, 0) }
    }

    /// What comes after an answer that is late cannot be told apart, so the connection ends.
    private func giveUp(on id: Int, after limit: Int) {
        if talk.withLock({ $0.commands.contains { $0.id == id } }) { close() }
    }

    private func read() {
        var chunk = [UInt8](repeating: 0, count: 4096)
        var text = TerminalText()
        while true {
            let count = recv(socket.rawValue, &chunk, chunk.count, 0)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { break }
            text.append(chunk[..<count])
            guard text.lastLine == HMPMachine.prompt else { continue }
            finish(text.takeLines())
        }
        let commands = talk.withLock { state in
            state.isClosed = true
            defer { state.commands = [] }
            return state.commands
        }
        for command in commands {
            command.completion(
                .failure(DisplayError("QEMU closed its monitor during \(command.line)")))
        }
    }

    /// A prompt has come: `lines` are what stood before it.
    private func finish(_ lines: [String]) {
        let finished: Command? = talk.withLock { state in
            guard state.isReady else {
                state.isReady = true
                if let next = state.commands.first { write(next.line) }
                return nil
            }
            guard !state.commands.isEmpty else { return nil }
            let command = state.commands.removeFirst()
            if let next = state.commands.first { write(next.line) }
            return command
        }
        // The first line is the prompt with the echo of the command.
        finished?.completion(.success(lines.dropFirst().joined(separator: "\n")))
    }
}
