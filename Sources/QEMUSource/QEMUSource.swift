internal import Dispatch
public import GuestDisplay
public import Logging
internal import Synchronization

/// The D-Bus display of a QEMU: reached over its monitor, on a message bus, or of a QEMU that this program starts.
public final class QEMUSource: DisplaySource {
    struct State {
        enum Phase { case new, connecting, connected, ended }

        var phase = Phase.new
        weak var delegate: (any DisplaySourceDelegate)?
        var objects = DisplayObjects()
        var connection: DBusConnection?
        var qmp: QMPClient?
        var updates: UpdateRequests?
        var hmp: HMPMachine?
        var machine: (any MachineControl)?
        var detector: EndDetector
        var listeners: [Head.ID: OpenHead] = [:]
        var isRefreshing = false
        /// Of the monitor and of the guest.
        var leases: [GuestLease] = []
        /// A program that did not let go of the guest, and whose leases we take when it has.
        var oldHolders: [LeaseHolder] = []
        /// The program that asked for the guest while we were connecting.
        var taker: PeerProgram?
        /// The monitors of a bus that others hold, by their paths: the next to be free is taken.
        var heldMonitors: Set<String> = []
    }

    let target: QEMUTarget
    let controlsMachine: Bool
    let takesOver: Bool
    let refreshRate: Int
    let limits: QEMULimits
    let logger: Logger
    let loop = ControlLoop()
    let launched: LaunchedQEMU?
    /// Whether connecting starts ``launched``; one that takes a display back does not.
    let startsQEMU: Bool
    /// Where heads are opened again: that waits for QEMU, so neither the loop nor a listener may.
    let reopening = DispatchQueue(label: "swiftvm.qemu.reopen")
    /// Where the monitor of a bus is asked for again: that waits for QEMU as well.
    let monitoring = DispatchQueue(label: "swiftvm.qemu.monitor")
    let state: Mutex<State>

    /// A source for that target; nothing is opened or started before ``connect(delegate:)``.
    ///
    /// Without `controlsMachine`, a monitor on a bus, which one program at a time can have, is left to another. With `takesOver`, the
    /// program that shows the guest peer to peer, if any, is made to let go; without it, connecting fails and names that program.
    /// `refreshRate` is about how often a second a screen is read that QEMU reads by its clock, where there is a QMP to ask over: a plain VGA's, while
    /// ``requestUpdate(of:)`` and input say that somebody wants it. With 0 QEMU is never asked, and reads it about 33 times a second.
    public convenience init(
        _ target: QEMUTarget, controlsMachine: Bool = true, takesOver: Bool = false,
        refreshRate: Int = 0, logger: Logger
    ) {
        self.init(
            target, controlsMachine: controlsMachine, takesOver: takesOver,
            refreshRate: refreshRate, limits: QEMULimits(), logger: logger)
    }

    /// The same with other time limits.
    package convenience init(
        _ target: QEMUTarget, controlsMachine: Bool = true, takesOver: Bool = false,
        refreshRate: Int = 0, limits: QEMULimits, logger: Logger
    ) {
        var launched: LaunchedQEMU?
        if case .launch(let launch) = target {
            launched = LaunchedQEMU(launch, limits: limits, logger: logger)
        }
        self.init(
            target, launched: launched, startsQEMU: launched != nil,
            controlsMachine: controlsMachine, takesOver: takesOver, refreshRate: refreshRate,
            limits: limits, logger: logger)
    }

    private init(
        _ target: QEMUTarget, launched: LaunchedQEMU?, startsQEMU: Bool, controlsMachine: Bool,
        takesOver: Bool, refreshRate: Int, limits: QEMULimits, logger: Logger
    ) {
        self.target = target
        self.launched = launched
        self.startsQEMU = startsQEMU
        self.controlsMachine = controlsMachine
        self.takesOver = takesOver
        self.refreshRate = refreshRate
        self.limits = limits
        self.logger = logger
        state = Mutex(
            State(detector: EndDetector(isLaunched: launched != nil, hasMonitor: false)))
    }

    /// A source of the same QEMU, also of one that this source has started, that makes who shows it let go.
    public func takingBack() -> (any DisplaySource)? {
        QEMUSource(
            target, launched: launched, startsQEMU: false, controlsMachine: controlsMachine,
            takesOver: true, refreshRate: refreshRate, limits: limits, logger: logger)
    }

    deinit {
        letGo(of: state.withLock { $0 })
        loop.stop()
    }

    // MARK: - What is known

    public var guestName: String { state.withLock { $0.objects.guestName } }

    public var heads: [Head] { state.withLock { $0.objects.heads } }

    public var ownsGuest: Bool { launched != nil }

    public var machine: (any MachineControl)? { state.withLock { $0.machine } }

    public func pointerMode(of head: Head.ID) -> PointerMode {
        state.withLock { $0.objects.consoles[head]?.mode } ?? .relative
    }

    /// How the QEMU that was started has ended; nil while it runs, and for one that was not started here. Known when
    /// the delegate hears of the end.
    public var exit: QEMUExit? { launched?.exit }

    // MARK: - The guest's life

    /// Connects, or starts QEMU and connects. Everything that takes time is done before QEMU is handed our end of the display.
    public func connect(delegate: any DisplaySourceDelegate) throws(DisplayError) {
        let isFirst = state.withLock { state in
            guard state.phase == .new else { return false }
            state.phase = .connecting
            state.delegate = delegate
            return true
        }
        guard isFirst else { throw DisplayError("this source was connected before") }
        loop.start()
        do {
            try connectTarget()
        } catch {
            var reason = state.withLock { $0.taker }.map(takenWhileConnecting) ?? error
            if let launched, startsQEMU {
                // One that ends by itself has said why, and its exit status tells more than its closed sockets.
                if launched.ended.wait(milliseconds: limits.end) != nil {
                    reason = launched.whyNotStarted()
                }
                // Its end is waited for, as the program's own may follow at once: the folder of its sockets goes with it.
                launched.terminate()
                _ = launched.ended.wait(milliseconds: 2 * limits.quit)
            }
            let last = state.withLock { state in
                state.phase = .ended
                return state
            }
            letGo(of: last)
            for lease in last.leases { lease.waitUntilFree() }
            throw reason
        }
        let machineState = machine?.state
        state.withLock { $0.phase = .connected }
        loop.post { [self] in
            if let machineState, machineState != .running { tell(machineState) }
            // What happened in the meantime counts now.
            if let taker = state.withLock({ $0.taker }) { return finish(taken(by: taker)) }
            if let end = state.withLock({ $0.detector.take(nil) }) { finish(end) }
        }
    }

    /// Lets go of the guest, which goes on; a QEMU that was started goes on too, and its monitor waits for another program.
    public func disconnect() {
        let listeners = state.withLock { state in
            defer { state.listeners = [:] }
            return state.listeners
        }
        for open in listeners.values { open.listener.close() }
        loop.post { [self] in finish(.guestQuit) }
    }

    /// Ends the QEMU that was started here, if it was: `quit` over its monitor, then SIGTERM, then SIGKILL, each when the one before has not
    /// helped in five seconds. Never waits; the delegate hears of the end. Does nothing for a guest that was not started here.
    public func endGuest() {
        guard let launched, launched.exit == nil else { return }
        guard let machine else { return launched.terminate() }
        machine.perform(.quit) { [logger] error in
            if let error { logger.warning("\(error)") }
        }
        loop.post(afterMilliseconds: limits.quit) { launched.terminate() }
    }

    // MARK: - Facts that end it

    /// Takes a fact about the end. Any thread.
    func note(_ fact: EndDetector.Fact) {
        loop.post { [self] in
            let (end, isEnding) = state.withLock { state in
                let end = state.detector.take(fact)
                return (state.phase == .connected ? end : nil, state.detector.isEnding)
            }
            if let end {
                finish(end)
            } else if isEnding {
                presumeEnd()
            }
        }
    }

    /// Ends it as presumed, unless something tells within the limit. On the loop.
    private func presumeEnd() {
        loop.post(afterMilliseconds: limits.end) { [weak self] in
            guard let self, state.withLock({ $0.phase }) == .connected else { return }
            if let end = state.withLock({ $0.detector.presumed }) {
                finish(end)
            } else {
                presumeEnd()
            }
        }
    }

    /// Ends the display, once. On the loop.
    func finish(_ end: SourceEnd) {
        let last: State? = state.withLock { state in
            guard state.phase == .connected else { return nil }
            state.phase = .ended
            return state
        }
        guard let last else { return }
        letGo(of: last)
        // Who hears of the end may want the guest again.
        for lease in last.leases { lease.waitUntilFree() }
        logger.info("the display has ended: \(end)")
        last.delegate?.source(self, didEnd: end)
    }

    func letGo(of last: State) {
        for open in last.listeners.values { open.listener.close() }
        last.connection?.close()
        last.updates?.close()
        last.qmp?.close()
        last.hmp?.close()
        // After all else: who gets it finds the monitor and the display free.
        for lease in last.leases { lease.release() }
        for holder in last.oldHolders { holder.stopWaiting() }
    }

    // MARK: - Telling the delegate (on the loop)

    func tell(_ machineState: MachineState) {
        let delegate = state.withLock { $0.phase == .connected ? $0.delegate : nil }
        delegate?.source(self, didChange: machineState)
    }
}
