internal import GuestDisplay

/// Control of the machine over QMP.
final class QMPMachine: MachineControl {
    private let client: QMPClient
    private let runState: RunState

    /// `onChange` hears each new state, on the client's thread.
    init(client: QMPClient, onChange: @escaping @Sendable (MachineState) -> Void) {
        self.client = client
        runState = RunState(onChange: onChange)
    }

    var actions: Set<MachineAction> { Set(MachineAction.allCases) }

    var state: MachineState? { runState.current }

    /// Asks for the state and waits for it.
    func learnState() throws(DisplayError) {
        do {
            take(try client.execute("query-status"))
        } catch {
            throw client.describe(error, during: "query-status")
        }
    }

    /// Takes an event of the monitor.
    func take(_ event: QMPEvent) {
        switch event.name {
        // With -no-shutdown a guest that shuts down is stopped as well, after SHUTDOWN; it did not pause.
        case "STOP": if runState.current != .shutDown { runState.set(.paused) }
        case "RESUME": runState.set(.running)
        case "SHUTDOWN": runState.set(.shutDown)
        case "RESET", "SUSPEND", "WAKEUP", "GUEST_PANICKED":
            client.perform("query-status") { [weak self] in
                if let status = try? $0.get() { self?.take(status) }
            }
        default: break
        }
    }

    private func take(_ status: JSONValue) {
        if let name = status["status"]?.string { runState.set(MachineState(runState: name)) }
    }

    func perform(
        _ action: MachineAction, completion: @escaping @Sendable (DisplayError?) -> Void
    ) {
        let command = action.qmpCommand
        let client = client
        client.perform(command) { result in
            switch result {
            case .success:
                completion(nil)
            // A QEMU that quits may be gone before its answer is read.
            case .failure(.closed) where action == .quit:
                completion(nil)
            case .failure(let failure):
                completion(client.describe(failure, during: command))
            }
        }
    }
}

extension MachineAction {
    /// The command of qapi/misc.json and qapi/machine.json.
    var qmpCommand: String {
        switch self {
        case .pause: "stop"
        case .resume: "cont"
        case .reset: "system_reset"
        case .powerButton: "system_powerdown"
        case .quit: "quit"
        }
    }
}
