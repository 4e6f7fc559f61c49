internal import CShims
internal import Glibc
internal import GuestDisplay
internal import Logging
internal import Synchronization
internal import SystemPackage

extension QEMUSource {
    /// Opens the target's connections and learns what is there. Blocks, within the limits.
    func connectTarget() throws(DisplayError) {
        switch target {
        case .monitor(let path):
            if let monitor = GuestIdentity(monitorAt: path) {
                try takeLease(of: monitor, named: path)
            }
            let socket = try QEMUSource.open(monitor: path)
            try takeLease(of: socket, named: path, path: path)
            try connectPeer(over: socket, named: path, greetingWithin: limits.greeting)
        case .launch(let launch):
            launched!.onExit { [weak self] exit in self?.note(.exited(exit)) }
            let socket = startsQEMU ? try launched!.start() : try openMonitorOfLaunched()
            try takeLease(of: socket, named: launch.binary, path: nil)
            try connectPeer(
                over: socket, named: launch.binary,
                greetingWithin: startsQEMU ? limits.launch : limits.greeting)
        case .bus(let address):
            try connectBus(address)
        }
    }

    static func open(monitor path: String) throws(DisplayError) -> OwnedDescriptor {
        let socket = swiftvm_connect_unix_now(path)
        if socket >= 0 { return OwnedDescriptor(owning: socket) }
        switch Errno(rawValue: errno) {
        case .noSuchFileOrDirectory, .notDirectory:
            throw DisplayError(
                """
                \(path): no such socket; give that of a QEMU with -display dbus,p2p=yes \
                -qmp unix:PATH,server=on,wait=off, or start one with '-- QEMU-ARGUMENTS'
                """)
        case .connectionRefused:
            var status = stat()
            if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFSOCK {
                throw DisplayError(
                    "\(path): this is no socket; give the path of a QMP socket, or boot an image with '-- -cdrom IMAGE'"
                )
            }
            throw DisplayError(
                "\(path): nobody listens on this socket: its QEMU has ended; start it again")
        case .wouldBlock:
            throw DisplayError(
                """
                \(path): more programs wait for this monitor than QEMU lets wait: another holds it; end \
                that, or use a bus (-display dbus), which several programs can watch
                """)
        case let error:
            throw DisplayError("\(path): \(error): check the path and who may use it")
        }
    }

    // MARK: - Peer to peer

    private func connectPeer(
        over socket: consuming OwnedDescriptor, named name: String, greetingWithin limit: Int
    ) throws(DisplayError) {
        let qmp = try connectMonitor(socket, named: name, greetingWithin: limit)
        let pair = try SocketPair()
        let theirs = pair.theirs
        let ours = DescriptorBox(pair.ours)
        do throws(QMPFailure) {
            _ = try qmp.execute(
                "getfd", ["fdname": .string("swiftvm")], descriptor: theirs.rawValue)
        } catch {
            throw qmp.describe(error, during: "getfd")
        }
        do throws(QMPFailure) {
            _ = try qmp.execute(
                "add_client",
                ["protocol": .string("@dbus-display"), "fdname": .string("swiftvm")])
        } catch {
            // ui/dbus.c: "D-Bus display is not in use"; a QEMU built without it knows no such protocol.
            if case .refused(let kind, let text) = error,
                kind == "DeviceNotActive" || text.contains("dbus-display")
            {
                throw DisplayError(
                    "\(name): this QEMU has no D-Bus display: start it with -display dbus,p2p=yes")
            }
            throw qmp.describe(error, during: "add_client")
        }
        try onLoop { [self] () throws(DisplayError) in
            do throws(DBusError) {
                guard let ours = ours.take() else { return }
                let connection = try DBusConnection.connect(peer: ours, limits: limits)
                connection.onClosed { [weak self] in self?.note(.displayLost) }
                try use(connection)
            } catch {
                throw DisplayError("\(name): QEMU's D-Bus display did not answer: \(error)")
            }
        }
    }

    /// Makes the machine's control over a QMP socket.
    func connectMonitor(
        _ socket: consuming OwnedDescriptor, named name: String, greetingWithin limit: Int
    ) throws(DisplayError) -> QMPClient {
        let qmp = QMPClient(
            socket: socket, name: name, limits: limits, logger: logger,
            onEvent: { [weak self] in self?.take($0) },
            onEnd: { [weak self] in self?.note(.monitorLost) })
        // At once, so that a program that takes the guest over need not wait for a greeting that may not come.
        let isTaken = state.withLock { state in
            state.qmp = qmp
            return state.taker != nil
        }
        if isTaken { qmp.close() }
        do {
            try qmp.negotiate(
                greetingWithin: limit, holder: state.withLock { $0.oldHolders.first?.program })
            let machine = QMPMachine(client: qmp) { [weak self] in self?.machineChanged($0) }
            state.withLock { state in
                state.machine = machine
                state.detector.hasMonitor = true
                if refreshRate > 0 {
                    state.updates = UpdateRequests(
                        client: qmp, rate: refreshRate, limits: limits, logger: logger)
                }
            }
            try machine.learnState()
        } catch {
            qmp.close()
            throw error
        }
        return qmp
    }

    private func take(_ event: QMPEvent) {
        logger.debug("QEMU: \(event.name)")
        if event.name == "SHUTDOWN" { note(.shutdown) }
        if event.name == "RESET" || event.name == "RESUME" { note(.resumed) }
        (machine as? QMPMachine)?.take(event)
    }

    func machineChanged(_ machineState: MachineState) {
        loop.post { [weak self] in self?.tell(machineState) }
    }

    // MARK: - On a bus

    private func connectBus(_ address: String?) throws(DisplayError) {
        let place = address.map { "the bus at \($0)" } ?? "the session bus"
        try onLoop { [self] () throws(DisplayError) in
            let bus: DBusConnection
            do throws(DBusError) {
                bus = try DBusConnection.connect(bus: address, limits: limits)
            } catch {
                throw DisplayError("\(place): \(error); is it running, and is its address right?")
            }
            guard bus.passesDescriptors else {
                bus.close()
                throw DisplayError(
                    "\(place) passes no file descriptors: use one on a Unix socket")
            }
            do throws(DBusError) {
                let owner = try owner(on: bus)
                let connection = bus.addressing(owner)
                bus.onClosed { [weak self] in self?.note(.busLost) }
                bus.subscribe(
                    interface: DisplayName.bus, member: "NameOwnerChanged", from: DisplayName.bus,
                    argument: owner
                ) { [weak self] _, _, arguments in
                    if arguments.last?.string == "" { self?.note(.displayLost) }
                }
                try use(connection)
            } catch {
                bus.close()
                throw error.name == "org.freedesktop.DBus.Error.NameHasNoOwner"
                    ? DisplayError(
                        "no org.qemu on \(place): start QEMU with -display dbus"
                            + (address.map { ",addr=\($0)" } ?? ""))
                    : DisplayError("org.qemu on \(place) shows no display: \(error)")
            }
        }
        if controlsMachine { connectBusMonitor() }
    }

    /// The unique name of the QEMU that is shown: others on the same bus wait for the name, and calls to it would then reach them.
    private func owner(on bus: DBusConnection) throws(DBusError) -> String {
        let name = [Variant.string(DisplayName.service)]
        let answer = try bus.call(
            DisplayName.busPath, DisplayName.bus, "GetNameOwner", name, to: DisplayName.bus,
            milliseconds: limits.call)
        let queued = try? bus.call(
            DisplayName.busPath, DisplayName.bus, "ListQueuedOwners", name, to: DisplayName.bus,
            milliseconds: limits.call)
        let count = queued?.children.first?.children.count ?? 1
        if count > 1 { logger.notice("\(count) QEMUs are on this bus; the first is shown") }
        return answer.children.first?.string ?? ""
    }

    // MARK: - Both

    /// Takes the connection into use and reads what QEMU shows. On the loop, where its signals arrive.
    private func use(_ connection: DBusConnection) throws(DBusError) {
        state.withLock { $0.connection = connection }
        // Signals first: what changes after the answer was written is told by one.
        watch(connection)
        let answer = try connection.call(
            DisplayName.root, DisplayName.objectManager, "GetManagedObjects",
            milliseconds: limits.call)
        let objects = DisplayObjects(managed: answer)
        state.withLock { $0.objects = objects }
        logger.info("heads: \(objects.listing)")
    }

    /// Runs `body` on the loop's thread and waits for it; it has time limits of its own.
    private func onLoop<Value: Sendable>(
        _ body: @escaping @Sendable () throws(DisplayError) -> Value
    ) throws(DisplayError) -> Value {
        let answer = Answer<Result<Value, DisplayError>>()
        loop.post {
            do throws(DisplayError) {
                answer.give(.success(try body()))
            } catch {
                answer.give(.failure(error))
            }
        }
        return try answer.wait().get()
    }
}
