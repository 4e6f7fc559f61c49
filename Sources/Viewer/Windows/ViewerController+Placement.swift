internal import GuestDisplay
internal import Logging

// Heads on monitors: who is full screen where, and what the guest is told of it.
extension ViewerController {
    /// Monitors were plugged in or out, or changed. Full-screen heads keep theirs; one whose monitor is gone becomes a window until a
    /// monitor is there for it again. For toolkits.
    public func monitorsChanged() {
        let before = assigned
        assignMonitors()
        for controller in controllers where fullScreenHeads.contains(controller.head.id) {
            let head = controller.head.id
            if let monitor = assigned[head] {
                guard before[head] != monitor || !controller.isFullScreen else { continue }
                controller.setFullScreen(true, monitor: monitor)
            } else if let lost = before[head] {
                controller.setFullScreen(false, monitor: nil)
                controller.window?.raise()
                say("monitor \(lost.name) is gone: head \(head) is shown in a window", on: [head])
            }
        }
        updateLayoutsSoon()
    }

    /// Gives every open head its monitor.
    func assignMonitors() {
        assigned = options.monitors.assign(
            controllers.map(\.head.id), to: toolkit.monitors, current: assigned.mapValues(\.name))
    }

    /// Puts these heads full screen, each on its own monitor; those without one stay windows, which is said.
    func makeFullScreen(_ heads: [Head.ID]) {
        fullScreenHeads.formUnion(heads)
        let monitors = toolkit.monitors
        var windows: [Head.ID] = []
        for head in heads {
            guard let controller = controller(of: head) else { continue }
            // A toolkit that cannot tell its monitors still has one.
            if assigned[head] != nil || monitors.isEmpty {
                controller.setFullScreen(true, monitor: assigned[head])
            } else {
                windows.append(head)
            }
        }
        if let shortage = MonitorAssignment.shortage(of: windows, monitors: monitors) {
            say(shortage, on: windows)
        }
    }

    private func say(_ text: String, on heads: [Head.ID]) {
        logger.warning("\(text)")
        let hint = text.prefix(1).uppercased() + text.dropFirst()
        for head in heads { controller(of: head)?.show(hint: hint) }
    }

    /// Where a head goes that its user makes full screen by itself: to the monitor that it was assigned to by name, else to where its window
    /// is, if no other head fills that one. Nil leaves it to the display server.
    private func monitorForOne(_ controller: HeadController<Toolkit.Pictures>) -> Monitor? {
        let head = controller.head.id
        if options.monitors.names[head] != nil { return assigned[head] }
        let filled = controllers.filter { $0 !== controller && $0.isFullScreen }
            .compactMap { $0.window?.monitor?.name }
        guard let here = controller.window?.monitor else {
            return filled.isEmpty ? nil : assigned[head]
        }
        if !filled.contains(here.name) { return here }
        return toolkit.monitors.first { !filled.contains($0.name) }
    }

    /// Tells the guest soon what has changed about sizes and places: one change of windows or modes is often several in a row.
    func updateLayoutsSoon() {
        layoutTimer.start(milliseconds: 300) { [weak self] in self?.updateLayouts() }
    }

    private func updateLayouts() {
        guard session.isConnected, session.end == nil else { return }
        let places = controllers.filter { !$0.isRemoved }.map { controller in
            HeadArrangement.Place(
                head: controller.head.id, size: controller.guestSize,
                monitor: controller.isFullScreen
                    ? controller.window?.monitor ?? assigned[controller.head.id] : nil)
        }
        for (head, frame) in layouts.changes(places) {
            let millimetres = controller(of: head)?.window?.millimetres(of: frame.size) ?? .zero
            logger.debug("head \(head): the guest is told \(frame)")
            session.source.setLayout(
                HeadLayout(frame: frame, millimetres: millimetres), of: head)
        }
    }

    /// Keeps the screen from blanking while a window is full screen; `closing` is one that is about to go.
    func updateIdleInhibition(closing: HeadController<Toolkit.Pictures>? = nil) {
        let window = controllers.first { $0 !== closing && $0.isFullScreen }?.window
        if let window {
            toolkit.setIdleInhibited(true, by: window)
        } else if let window = (closing ?? controllers.first)?.window {
            toolkit.setIdleInhibited(false, by: window)
        }
    }
}

extension ViewerController {
    func headChangedFullScreen(_ head: Head.ID) {
        updateIdleInhibition()
        // Those that had no monitor of their own would be hidden behind.
        for other in controllers
        where fullScreenHeads.contains(other.head.id) && assigned[other.head.id] == nil {
            other.window?.raise()
        }
        let isFullScreen = controller(of: head)?.isFullScreen ?? false
        // One that the display server took off its monitor for want of the monitor goes back when it is there again.
        if !isFullScreen, let monitor = assigned[head],
            toolkit.monitors.contains(where: { $0.name == monitor.name })
        {
            fullScreenHeads.remove(head)
        }
        updateLayoutsSoon()
        for controller in controllers { controller.window?.menuDidChange() }
    }

    func setFullScreen(_ on: Bool, _ head: Head.ID) {
        guard let controller = controller(of: head) else { return }
        if on {
            controller.setFullScreen(true, monitor: monitorForOne(controller))
        } else {
            fullScreenHeads.remove(head)
            controller.setFullScreen(false, monitor: nil)
        }
    }

    var isFullScreenEverywhere: Bool {
        let heads = controllers.filter { assigned[$0.head.id] != nil }
        return !heads.isEmpty && heads.allSatisfy(\.isFullScreen)
    }

    func setFullScreenEverywhere(_ on: Bool) {
        if on {
            makeFullScreen(controllers.map(\.head.id))
        } else {
            for controller in controllers { setFullScreen(false, controller.head.id) }
        }
    }

    func headChangedPlace(_ head: Head.ID) {
        updateLayoutsSoon()
    }

    func head(_ head: Head.ID, wantsSize size: Size) {
        layouts.want(size, of: head)
        updateLayouts()
    }

    func head(_ head: Head.ID, shows size: Size) {
        layouts.guestShows(size, on: head)
        updateLayoutsSoon()
    }
}
