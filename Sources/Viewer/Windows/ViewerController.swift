internal import Dispatch
public import GuestDisplay
public import Logging

/// A toolkit, for one program.
@MainActor
public protocol ViewerToolkit: AnyObject {
    associatedtype Pictures: HeadPictures

    /// What draws, for a user to read.
    var rendererDescription: String { get }

    /// How many windows there can be; nil where there is no limit.
    var windowLimit: Int? { get }
    /// The monitors now, in the order of ``Monitor/sorted(_:)``; empty when they cannot be told. ``ViewerController/monitorsChanged()`` is
    /// called when they change.
    var monitors: [Monitor] { get }

    /// Begins a head's pictures.
    func makePictures() -> Pictures
    /// Makes a head's window, not yet on screen. The controller lives as long as the window. Throws what the display server refuses.
    func makeWindow(for controller: HeadController<Pictures>) throws(DisplayError)
        -> any ViewerWindow
    /// Keeps the screen from blanking, or no longer; `window` is one that is full screen, and may be another one than before.
    func setIdleInhibited(_ on: Bool, by window: any ViewerWindow)
}

extension ViewerToolkit {
    /// No limit.
    public var windowLimit: Int? { nil }
}

/// A viewer's program, whatever the toolkit: one window a head, from connecting to the last window's end.
@MainActor
public final class ViewerController<Toolkit: ViewerToolkit> {
    typealias Controller = HeadController<Toolkit.Pictures>

    /// Whether the program has ended; its main loop leaves then.
    public private(set) var isFinished = false {
        didSet { if isFinished { onFinish?() } }
    }
    /// Called when ``isFinished`` becomes true, for loops that must be woken.
    public var onFinish: (@MainActor () -> Void)?

    let session: Session
    let toolkit: Toolkit
    let options: ViewerOptions
    let logger: Logger
    var controllers: [Controller] = []
    // The heads' monitors, for full screen; the heads that are to be full screen whenever they have one; what the guest is told.
    var assigned: [Head.ID: Monitor] = [:]
    var fullScreenHeads: Set<Head.ID> = []
    var layouts = HeadLayouts()
    let layoutTimer = MainTimer()
    private var offered: Set<Head.ID> = []
    private var failure: DisplayError?
    private var signals: TerminationSignals?
    private var endsGuest = false

    /// A viewer of a guest that is not connected yet.
    public init(
        _ source: any DisplaySource, toolkit: Toolkit, options: ViewerOptions, logger: Logger
    ) {
        session = Session(source: source)
        self.toolkit = toolkit
        self.options = options
        self.logger = logger
        session.delegate = self
    }

    /// Connects; windows come when the guest is there.
    public func start() {
        let ask: @Sendable (Int32) -> Void = { [weak self] _ in
            DispatchQueue.main.async { MainActor.assumeIsolated { self?.end() } }
        }
        signals = TerminationSignals(ask)
        do throws(DisplayError) {
            // Before a guest is started for it.
            if !toolkit.monitors.isEmpty { try options.monitors.check(toolkit.monitors) }
            session.start()
        } catch {
            fail(error)
        }
    }

    /// Ends a guest that was started, and lets go of any other, when there is no main loop any more: the display server is gone.
    public var farewell: Farewell { session.farewell }

    /// Closes all windows and lets go of the guest. Once, after the main loop.
    public func tearDown() {
        layoutTimer.cancel()
        for controller in controllers {
            logCounters(of: controller)
            controller.close()
        }
        controllers = []
        session.source.disconnect()
    }

    /// Throws why the program failed, if it did. After ``tearDown()``.
    public func checkResult() throws(DisplayError) {
        if let failure { throw failure }
        switch session.end {
        case .failed(let reason), .takenOver(let reason): throw DisplayError(reason)
        case .guestQuit, nil: break
        }
    }

    /// Ends the program without a question: whoever sends a signal is not there to answer.
    public func end() {
        if session.source.ownsGuest && session.end == nil {
            endGuest()
            // A start that is still under way fails now, and ends the program.
        } else {
            isFinished = true
        }
    }

    /// Ends the program with an error, and a guest that was started with it.
    public func fail(_ error: DisplayError) {
        if failure == nil { failure = error }
        if session.source.ownsGuest && session.isConnected && session.end == nil {
            endGuest()
        } else {
            isFinished = true
        }
    }

    // The program ends when the guest has: its last words and its exit status are worth the wait.
    private func endGuest() {
        endsGuest = true
        for controller in controllers { controller.window?.hide() }
        session.source.endGuest()
    }

    private func openHeads() {
        let wanted = options.heads.isEmpty ? graphicHeads.map(\.id) : options.heads
        if wanted.isEmpty {
            fail(DisplayError("the guest has no graphic head; --list-heads shows what it has"))
            return
        }
        for identifier in wanted {
            guard let head = session.heads.first(where: { $0.id == identifier }) else {
                fail(HeadList.missing(identifier, among: session.heads))
                return
            }
            if !offered.contains(identifier) { open(head) }
        }
        headsOpened(controllers.map(\.head.id))
    }

    // What became of a head's pictures, for whoever looks into a display that is slow or wrong.
    private func logCounters(of controller: Controller) {
        let counters = controller.pictures.counters
        logger.debug(
            """
            head \(controller.head.id): \(counters.changes) changes, \(counters.refused) refused, \
            \(counters.picturesPublished) pictures, \(counters.bytesCopied) bytes copied, \
            \(counters.pixelsUploaded) pixels uploaded
            """)
    }

    private var graphicHeads: [Head] { session.heads.filter { $0.kind == .graphic } }

    func controller(of head: Head.ID) -> Controller? {
        controllers.first { $0.head.id == head }
    }

    // Of a head that the guest no longer has, the window says so.
    private func open(_ head: Head, isRemoved: Bool = false) {
        if !isRemoved { offered.insert(head.id) }
        if let limit = toolkit.windowLimit, controllers.count >= limit {
            logger.warning(
                "head \(head.id) is not shown: there is room for \(limit == 1 ? "one" : "\(limit)") here; choose with --head"
            )
            return
        }
        let controller = Controller(
            head: head, session: session, pictures: toolkit.makePictures(),
            rendererDescription: toolkit.rendererDescription, options: options)
        controller.owner = self
        controller.isRemoved = isRemoved
        do throws(DisplayError) {
            let window = try toolkit.makeWindow(for: controller)
            controllers.append(controller)
            layouts.opened(head)
            controller.attach(window)
        } catch {
            fail(error)
            return
        }
        if !isRemoved { beginPictures(of: controller) }
    }

    private func beginPictures(of controller: Controller) {
        session.open(controller.head.id, sink: controller.pictures) { [weak self] error in
            guard let self, let error, self.session.end == nil,
                self.controllers.contains(where: { $0 === controller })
            else { return }
            // One head that cannot be shown is no reason to end what others show.
            if self.controllers.contains(where: { $0 !== controller && $0.hasPicture }) {
                self.logger.error("\(error)")
                self.close(controller)
            } else {
                self.fail(error)
            }
        }
    }

    private func close(_ controller: Controller) {
        drop(controller)
        assignMonitors()
        for other in controllers { other.stateDidChange() }
        if controllers.isEmpty { isFinished = true }
        updateLayoutsSoon()
    }

    private func drop(_ controller: Controller) {
        session.close(controller.head.id)
        fullScreenHeads.remove(controller.head.id)
        updateIdleInhibition(closing: controller)
        logCounters(of: controller)
        controller.close()
        controllers.removeAll { $0 === controller }
    }

    // Their windows are there; now they get their places.
    private func headsOpened(_ heads: [Head.ID]) {
        guard !heads.isEmpty else { return }
        assignMonitors()
        if options.startsFullScreen { makeFullScreen(heads) }
        updateLayoutsSoon()
    }
}

extension ViewerController: SessionDelegate {
    public func sessionDidConnect(_ session: Session) {
        openHeads()
    }

    public func session(_ session: Session, didFail error: DisplayError) {
        if endsGuest {
            isFinished = true
        } else {
            fail(error)
        }
    }

    public func sessionDidChangeHeads(_ session: Session) {
        guard session.end == nil else { return }
        let known = Set(session.heads.map(\.id))
        for controller in controllers
        where controller.isRemoved && known.contains(controller.head.id) {
            controller.isRemoved = false
            beginPictures(of: controller)
        }
        offered.formIntersection(known)
        if options.heads.isEmpty {
            // One that the user has closed stays closed.
            let new = graphicHeads.filter { !offered.contains($0.id) }
            for head in new { open(head) }
            headsOpened(new.map(\.id))
        }
        for controller in controllers where !known.contains(controller.head.id) {
            layouts.forget(controller.head.id)
            // The last window stays, and says what happened.
            if controllers.count > 1 { close(controller) } else { controller.isRemoved = true }
        }
        for controller in controllers { controller.stateDidChange() }
    }

    public func sessionDidChangeState(_ session: Session) {
        if session.end != nil, endsGuest { isFinished = true }
        for controller in controllers { controller.stateDidChange() }
    }
}

extension ViewerController: HeadControllerOwner {
    func headWantsToClose(_ head: Head.ID) {
        if controllers.count > 1, let controller = controller(of: head) {
            let isOff = layouts.closed(controller.head)
            close(controller)
            if isOff { session.source.setLayout(HeadLayout(frame: .zero), of: head) }
        } else {
            headWantsToQuit(head)
        }
    }

    func headLostWindow(_ head: Head.ID) {
        guard let controller = controller(of: head) else { return }
        guard controllers.count == 1 else { return headWantsToClose(head) }
        guard session.source.ownsGuest, session.end == nil else { return close(controller) }
        drop(controller)
        if endsGuest { return }
        logger.warning("another program has destroyed the window; the guest gets a new one")
        if let now = session.heads.first(where: { $0.id == head }) {
            open(now)
        } else {
            open(controller.head, isRemoved: true)
        }
        headsOpened([head])
    }

    func headWantsToQuit(_ head: Head.ID) {
        guard session.source.ownsGuest, session.end == nil,
            let controller = controller(of: head)
        else {
            isFinished = true
            return
        }
        var answers = [Answer(label: "Cancel", isDestructive: false) {}]
        if session.canPerform(.powerButton) {
            answers.append(
                Answer(label: "Power Off", isDestructive: false) {
                    [weak self, weak controller] in
                    controller?.show(hint: "The guest was asked to power off")
                    self?.session.perform(.powerButton) { error in
                        controller?.window?.complain(
                            "The guest did not take it", details: error.description)
                    }
                })
        }
        answers.append(
            Answer(label: "End Guest", isDestructive: true) { [weak self] in self?.endGuest() })
        controller.window?.ask(
            "The guest is still running",
            details:
                "It was started by this window and ends with it. What it has not saved is lost.",
            answers: answers)
    }

    func isOpen(_ head: Head.ID) -> Bool {
        controller(of: head) != nil
    }

    func setOpen(_ isOpen: Bool, _ head: Head.ID) {
        if isOpen {
            guard controller(of: head) == nil,
                let head = session.heads.first(where: { $0.id == head })
            else { return }
            open(head)
            headsOpened([head.id])
        } else {
            headWantsToClose(head)
        }
        for controller in controllers { controller.stateDidChange() }
    }
}
