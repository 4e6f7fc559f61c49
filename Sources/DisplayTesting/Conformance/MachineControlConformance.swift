public import GuestDisplay
internal import Synchronization

/// What every ``MachineControl`` must do. Each implementation runs it in its tests, over a running machine; ``run()`` throws the first rule that is
/// broken as a ``ScriptError``. The machine is paused in between, and running in the end.
public struct MachineControlConformance {
    private let machine: any MachineControl

    /// A suite over a running machine.
    public init(_ machine: any MachineControl) {
        self.machine = machine
    }

    /// Runs all rules.
    public func run() throws {
        let actions = machine.actions
        try require(!actions.isEmpty, "it can do something")
        try require(actions == machine.actions, "what it can do does not change")
        for action in MachineAction.allCases where !actions.contains(action) {
            try require(try failure(of: action) != nil, "\(action) fails, as it is not offered")
        }
        guard actions.contains(.pause), actions.contains(.resume) else { return }
        for round in 1...3 {
            try require(try failure(of: .pause) == nil, "pause \(round) succeeds")
            try wait("it is paused") { $0 == .paused }
            try require(try failure(of: .resume) == nil, "resume \(round) succeeds")
            try wait("it runs again") { $0 == .running }
        }
        guard actions.contains(.reset) else { return }
        try require(try failure(of: .reset) == nil, "reset succeeds")
        try wait("it runs after a reset") { $0 == .running }
    }

    /// Performs an action and waits for its one completion.
    private func failure(of action: MachineAction) throws -> DisplayError? {
        let answers = Mutex<[DisplayError?]>([])
        machine.perform(action) { error in answers.withLock { $0.append(error) } }
        try Deadline.wait("\(action) completes") { answers.withLock { !$0.isEmpty } }
        let all = answers.withLock { $0 }
        try require(all.count == 1, "\(action) completes once")
        return all[0]
    }

    // A machine whose state is not known (nil) cannot be held to it.
    private func wait(_ rule: String, until condition: (MachineState) -> Bool) throws {
        try Deadline.wait(rule) { machine.state.map(condition) ?? true }
    }

    private func require(_ holds: Bool, _ rule: String) throws {
        if !holds { throw ScriptError("MachineControl: \(rule)") }
    }
}
