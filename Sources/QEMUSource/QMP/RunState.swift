internal import GuestDisplay
internal import Synchronization

/// The machine's state as last heard, and who wants to know.
final class RunState: Sendable {
    private let value = Mutex<MachineState?>(nil)
    private let onChange: @Sendable (MachineState) -> Void

    /// `onChange` is called on the thread that heard of a change; the first state is none.
    init(onChange: @escaping @Sendable (MachineState) -> Void) {
        self.onChange = onChange
    }

    /// The state now; nil until the first is known.
    var current: MachineState? { value.withLock { $0 } }

    /// Takes what was heard.
    func set(_ state: MachineState) {
        let isChange = value.withLock { value in
            defer { value = state }
            return value != nil && value != state
        }
        if isChange { onChange(state) }
    }
}

extension MachineState {
    /// From QEMU's name of a run state (qapi/run-state.json, `RunState`), as QMP and the human monitor's `info status` say it.
    init(runState: String) {
        switch runState {
        case "running": self = .running
        case "shutdown": self = .shutDown
        default: self = .paused
        }
    }
}
