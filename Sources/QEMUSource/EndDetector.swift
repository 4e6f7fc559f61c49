internal import GuestDisplay

/// Finds out how the display ended, from what its connections tell. Used on the control loop alone.
struct EndDetector {
    /// What happened.
    enum Fact: Sendable {
        /// QEMU told over its monitor that the machine shuts down, and why (`ShutdownCause`, qapi/run-state.json).
        case shutdown
        /// A machine that had shut down runs again.
        case resumed
        /// The D-Bus connection to QEMU is closed, or its name has left the bus.
        case displayLost
        /// The connection to the bus itself is closed.
        case busLost
        /// The monitor's connection is closed.
        case monitorLost
        /// The QEMU that we started has ended.
        case exited(QEMUExit)
    }

    /// Whether we started the QEMU, so that its exit will tell.
    let isLaunched: Bool
    /// Whether a QMP monitor is connected, whose end will tell.
    var hasMonitor: Bool

    private var isShutDown = false
    private var isDisplayLost = false
    private var isMonitorLost = false
    private var isBusLost = false
    private var exit: QEMUExit?

    init(isLaunched: Bool, hasMonitor: Bool) {
        self.isLaunched = isLaunched
        self.hasMonitor = hasMonitor
    }

    /// Whether there is a reason to end, though perhaps not yet the knowledge how.
    var isEnding: Bool { isDisplayLost || isBusLost || exit != nil }

    /// Takes what happened, if anything; the end, once it is known.
    mutating func take(_ fact: Fact?) -> SourceEnd? {
        switch fact {
        case .shutdown: isShutDown = true
        case .resumed: isShutDown = false
        case .displayLost: isDisplayLost = true
        case .monitorLost: isMonitorLost = true
        case .exited(let exit): self.exit = exit
        case .busLost: isBusLost = true
        case nil: break
        }
        return known
    }

    /// The end as far as it is known for sure.
    private var known: SourceEnd? {
        if let exit {
            return exit == .exited(0) ? .guestQuit : .failed("QEMU \(exit)")
        }
        if isBusLost { return .failed("the connection to the bus was lost") }
        guard isDisplayLost, !isLaunched else { return nil }
        // A bus does not tell why a name has left it, and a human monitor neither.
        if !hasMonitor { return .guestQuit }
        guard isMonitorLost else { return nil }
        return isShutDown
            ? .guestQuit
            : .failed("the connection to QEMU was lost: it was killed or has crashed")
    }

    /// What to say when nothing more was heard within the limit; nil when a QEMU that we started is on its way out, whose exit will
    /// tell, however long a loaded machine takes over it.
    var presumed: SourceEnd? {
        if isLaunched, exit == nil, isShutDown || isMonitorLost { return nil }
        return known
            ?? .takenOver(
                """
                another program has taken the display over, and the guest goes on: attach again when it has \
                ended, or use a bus (-display dbus), which several programs can watch
                """)
    }
}
