/// Whether the guest runs.
public enum MachineState: Hashable, Sendable {
    /// The guest runs.
    case running
    /// The guest is paused, by anybody.
    case paused
    /// The guest has shut down, and the machine is still there.
    case shutDown
}

/// What can be done to a machine.
public enum MachineAction: String, Hashable, Sendable, CaseIterable {
    /// Stop the guest's clock.
    case pause
    /// Go on after a pause.
    case resume
    /// Restart the guest at once, as a reset button does.
    case reset
    /// Press the power button: asks the guest to shut down.
    case powerButton
    /// End the virtual machine at once.
    case quit
}

/// Control of a virtual machine. Implementations: QMP, a monitor chardev on a bus, and the scripted machine of the tests.
public protocol MachineControl: AnyObject, Sendable {
    /// What this connection can do; never changes.
    var actions: Set<MachineAction> { get }
    /// The state now, as far as known; nil where the connection cannot tell.
    var state: MachineState? { get }

    /// Does it. `completion` is called exactly once, on any thread: nil, or what went wrong. Never waits. An action outside
    /// ``actions`` fails.
    func perform(
        _ action: MachineAction, completion: @escaping @Sendable (DisplayError?) -> Void)
}
