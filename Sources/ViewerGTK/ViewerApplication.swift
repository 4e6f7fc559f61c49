internal import CGTK
internal import CShimsGTK
internal import Dispatch
public import GuestDisplay
internal import GuestDisplayGL
public import Logging
public import Viewer

/// What the user asked of the GTK viewer.
public struct ViewerGTKOptions: Sendable {
    /// The heads to open; empty opens every graphic one.
    public var heads: [Head.ID]
    /// How to draw; nil chooses.
    public var renderer: RendererChoice?
    /// How pictures are fitted at first.
    public var scale: ScaleMode
    /// Whether windows begin full screen.
    public var startsFullScreen: Bool
    /// Whether a guest that can follows the window's size.
    public var resizesGuest: Bool

    /// Names all options.
    public init(
        heads: [Head.ID] = [], renderer: RendererChoice? = nil, scale: ScaleMode = .fit,
        startsFullScreen: Bool = false, resizesGuest: Bool = true
    ) {
        self.heads = heads
        self.renderer = renderer
        self.scale = scale
        self.startsFullScreen = startsFullScreen
        self.resizesGuest = resizesGuest
    }
}

private let applicationID = "org.swiftvm.Viewer"

/// The windowed viewer: one window a head, from connecting to the last window's end.
@MainActor
public final class ViewerApplication {
    private let session: Session
    private let options: ViewerGTKOptions
    private let logger: Logger
    private let application: UnsafeMutablePointer<GtkApplication>
    private let choice: PresenterChoice
    private let globals: swiftvm_wayland_globals
    private let inhibitor: IdleInhibitor
    private var windows: [HeadWindow] = []
    private var offered: Set<Head.ID> = []
    private var failure: DisplayError?
    private var signals: TerminationSignals?
    private var isQuitting = false
    private var endsGuest = false

    /// Shows a guest until the user closes its last window; blocks. Main thread alone, once. Throws when there is no display
    /// server, the guest cannot be reached, or a head that was asked for does not exist.
    public static func run(
        _ source: any DisplaySource, options: ViewerGTKOptions, logger: Logger
    ) throws(DisplayError) {
        guard gtk_init_check(nil, nil) != 0 else {
            throw DisplayError(
                "no display server: set DISPLAY or WAYLAND_DISPLAY, or use swiftvm-snapshot, which needs none"
            )
        }
        // The desktop file's name, by which Wayland compositors and docks find the icon.
        g_set_prgname(applicationID)
        gdk_set_program_class(applicationID)
        gtk_window_set_default_icon_name(applicationID)
        MainQueue.attach()
        let viewer = try ViewerApplication(source, options: options, logger: logger)
        viewer.start()
        while !viewer.isQuitting { g_main_context_iteration(nil, 1) }
        viewer.tearDown()
        if let failure = viewer.failure { throw failure }
        switch viewer.session.end {
        case .failed(let reason), .takenOver(let reason): throw DisplayError(reason)
        case .guestQuit, nil: break
        }
    }

    private init(_ source: any DisplaySource, options: ViewerGTKOptions, logger: Logger)
        throws(DisplayError)
    {
        self.options = options
        self.logger = logger
        session = Session(source: source)
        let display = gdk_display_get_default()!
        choice = try PresenterChoice.choose(options.renderer, display: display, logger: logger)
        globals = swiftvm_wayland_bind(display)
        application = gtk_application_new(applicationID, G_APPLICATION_NON_UNIQUE)
        var error: UnsafeMutablePointer<GError>?
        if g_application_register(cast(Object(application)), nil, &error) == 0 {
            logger.debug(
                "no session bus: \(error.map { String(cString: $0.pointee.message) } ?? "")")
            g_clear_error(&error)
        }
        inhibitor = IdleInhibitor(application: application, globals: globals)
        session.delegate = self
    }

    private func start() {
        let ask: @Sendable (Int32) -> Void = { [weak self] _ in
            DispatchQueue.main.async { MainActor.assumeIsolated { self?.end() } }
        }
        signals = TerminationSignals(ask)
        session.start()
    }

    // Without a question: whoever sends a signal is not there to answer.
    private func end() {
        if session.source.ownsGuest && session.end == nil {
            endGuest()
            // A start that is still under way fails now, and ends the program.
        } else {
            isQuitting = true
        }
    }

    private func tearDown() {
        for window in windows { window.close() }
        windows = []
        session.source.disconnect()
        choice.ingest.stop()
        // The windows' destruction reaches the display server before the program ends.
        while g_main_context_pending(nil) != 0 { g_main_context_iteration(nil, 0) }
    }

    private func fail(_ error: DisplayError) {
        if failure == nil { failure = error }
        if session.source.ownsGuest && session.isConnected && session.end == nil {
            endGuest()
        } else {
            isQuitting = true
        }
    }

    // The program ends when the guest has: its last words and its exit status are worth the wait.
    private func endGuest() {
        endsGuest = true
        for window in windows { gtk_widget_hide(window.widget) }
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

    private func open(_ head: Head) {
        offered.insert(head.id)
        let window = HeadWindow(
            head: head, session: session, choice: choice, options: options,
            application: application, globals: globals)
        window.delegate = self
        windows.append(window)
        window.showSoon()
        session.open(head.id, sink: window.pictures) { [weak self] error in
            guard let self, let error, self.session.end == nil else { return }
            // One head that cannot be shown is no reason to end what others show.
            if self.windows.contains(where: { $0 !== window && $0.hasPicture }) {
                self.logger.error("\(error)")
                self.close(window)
            } else {
                self.fail(error)
            }
        }
    }

    private func close(_ window: HeadWindow) {
        session.close(window.head.id)
        window.close()
        windows.removeAll { $0 === window }
        if windows.isEmpty { isQuitting = true }
    }
}

extension ViewerApplication: SessionDelegate {
    public func sessionDidConnect(_ session: Session) {
        openHeads()
    }

    public func session(_ session: Session, didFail error: DisplayError) {
        if endsGuest {
            isQuitting = true
        } else {
            fail(error)
        }
    }

    public func sessionDidChangeHeads(_ session: Session) {
        let known = Set(session.heads.map(\.id))
        for window in windows where !known.contains(window.head.id) && session.end == nil {
            close(window)
        }
        offered.formIntersection(known)
        if options.heads.isEmpty, session.end == nil {
            // One that the user has closed stays closed.
            for head in graphicHeads where !offered.contains(head.id) { open(head) }
        }
        for window in windows { window.stateDidChange() }
    }

    public func sessionDidChangeState(_ session: Session) {
        if session.end != nil, endsGuest { isQuitting = true }
        for window in windows { window.stateDidChange() }
    }
}

extension ViewerApplication: HeadWindowDelegate {
    func windowWantsToClose(_ window: HeadWindow) {
        if windows.count > 1 {
            close(window)
        } else {
            windowWantsToQuit(window)
        }
    }

    func windowWantsToQuit(_ window: HeadWindow) {
        guard session.source.ownsGuest, session.end == nil else {
            isQuitting = true
            return
        }
        var answers = [Dialogs.Answer(label: "Cancel", isDestructive: false) {}]
        if session.canPerform(.powerButton) {
            answers.append(
                Dialogs.Answer(label: "Power Off", isDestructive: false) { [weak self] in
                    window.show(hint: "The guest was asked to power off")
                    self?.session.perform(.powerButton) { error in
                        Dialogs.complain(
                            over: window.widget, "The guest did not take it",
                            details: error.description)
                    }
                })
        }
        answers.append(
            Dialogs.Answer(label: "End Guest", isDestructive: true) { [weak self] in
                self?.endGuest()
            })
        Dialogs.ask(
            over: window.widget, "The guest is still running",
            details:
                "It was started by this window and ends with it. What it has not saved is lost.",
            answers: answers)
    }

    func window(_ window: HeadWindow, isFullScreen: Bool) {
        let active = windows.contains { $0.isFullScreen }
        inhibitor.set(active, window: window.widget)
    }
}
