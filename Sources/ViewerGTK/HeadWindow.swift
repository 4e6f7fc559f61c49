internal import CGTK
internal import CShimsGTK
internal import Dispatch
internal import GuestDisplay
internal import GuestDisplayGL
internal import Viewer

/// What a head's window needs of its program.
@MainActor
protocol HeadWindowDelegate: AnyObject {
    /// The user wants to close a window; the program decides.
    func windowWantsToClose(_ window: HeadWindow)
    /// The user wants to end the program; the program decides.
    func windowWantsToQuit(_ window: HeadWindow)
    /// A window is full screen or no longer.
    func window(_ window: HeadWindow, isFullScreen: Bool)
}

/// The window of one head: title, menu, picture, notices.
@MainActor
final class HeadWindow {
    let head: Head
    let pictures: IngestHead
    let widget: UnsafeMutablePointer<GtkWidget>
    weak var delegate: (any HeadWindowDelegate)?

    private(set) var isFullScreen = false
    var scaleMode: ScaleMode
    var resizesGuest: Bool

    let session: Session
    let presenter: any PicturePresenter
    private let headerBar: UnsafeMutablePointer<GtkWidget>
    let menu: HeadMenu
    let input: InputController
    private let globals: swiftvm_wayland_globals
    private var observation: Observation?
    private var pointer: (x: Double, y: Double)?
    var guestSize = Size.zero
    private var sizing: WindowSizing
    private var hint: String?
    private var notice: (notice: Notice, scale: Int, width: Int, content: Layer.Content)?
    var cursorLayer: (serial: UInt64, content: Layer.Content)?
    private var offDelay: guint = 0
    private var isKnownOff = false
    private var isShown = false
    // The picture before the display went off, which may be for a moment only.
    private var shownPicture: Picture?

    init(
        head: Head, session: Session, choice: PresenterChoice, options: ViewerGTKOptions,
        application: UnsafeMutablePointer<GtkApplication>, globals: swiftvm_wayland_globals
    ) {
        self.head = head
        self.session = session
        self.globals = globals
        scaleMode = options.scale
        resizesGuest = options.resizesGuest
        pictures = choice.ingest.makeHead()
        presenter = choice.makePresenter()
        widget = gtk_application_window_new(application)
        headerBar = gtk_header_bar_new()
        menu = HeadMenu(window: widget)
        input = InputController(window: widget, area: presenter.widget, globals: globals)
        sizing = WindowSizing(window: widget, area: presenter.widget)
        build()
        // The wake comes on the ingest thread, so it captures nothing of this thread.
        let wake: @Sendable () -> Void = { [weak self] in
            DispatchQueue.main.async { MainActor.assumeIsolated { self?.pictureChanged() } }
        }
        observation = pictures.observe(wake)
        stateDidChange()
        if options.startsFullScreen { setFullScreen(true) }
    }

    /// Where the picture lies now.
    var geometry: PictureGeometry {
        PictureGeometry(
            guest: guestSize, window: presenter.pixelSize, mode: scaleMode,
            granularity: presenter.scaleFactor, pointer: pointer)
    }

    /// Whether a picture can be seen now.
    var hasPicture: Bool {
        if case .picture = pictures.content { return true }
        return false
    }

    /// Shows the window once the picture's size is known, so that it need not grow where it was put: a moment after the first
    /// picture, as QEMU's first one is that of the last time anybody looked; without a picture after a second.
    func showSoon() {
        Signals.after(milliseconds: 1000) { [weak self] in self?.show() }
    }

    private func show() {
        guard !isShown, observation != nil else { return }
        isShown = true
        gtk_widget_show_all(widget)
    }

    /// Takes the window away; its head goes on without it.
    func close() {
        observation?.cancel()
        observation = nil
        if offDelay != 0 { g_source_remove(offDelay) }
        input.releaseAll()
        input.endGrab()
        sizing.close()
        presenter.close()
        gtk_widget_destroy(widget)
    }

    /// Titles, menus, notices and cursors follow the session.
    func stateDidChange() {
        input.stateDidChange()
        updateTitle()
        menu.update(session: session, hasPicture: hasPicture)
        updateCursor()
        presenter.queueDraw()
    }

    /// Says something in passing, over the picture, for some seconds.
    func show(hint text: String) {
        hint = text
        presenter.queueDraw()
        Signals.after(milliseconds: 4000) { [weak self] in
            guard let self, self.hint == text else { return }
            self.hint = nil
            self.presenter.queueDraw()
        }
    }

    private func build() {
        gtk_header_bar_set_show_close_button(cast(headerBar), 1)
        gtk_header_bar_pack_end(cast(headerBar), menu.button)
        gtk_window_set_titlebar(cast(widget), headerBar)
        gtk_widget_set_hexpand(presenter.widget, 1)
        gtk_widget_set_vexpand(presenter.widget, 1)
        gtk_widget_set_can_focus(presenter.widget, 1)
        gtk_container_add(cast(widget), presenter.widget)
        gtk_widget_grab_focus(presenter.widget)
        let first = head.size.isEmpty ? Size(width: 640, height: 480) : head.size
        sizing.fit(to: first)
        presenter.frameSource = { [unowned self] in frame() }
        menu.delegate = self
        input.delegate = self
        Signals.connectEvent(widget, "delete-event", GdkEventAny.self) { [unowned self] _ in
            delegate?.windowWantsToClose(self)
            return true
        }
        Signals.connectEvent(widget, "window-state-event", GdkEventWindowState.self) {
            [unowned self] in
            windowState($0.pointee.new_window_state)
            return false
        }
        Signals.connectNotify(presenter.widget, "size-allocate") { [unowned self] in
            areaResized()
        }
        Signals.connectNotify(presenter.widget, "notify::scale-factor") { [unowned self] in
            stateDidChange()
        }
        Signals.connect(presenter.widget, "map") { [unowned self] in updateCursor() }
    }
}

// MARK: - Pictures

extension HeadWindow {
    private func pictureChanged() {
        switch pictures.content {
        case .nothing: break
        case .off: noteOff()
        case .picture(let picture):
            if offDelay != 0 { g_source_remove(offDelay) }
            offDelay = 0
            let wasOff = isKnownOff
            isKnownOff = false
            if wasOff { stateDidChange() }
            shownPicture = picture
            if picture.size != guestSize { guestResized(picture.size) }
        }
        updateCursor()
        presenter.queueDraw()
    }

    // QEMU announces a mode change, and the end of any dma-buf, as off: wait a moment before saying so.
    private func noteOff() {
        guard offDelay == 0, !isKnownOff else { return }
        offDelay = Signals.after(milliseconds: 300) { [weak self] in
            guard let self else { return }
            self.offDelay = 0
            if case .off = self.pictures.content {
                self.isKnownOff = true
                self.shownPicture = nil
            }
            self.stateDidChange()
        }
    }

    private func guestResized(_ size: Size) {
        let hadPicture = guestSize != .zero
        guestSize = size
        if !hadPicture { Signals.after(milliseconds: 150) { [weak self] in self?.show() } }
        if !isFullScreen { sizing.fit(to: size) }
        if !hadPicture { menu.update(session: session, hasPicture: true) }
    }

    func areaResized() {
        guard scaleMode == .fit, resizesGuest, takesInput else { return }
        sizing.areaResized(guest: guestSize) { [weak self] size in
            guard let self, self.session.end == nil else { return }
            self.session.source.setLayout(
                HeadLayout(frame: Rect(size), millimetres: self.sizing.millimetres(of: size)),
                of: self.head.id)
        }
    }

    private func frame() -> PresenterFrame? {
        let geometry = geometry
        guard !geometry.window.isEmpty else { return nil }
        var layers: [Layer] = []
        if let layer = guestCursorLayer(geometry) { layers.append(layer) }
        if let layer = noticeLayer(geometry.window) { layers.append(layer) }
        return PresenterFrame(picture: lastPicture, layers: layers, geometry: geometry)
    }

    // While the display is off the last picture goes once it is known to be so.
    private var lastPicture: Picture? {
        switch pictures.content {
        case .picture(let picture): picture
        case .off, .nothing: isKnownOff ? nil : shownPicture
        }
    }

    private func noticeLayer(_ window: Size) -> Layer? {
        let current = Notice.of(
            end: session.end, machine: session.machineState, isOff: isKnownOff,
            hasPicture: guestSize != .zero, hint: hint)
        guard let current else { return nil }
        let scale = presenter.scaleFactor
        if let notice, notice.notice == current, notice.scale == scale,
            notice.width == window.width
        {
            return TextLayer.centred(notice.content, in: window)
        }
        guard
            let content = TextLayer.plate(current.text, scale: scale, maximumWidth: window.width)
        else { return nil }
        notice = (current, scale, window.width, content)
        return TextLayer.centred(content, in: window)
    }
}

// MARK: - Title and window state

extension HeadWindow {
    private func updateTitle() {
        let heads = session.heads.filter { $0.kind == .graphic }
        var title = session.guestName
        if head.kind == .text || heads.count > 1 {
            title += " – \(head.id): \(PlainText.oneLine(head.label, limit: 40))"
        } else {
            title += " – head \(head.id)"
        }
        if session.end == nil, session.machineState == .paused { title += " (paused)" }
        let wayOut =
            input.isGrabbed
            ? input.holdsPointer
                ? "Press \(Shortcut.grab.label) to release keyboard and pointer"
                : "Press \(Shortcut.grab.label) to release the keyboard"
            : nil
        // GTK keeps a header bar's title and its window's the same.
        gtk_window_set_title(cast(widget), wayOut.map { "\(title) – \($0)" } ?? title)
    }

    private func windowState(_ state: GdkWindowState) {
        let isNow = state.rawValue & GDK_WINDOW_STATE_FULLSCREEN.rawValue != 0
        guard isNow != isFullScreen else { return }
        isFullScreen = isNow
        delegate?.window(self, isFullScreen: isNow)
        if isNow {
            show(
                hint: "\(Shortcut.fullScreen.label) leaves full screen\n"
                    + "\(Shortcut.menu.label) opens the menu")
        } else {
            input.endGrab()
        }
        stateDidChange()
    }
}

extension HeadWindow: InputControllerDelegate {
    var pointerMode: PointerMode { session.pointerMode(of: head.id) }

    var takesInput: Bool { session.isConnected && session.end == nil }

    func send(_ event: InputEvent) {
        session.source.send(event, to: head.id)
    }

    func perform(_ shortcut: Shortcut) {
        switch shortcut {
        case .grab: input.toggleGrab()
        case .fullScreen: setFullScreen(!isFullScreen)
        case .scale: setScaleMode(scaleMode == .fit ? .oneToOne : .fit)
        case .menu:
            input.releaseAll()
            input.endGrab()
            menu.open()
        }
    }

    func pointerMoved(x: Double, y: Double) {
        let before = geometry.frame
        pointer = (x, y)
        if geometry.frame != before { presenter.queueDraw() }
    }

    func grabDidChange() {
        updateTitle()
        updateCursor()
    }
}
