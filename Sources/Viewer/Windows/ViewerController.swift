internal import Dispatch
public import GuestDisplay
public import Logging

/// A toolkit, for one program.
@MainActor
public protocol ViewerToolkit: AnyObject {
    associatedtype Pictures: HeadPictures

    /// What draws, for a user to read.
    var rendererDescription: String { get }

    /// Begins a head's pictures.
    func makePictures() -> Pictures
    /// Makes a head's window, not yet on screen. The controller lives as long as the window.
    func makeWindow(for controller: HeadController<Pictures>) -> any ViewerWindow
    /// Keeps the screen from blanking, or no longer; `window` is one that is full screen.
    func setIdleInhibited(_ on: Bool, by window: any ViewerWindow)
}

/// A viewer's program, whatever the toolkit: one window a head, from connecting to the last window's end.
@MainActor
public final class ViewerController<Toolkit: ViewerToolkit> {
    private typealias Controller = HeadController<Toolkit.Pictures>

    /// Whether the program has ended; its main loop leaves then.
    public private(set) var isFinished = false {
        didSet { if isFinished { onFinish?() } }
    }
    /// Called when ``isFinished`` becomes true, for loops that must be woken.
    public var onFinish: (@MainActor () -> Void)?

    private let session: Session
    private let toolkit: Toolkit
    private let options: ViewerOptions
    private let logger: Logger
    private var controllers: [Controller] = []
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
        session.start()
    }

    /// Closes all windows and lets go of the guest. Once, after the main loop.
    public func tearDown() {
        for controller in controllers { controller.close() }
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

    private func fail(_ error: DisplayError) {
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
    }

    private var graphicHeads: [Head] { session.heads.filter { $0.kind == .graphic } }

    private func controller(of head: Head.ID) -> Controller? {
        controllers.first { $0.head.id == head }
    }

    private func open(_ head: Head) {
        offered.insert(head.id)
        let controller = Controller(
            head: head, session: session, pictures: toolkit.makePictures(),
            rendererDescription: toolkit.rendererDescription, options: options)
        controller.owner = self
        controllers.append(controller)
        controller.attach(toolkit.makeWindow(for: controller))
        session.open(head.id, sink: controller.pictures) { [weak self] error in
            guard let self, let error, self.session.end == nil else { return }
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
        session.close(controller.head.id)
        controller.close()
        controllers.removeAll { $0 === controller }
        for other in controllers { other.stateDidChange() }
        if controllers.isEmpty { isFinished = true }
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
        let known = Set(session.heads.map(\.id))
        for controller in controllers
        where !known.contains(controller.head.id) && session.end == nil {
            close(controller)
        }
        offered.formIntersection(known)
        if options.heads.isEmpty, session.end == nil {
            // One that the user has closed stays closed.
            for head in graphicHeads where !offered.contains(head.id) { open(head) }
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
            close(controller)
        } else {
            headWantsToQuit(head)
        }
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

    func headChangedFullScreen(_ head: Head.ID) {
        guard let window = controller(of: head)?.window else { return }
        toolkit.setIdleInhibited(
            controllers.contains { $0.window?.isFullScreen ?? false }, by: window)
    }

    func head(_ head: Head.ID, wantsSize size: Size) {
        let millimetres = controller(of: head)?.window?.millimetres(of: size) ?? .zero
        session.source.setLayout(
            HeadLayout(frame: Rect(size), millimetres: millimetres), of: head)
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
        } else {
            headWantsToClose(head)
        }
        for controller in controllers { controller.stateDidChange() }
    }
}
