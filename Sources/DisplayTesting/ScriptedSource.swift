public import GuestDisplay
internal import Synchronization

/// A guest that a test plays: the test emits pictures and changes, and reads what arrived as input.
public final class ScriptedSource: DisplaySource {
    private struct State {
        var heads: [Head]
        var sinks: [Head.ID: any HeadSink] = [:]
        var modes: [Head.ID: PointerMode] = [:]
        var inputs: [(head: Head.ID, event: InputEvent)] = []
        var layouts: [(head: Head.ID, layout: HeadLayout)] = []
        var delegate: (any DisplaySourceDelegate)?
        var isConnected = false
        var hasEnded = false
    }

    /// Serialises what heads and delegate hear, as a source's own thread would.
    private let turn = Mutex(())
    private let state: Mutex<State>
    private let name: String
    private let failure: DisplayError?
    private let scriptedMachine: ScriptedMachine?
    private let successor: (@Sendable () -> any DisplaySource)?

    /// Whether the guest ends with the program.
    public let ownsGuest: Bool

    /// A guest with these heads; with `failure`, one that cannot be reached; with `successor`, one whose display can be taken back,
    /// by the source that the closure makes.
    public init(
        name: String = "scripted", heads: [Head], ownsGuest: Bool = false,
        machine: ScriptedMachine? = nil, failure: DisplayError? = nil,
        successor: (@Sendable () -> any DisplaySource)? = nil
    ) {
        self.name = name
        self.successor = successor
        self.ownsGuest = ownsGuest
        self.failure = failure
        scriptedMachine = machine
        state = Mutex(State(heads: heads.sorted { $0.id < $1.id }))
    }

    public var guestName: String { state.withLock { $0.isConnected ? name : "" } }

    public var heads: [Head] { state.withLock { $0.isConnected ? $0.heads : [] } }

    public var machine: (any MachineControl)? { scriptedMachine }

    /// What arrived as input, in order.
    public var inputs: [(head: Head.ID, event: InputEvent)] { state.withLock { $0.inputs } }

    /// The layouts that arrived, in order.
    public var layouts: [(head: Head.ID, layout: HeadLayout)] { state.withLock { $0.layouts } }

    public func connect(delegate: any DisplaySourceDelegate) throws(DisplayError) {
        if let failure { throw failure }
        state.withLock {
            $0.isConnected = true
            $0.delegate = delegate
        }
        scriptedMachine?.observe { [weak self] state in
            guard let self else { return }
            self.tell { $0.source(self, didChange: state) }
        }
    }

    public func open(_ head: Head.ID, sink: any HeadSink) throws(DisplayError) {
        let isKnown = state.withLock { state in
            guard state.isConnected, !state.hasEnded,
                state.heads.contains(where: { $0.id == head })
            else { return false }
            state.sinks[head] = sink
            return true
        }
        if !isKnown { throw DisplayError("no head \(head)") }
    }

    public func close(_ head: Head.ID) {
        turn.withLock { _ in state.withLock { $0.sinks[head] = nil } }
    }

    public func pointerMode(of head: Head.ID) -> PointerMode {
        state.withLock { $0.modes[head] ?? .relative }
    }

    public func send(_ event: InputEvent, to head: Head.ID) {
        state.withLock { state in
            if case .pointerPosition = event, state.modes[head] != .absolute { return }
            if case .pointerMotion = event, state.modes[head] == .absolute { return }
            state.inputs.append((head, event))
        }
    }

    public func setLayout(_ layout: HeadLayout, of head: Head.ID) {
        state.withLock { $0.layouts.append((head, layout)) }
    }

    public func endGuest() {
        if ownsGuest { end(.guestQuit) }
    }

    public func disconnect() {
        end(.guestQuit)
    }

    public func takingBack() -> (any DisplaySource)? { successor?() }

    /// Hands a head an event; false when it is not open. Throws what the head refused it with.
    @discardableResult
    public func emit(_ event: DisplayEvent, to head: Head.ID) throws(SurfaceError) -> Bool {
        var failure: SurfaceError?
        let isOpen = turn.withLock { _ in
            guard let sink = state.withLock({ $0.sinks[head] }) else { return false }
            do throws(SurfaceError) {
                try sink.receive(event)
            } catch {
                failure = error
            }
            return true
        }
        if let failure { throw failure }
        return isOpen
    }

    /// Changes the pointing device.
    public func setPointerMode(_ mode: PointerMode, of head: Head.ID) {
        state.withLock { $0.modes[head] = mode }
        tell { $0.source(self, didChange: mode, of: head) }
    }

    /// Adds and removes heads.
    public func setHeads(_ heads: [Head]) {
        let sorted = heads.sorted { $0.id < $1.id }
        state.withLock { $0.heads = sorted }
        tell { $0.source(self, didChange: sorted) }
    }

    /// Ends the guest; only the first time counts.
    public func end(_ end: SourceEnd) {
        turn.withLock { _ in
            let delegate = state.withLock { state -> (any DisplaySourceDelegate)? in
                guard state.isConnected, !state.hasEnded else { return nil }
                state.hasEnded = true
                state.sinks = [:]
                return state.delegate
            }
            delegate?.source(self, didEnd: end)
        }
    }

    private func tell(_ body: (any DisplaySourceDelegate) -> Void) {
        turn.withLock { _ in
            let delegate = state.withLock { $0.hasEnded ? nil : $0.delegate }
            if let delegate { body(delegate) }
        }
    }
}

/// A machine that a test plays.
public final class ScriptedMachine: MachineControl {
    private struct State {
        var machine = MachineState.running
        var performed: [MachineAction] = []
        var observer: (@Sendable (MachineState) -> Void)?
    }

    private let current = Mutex(State())

    /// What it can do.
    public let actions: Set<MachineAction>

    /// A running machine.
    public init(actions: Set<MachineAction> = Set(MachineAction.allCases)) {
        self.actions = actions
    }

    public var state: MachineState? { current.withLock { $0.machine } }

    /// What was done, in order.
    public var performed: [MachineAction] { current.withLock { $0.performed } }

    public func perform(
        _ action: MachineAction, completion: @escaping @Sendable (DisplayError?) -> Void
    ) {
        guard actions.contains(action) else {
            completion(DisplayError("this machine cannot \(action.rawValue)"))
            return
        }
        let change = current.withLock {
            state -> (MachineState, @Sendable (MachineState) -> Void)? in
            state.performed.append(action)
            let next: MachineState =
                switch action {
                case .pause: .paused
                case .resume, .reset: .running
                case .powerButton, .quit: .shutDown
                }
            guard next != state.machine else { return nil }
            state.machine = next
            return state.observer.map { (next, $0) }
        }
        if let (state, observer) = change { observer(state) }
        completion(nil)
    }

    func observe(_ observer: @escaping @Sendable (MachineState) -> Void) {
        current.withLock { $0.observer = observer }
    }
}
