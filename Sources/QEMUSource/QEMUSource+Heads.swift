internal import Dispatch
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
            } else if interface == DisplayName.chardev {
                changeChardev(path, arguments[1].dictionary)
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
        if old.head.size != new.head.size { checkPicture(of: id) }
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
        let (gone, updates, heads, delegate) = state.withLock { state in
            state.isRefreshing = false
            let old = state.objects.heads
            guard let objects else {
                return ([Head.ID: OpenHead](), state.updates, [Head]?.none, state.delegate)
            }
            state.objects = objects
            let gone = state.listeners.filter { objects.consoles[$0.key] == nil }
            for id in gone.keys { state.listeners[id] = nil }
            return (
                gone, state.updates, objects.heads == old ? nil : objects.heads,
                state.phase == .connected ? state.delegate : nil
            )
        }
        for (head, open) in gone {
            updates?.close(head)
            open.listener.close()
        }
        if let heads { delegate?.source(self, didChange: heads) }
    }

    // MARK: - Pictures

    public func open(_ head: Head.ID, sink: any HeadSink) throws(DisplayError) {
        let (isConnected, objects) = state.withLock { ($0.phase == .connected, $0.objects) }
        guard isConnected else {
            throw DisplayError("head \(head) cannot be opened: the display is not connected")
        }
        guard objects.consoles[head] != nil else {
            throw DisplayError(
                objects.heads.isEmpty
                    ? "there is no head \(head): this guest has none"
                    : "there is no head \(head): this guest has \(objects.listing)")
        }
        do throws(DisplayError) {
            try attach(head, sink: sink)
        } catch {
            close(head)
            throw error
        }
        state.withLock { $0.updates }?.open(head)
    }

    public func close(_ head: Head.ID) {
        let (open, updates) = state.withLock {
            ($0.listeners.removeValue(forKey: head), $0.updates)
        }
        updates?.close(head)
        open?.listener.close()
    }

    public func requestUpdate(of head: Head.ID) {
        state.withLock { $0.updates }?.want(head)
    }

    /// Registers a new listener for a head in place of the one it has. With `replacing`, only if that is still its listener.
    private func attach(
        _ head: Head.ID, sink: any HeadSink, replacing old: ListenerConnection? = nil
    ) throws(DisplayError) {
        let pair = try SocketPair(sendBuffer: ListenerSocket.sendBuffer)
        let theirs = pair.theirs
        let this = Mutex<ListenerConnection?>(nil)
        let listener = ListenerConnection(
            socket: pair.ours, sink: sink, logger: logger,
            onMismatch: { [weak self] in
                if let self, let this = this.withLock({ $0 }) { reattach(head, this) }
            },
            onEnd: { [weak self] end in
                defer { this.withLock { $0 = nil } }
                guard let self, end != .closed, let this = this.withLock({ $0 }) else { return }
                listenerEnded(head, this, end)
            })
        this.withLock { $0 = listener }
        let open = OpenHead(listener: listener, sink: sink)
        let (isWanted, replaced, connection) = state.withLock { state in
            let current = state.listeners[head]
            guard state.phase == .connected, let connection = state.connection,
                old == nil || current?.listener === old
            else { return (false, OpenHead?.none, DBusConnection?.none) }
            state.listeners[head] = open
            return (true, current, connection)
        }
        guard isWanted, let connection else {
            listener.close()
            this.withLock { $0 = nil }
            return
        }
        // One listener a console and client: the old one goes first.
        replaced?.listener.close()
        // QEMU authenticates on its main loop: its whole machine would wait for a thread that is not ready.
        listener.start()
        do throws(DBusError) {
            try register(theirs, head: head, on: connection)
        } catch {
            listener.close()
            throw DisplayError("head \(head): QEMU did not take our listener: \(error)")
        }
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

    // MARK: - Listeners that must be replaced

    /// Registers anew for the same sink, which makes QEMU send the whole picture. Never waits; tries again as long as the head is open and
    /// QEMU there, so that a QEMU that is busy for a while does not freeze the picture for good. Nothing happens when `old` is no longer
    /// the head's listener.
    ///
    /// QEMU 7.2 (ui/dbus-listener.c, `dbus_gfx_switch`) sends no Scanout when a console's surface changes, only with the next update of the
    /// whole of it, which VGA text never makes.
    private func reattach(_ head: Head.ID, _ old: ListenerConnection) {
        reopening.async { [weak self] in
            guard let self,
                let open = state.withLock({ $0.phase == .connected ? $0.listeners[head] : nil }),
                open.listener === old
            else { return }
            logger.debug("head \(head): registering anew")
            do throws(DisplayError) {
                try attach(head, sink: open.sink, replacing: old)
            } catch {
                guard let failed = state.withLock({ $0.listeners[head] }) else { return }
                logger.warning("\(error); trying again")
                loop.post(afterMilliseconds: limits.retry) { [weak self] in
                    self?.reattach(head, failed.listener)
                }
            }
        }
    }

    /// A listener's wire broke, or QEMU closed it: usually as QEMU ends, which its other connections tell; else it is replaced.
    private func listenerEnded(_ head: Head.ID, _ listener: ListenerConnection, _ end: ListenerEnd)
    {
        if case .failed(let text) = end { logger.warning("head \(head): \(text)") }
        loop.post(afterMilliseconds: limits.retry) { [weak self] in self?.reattach(head, listener) }
    }

    /// Registers anew unless the picture has the console's new size soon, whole: its Scanout may just be on its way. On the loop.
    private func checkPicture(of head: Head.ID) {
        let (open, size) = state.withLock {
            ($0.listeners[head], $0.objects.consoles[head]?.head.size)
        }
        guard let open, let size else { return }
        open.listener.announce(size)
        loop.post(afterMilliseconds: limits.scanout) { [weak self] in
            guard let self else { return }
            let now = state.withLock { $0.objects.consoles[head]?.head.size }
            guard let shown = open.listener.pictureSize, let now,
                shown != now || open.listener.missesUpdates
            else { return }
            reattach(head, open.listener)
        }
    }
}

/// A head whose pictures go to a sink.
struct OpenHead {
    let listener: ListenerConnection
    let sink: any HeadSink
}
