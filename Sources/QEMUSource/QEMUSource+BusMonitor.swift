internal import Dispatch
internal import Glibc
internal import GuestDisplay
internal import Logging
internal import Synchronization

/// The monitors that QEMU offers on a bus: any number of programs see the display there, but a monitor has one client.
extension QEMUSource {
    /// Takes the first monitor that a bus offers: one in control mode
    /// (`-chardev dbus,id=m,name=org.qemu.monitor.qmp.0 -mon chardev=m,mode=control`), else the human one, which QEMU has by default.
    /// Blocks. Where others hold all of them, the first that becomes free is taken then.
    func connectBusMonitor() {
        // One attempt after the other: a monitor may become free while it is asked for.
        monitoring.sync { takeBusMonitor() }
    }

    /// Hears of a change of a character device. On the loop.
    func changeChardev(_ path: String, _ changed: [String: Variant]) {
        // ui/dbus-chardev.c: the unique name of who registered, or nothing once that has gone.
        guard controlsMachine, changed["Owner"]?.string == "" else { return }
        monitoring.async { [weak self] in self?.monitorBecameFree(path) }
    }

    private func monitorBecameFree(_ path: String) {
        let isWanted = state.withLock {
            $0.phase != .ended && $0.machine == nil && $0.heldMonitors.contains(path)
        }
        guard isWanted else { return }
        logger.info("a monitor on the bus has become free")
        takeBusMonitor()
        let (updates, heads) = state.withLock { ($0.updates, $0.listeners.keys.sorted()) }
        for head in heads { updates?.open(head) }
        // What was taken while the display ended is for others.
        if let last = state.withLock({ $0.phase == .ended ? $0 : nil }) { return letGo(of: last) }
        if let machineState = machine?.state {
            loop.post { [weak self] in self?.tell(machineState) }
        }
    }

    private func takeBusMonitor() {
        let monitors = state.withLock { state in
            let chardevs = state.objects.chardevs
            let monitors =
                chardevs.filter { $0.name.hasPrefix("org.qemu.monitor.qmp.") }
                + chardevs.filter { $0.name.hasPrefix("org.qemu.monitor.hmp.") }
            state.heldMonitors = Set(monitors.map(\.path))
            return monitors
        }
        for monitor in monitors {
            do throws(DisplayError) {
                try take(monitor)
                logger.info("the machine is controlled over \(monitor.name)")
                return
            } catch {
                logger.warning("\(error)")
                let updates = state.withLock { state in
                    defer { state.updates = nil }
                    state.qmp = nil
                    state.machine = nil
                    state.detector.hasMonitor = false
                    return state.updates
                }
                updates?.close()
            }
        }
        if monitors.isEmpty {
            logger.notice("QEMU offers no monitor on the bus: the machine cannot be controlled")
        }
    }

    private func take(_ monitor: DisplayObjects.Chardev) throws(DisplayError) {
        let socket = try register(monitor)
        if monitor.name.contains(".qmp.") {
            _ = try connectMonitor(
                socket, named: monitor.name, greetingWithin: limits.greeting)
            return
        }
        let machine = HMPMachine(socket: socket, limits: limits) { [weak self] in
            self?.machineChanged($0)
        }
        guard machine.learnState() else {
            machine.close()
            throw DisplayError("\(monitor.name): the monitor does not answer")
        }
        state.withLock { state in
            state.hmp = machine
            state.machine = machine
        }
    }

    private func register(_ chardev: DisplayObjects.Chardev) throws(DisplayError) -> OwnedDescriptor
    {
        guard let connection = state.withLock({ $0.connection }) else {
            throw DisplayError("\(chardev.name): the display has ended")
        }
        let pair = try SocketPair()
        do throws(DBusError) {
            _ = try connection.call(
                chardev.path, DisplayName.chardev, "Register", [.handle(0)],
                descriptor: pair.theirs.rawValue, milliseconds: limits.call)
        } catch {
            // chardev/char-socket.c refuses a second client: "Couldn't register FD!"
            let holder = owner(of: chardev, on: connection)
            throw DisplayError(
                """
                \(chardev.name): \(holder?.description ?? "another program") holds this monitor; pause, \
                reset and power are its own until it ends
                """)
        }
        return pair.ours
    }

    /// Who holds a character device; nil where nobody tells.
    private func owner(
        of chardev: DisplayObjects.Chardev, on connection: DBusConnection
    ) -> PeerProgram? {
        let answer = try? connection.call(
            chardev.path, DisplayName.properties, "Get",
            [.string(DisplayName.chardev), .string("Owner")], milliseconds: limits.call)
        guard let name = answer?.children.first?.children.first?.string, !name.isEmpty else {
            return nil
        }
        func ask(_ method: String) -> UInt32? {
            let answer = try? connection.call(
                DisplayName.busPath, DisplayName.bus, method, [.string(name)], to: DisplayName.bus,
                milliseconds: limits.call)
            return answer?.children.first?.uint32
        }
        guard let process = ask("GetConnectionUnixProcessID"),
            let user = ask("GetConnectionUnixUser")
        else { return nil }
        return PeerProgram(process: pid_t(clamping: process), user: user)
    }
}
