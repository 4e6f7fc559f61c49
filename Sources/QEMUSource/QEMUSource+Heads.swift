internal import Glibc
public import GuestDisplay
internal import Logging
internal import Synchronization
internal import SystemPackage

extension QEMUSource {
    // MARK: - What changes

    /// Hears of every change. On the loop.
    func watch(_ connection: DBusConnection) {
        connection.subscribe(interface: DisplayName.properties, member: "PropertiesChanged") {
            [weak self] path, _, arguments in
            guard let self, arguments.count == 3, let interface = arguments[0].string else {
                return
            }
            if interface == DisplayName.vm {
                refresh()
            } else {
                change(path, interface, arguments[1].dictionary)
            }
        }
        connection.subscribe(interface: DisplayName.objectManager) { [weak self] path, _, _ in
            if path == DisplayName.root { self?.refresh() }
        }
    }

    private func change(_ path: String, _ interface: String, _ changed: [String: Variant]) {
        guard let id = DisplayName.head(ofPath: path) else { return }
        let (old, new, heads, delegate) = state.withLock { state in
            let old = state.objects.consoles[id]
            state.objects.update(path, interface: interface, changed: changed)
            return (
                old, state.objects.consoles[id], state.objects.heads,
                state.phase == .connected ? state.delegate : nil
            )
        }
        guard let old, let new else { return }
        if old.head != new.head { delegate?.source(self, didChange: heads) }
        if old.mode != new.mode { delegate?.source(self, didChange: new.mode, of: id) }
    }

    /// Reads all anew, after consoles came or went; several changes at once are read once.
    private func refresh() {
        let connection: DBusConnection? = state.withLock { state in
            if state.isRefreshing { return nil }
            state.isRefreshing = true
            return state.connection
        }
        // QEMU tells of each console of a device by itself: let its main loop come to the end of them.
        connection?.request(
            DisplayName.root, DisplayName.objectManager, "GetManagedObjects",
            milliseconds: limits.call
        ) { [weak self] answer in
            self?.take(refreshed: answer.map { DisplayObjects(managed: $0) })
        }
    }

    private func take(refreshed objects: DisplayObjects?) {
        let (gone, heads, delegate) = state.withLock { state in
            state.isRefreshing = false
            let old = state.objects.heads
            guard let objects else {
                return ([ListenerConnection](), [Head]?.none, state.delegate)
            }
            state.objects = objects
            let gone = state.listeners.filter { objects.consoles[$0.key] == nil }
            for id in gone.keys { state.listeners[id] = nil }
            return (
                Array(gone.values), objects.heads == old ? nil : objects.heads,
                state.phase == .connected ? state.delegate : nil
            )
        }
        for listener in gone { listener.close() }
        if let heads { delegate?.source(self, didChange: heads) }
    }

    // MARK: - Pictures

    public func open(_ head: Head.ID, sink: any HeadSink) throws(DisplayError) {
        // One listener a console and client: the old one goes first.
        close(head)
        let (connection, objects) = state.withLock { state in
            (state.phase == .connected ? state.connection : nil, state.objects)
        }
        guard let connection else {
            throw DisplayError("head \(head) cannot be opened: the display is not connected")
        }
        guard objects.consoles[head] != nil else {
            throw DisplayError(
                objects.heads.isEmpty
                    ? "there is no head \(head): this guest has none"
                    : "there is no head \(head): this guest has \(objects.listing)")
        }
        let pair = try SocketPair()
        let theirs = pair.theirs
        let listener = ListenerConnection(
            socket: pair.ours, sink: sink, logger: logger
        ) { [logger] end in
            if case .failed(let text) = end { logger.error("head \(head): \(text)") }
        }
        // QEMU authenticates on its main loop: its whole machine would wait for a thread that is not ready.
        listener.start()
        do throws(DBusError) {
            try register(theirs, head: head, on: connection)
        } catch {
            listener.close()
            throw DisplayError("head \(head): QEMU did not take our listener: \(error)")
        }
        let replaced = state.withLock { state in
            let isGone = state.phase == .ended
            return isGone ? listener : state.listeners.updateValue(listener, forKey: head)
        }
        replaced?.close()
    }

    private func register(
        _ descriptor: borrowing OwnedDescriptor, head: Head.ID, on connection: DBusConnection
    ) throws(DBusError) {
        for attempt in 1... {
            do throws(DBusError) {
                _ = try connection.call(
                    DisplayName.consolePath(head), DisplayName.console, "RegisterListener",
                    [.handle(0)], descriptor: descriptor.rawValue, milliseconds: limits.call)
                return
            } catch {
                // ui/dbus-console.c knows a bus's clients by name, and learns from its main loop that the old listener is gone. Nothing
                // tells us when.
                guard error.description.contains("already registered"), attempt < 50 else {
                    throw error
                }
                usleep(20_000)
            }
        }
    }

    public func close(_ head: Head.ID) {
        state.withLock { $0.listeners.removeValue(forKey: head) }?.close()
    }
}
