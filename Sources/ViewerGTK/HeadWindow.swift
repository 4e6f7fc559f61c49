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
    private(set) var scaleMode: ScaleMode
    private(set) var resizesGuest: Bool

    private let session: Session
    private let presenter: any PicturePresenter
    private let headerBar: UnsafeMutablePointer<GtkWidget>
    private let menu: HeadMenu
    private let input: InputController
    private let globals: swiftvm_wayland_globals
    private var observation: Observation?
    private var pointer: (x: Double, y: Double)?
    private var guestSize = Size.zero
    private var sizing: WindowSizing
    private var hint: String?
    private var notice: (notice: Notice, scale: Int, width: Int, content: Layer.Content)?
    private var cursorLayer: (serial: UInt64, content: Layer.Content)?
    private var offDelay: guint = 0
    private var isKnownOff = false

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

    /// Shows the window.
    func show() {
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
        menu.update(session: session, hasPicture: guestSize != .zero)
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
            isKnownOff = false
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
            if case .off = self.pictures.content { self.isKnownOff = true }
            self.presenter.queueDraw()
        }
    }

    private func guestResized(_ size: Size) {
        let hadPicture = guestSize != .zero
        guestSize = size
        if !isFullScreen { sizing.fit(to: size) }
        if !hadPicture { menu.update(session: session, hasPicture: true) }
    }

    private func areaResized() {
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
        if case .picture(let picture) = pictures.content { return picture }
        return nil
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

// MARK: - Cursor

extension HeadWindow {
    private func updateCursor() {
        guard gtk_widget_get_realized(presenter.widget) != 0 else { return }
        let display = gtk_widget_get_display(widget)!
        GuestCursor.set(windowCursor(display), on: presenter.widget)
    }

    private func windowCursor(_ display: OpaquePointer) -> OpaquePointer? {
        guard takesInput, guestSize != .zero else { return nil }
        if input.holdsPointer { return GuestCursor.blank(display) }
        if pointerMode == .relative { return nil }
        let cursor = pictures.cursor
        guard cursor.isDefined else {
            return GuestCursor.dot(display, scale: presenter.scaleFactor)
        }
        guard let shape = cursor.shape, !shape.isInvisible, cursor.position?.isVisible != false
        else { return GuestCursor.blank(display) }
        return GuestCursor.shape(shape, display, scale: presenter.scaleFactor)
    }

    // With a relative mouse the guest decides where its cursor is, so it is drawn there.
    private func guestCursorLayer(_ geometry: PictureGeometry) -> Layer? {
        let cursor = pictures.cursor
        guard pointerMode == .relative, session.end == nil, let shape = cursor.shape,
            let position = cursor.position, position.isVisible, !geometry.guest.isEmpty
        else { return nil }
        if cursorLayer?.serial != cursor.shapeSerial {
            cursorLayer = (
                cursor.shapeSerial, Layer.Content(size: shape.size, pixels: shape.pixels)
            )
        }
        guard let content = cursorLayer?.content else { return nil }
        let (guest, frame) = (geometry.guest, geometry.frame)
        let left = Double(position.x - shape.hotSpotX) * Double(frame.width) / Double(guest.width)
        let top = Double(position.y - shape.hotSpotY) * Double(frame.height) / Double(guest.height)
        return Layer(
            content: content,
            frame: Rect(
                x: frame.x + Int(left.rounded()), y: frame.y + Int(top.rounded()),
                width: max(1, shape.size.width * frame.width / guest.width),
                height: max(1, shape.size.height * frame.height / guest.height)))
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

extension HeadWindow: HeadMenuDelegate {
    func setFullScreen(_ on: Bool) {
        on ? gtk_window_fullscreen(cast(widget)) : gtk_window_unfullscreen(cast(widget))
    }

    func setScaleMode(_ mode: ScaleMode) {
        scaleMode = mode
        stateDidChange()
    }

    func setResizesGuest(_ on: Bool) {
        resizesGuest = on
        menu.update(session: session, hasPicture: guestSize != .zero)
        areaResized()
    }

    func send(_ combination: KeyCombination) {
        session.send(combination, to: head.id)
    }

    func togglePause() {
        perform(session.machineState == .paused ? .resume : .pause)
    }

    func perform(_ action: MachineAction) {
        let act: @MainActor () -> Void = { [session, widget] in
            session.perform(action) { error in
                Dialogs.complain(
                    over: widget, "The guest did not take it", details: error.description)
            }
        }
        switch action {
        case .reset:
            confirm("Reset the guest?", "Reset", act)
        case .quit:
            confirm("Force the guest off?", "Force Off", act)
        case .pause, .resume, .powerButton:
            act()
        }
    }

    func quit() {
        delegate?.windowWantsToQuit(self)
    }

    func saveScreenshot() {
        guard case .picture(let picture) = pictures.content else { return }
        let now = g_date_time_new_now_local()
        let stamp = g_date_time_format(now, "%Y-%m-%d %H-%M-%S")
        let name = "\(session.guestName.replacing("/", with: "-")) \(String(cString: stamp!)).png"
        g_free(stamp)
        g_date_time_unref(now)
        Dialogs.savePNG(over: widget, suggestedName: name) { [weak self] path in
            self?.save(picture, to: path)
        }
    }

    private func save(_ picture: Picture, to path: String) {
        let size = picture.size
        pictures.readPixels(of: picture) { [weak self] result in
            var failure: String?
            do {
                let pixels = try result.get()
                let file = try OutputFile(path)
                try PNG.withEncoded(pixels, size: size) { bytes throws(DisplayError) in
                    try file.write(bytes)
                }
            } catch {
                failure = "\(error)"
            }
            DispatchQueue.main.async { [failure] in
                MainActor.assumeIsolated {
                    guard let self else { return }
                    if let failure {
                        Dialogs.complain(
                            over: self.widget, "The screenshot was not saved", details: failure)
                    } else {
                        self.show(hint: "Saved \(PlainText.oneLine(path, limit: 200))")
                    }
                }
            }
        }
    }

    private func confirm(
        _ question: String, _ label: String, _ action: @escaping @MainActor () -> Void
    ) {
        Dialogs.ask(
            over: widget, question, details: "What it has not saved is lost.",
            answers: [
                Dialogs.Answer(label: "Cancel", isDestructive: false) {},
                Dialogs.Answer(label: label, isDestructive: true, action: action),
            ])
    }
}
