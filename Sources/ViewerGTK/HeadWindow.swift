internal import CGTK
internal import CShimsGTK
internal import Dispatch
internal import GuestDisplay
internal import GuestDisplayGL
internal import Viewer

/// The window of one head: header bar, menu, picture. What it shows and what its events mean is its controller's business.
@MainActor
final class HeadWindow {
    let widget: UnsafeMutablePointer<GtkWidget>
    private(set) var isFullScreen = false

    private unowned let controller: HeadController<IngestHead>
    private let presenter: any PicturePresenter
    private let headerBar: UnsafeMutablePointer<GtkWidget>
    private let menu: HeadMenu
    private let events: WindowEvents
    private let sizing: WindowSizing
    private let monitors: GTKMonitors
    private var cursor: WindowCursor?
    // Where it is to be full screen once it is no longer where it was.
    private var nextMonitor: Monitor?
    private var isMoving = false
    private var isClosed = false

    init(
        controller: HeadController<IngestHead>, presenter: any PicturePresenter,
        application: UnsafeMutablePointer<GtkApplication>, globals: swiftvm_wayland_globals,
        monitors: GTKMonitors
    ) {
        self.controller = controller
        self.monitors = monitors
        self.presenter = presenter
        widget = gtk_application_window_new(application)
        headerBar = gtk_header_bar_new()
        menu = HeadMenu(window: widget)
        events = WindowEvents(
            window: widget, area: presenter.widget, globals: globals, input: controller.input)
        sizing = WindowSizing(window: widget, area: presenter.widget)
        build()
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
        presenter.frameSource = { [unowned self] in controller.frame() }
        menu.source = { [unowned self] in controller.menu }
        menu.onKey = { [unowned self] in events.menuKey($0) }
        Signals.connectEvent(widget, "delete-event", GdkEventAny.self) { [unowned self] _ in
            controller.wantsToClose()
            return true
        }
        Signals.connect(widget, "destroy") { [unowned self] in
            guard !isClosed else { return }
            // The signals of what is still to be destroyed find both.
            let kept = (self, controller)
            controller.windowLost()
            DispatchQueue.main.async { withExtendedLifetime(kept) {} }
        }
        Signals.connectEvent(widget, "window-state-event", GdkEventWindowState.self) {
            [unowned self] in
            windowState($0.pointee.new_window_state)
            return false
        }
        Signals.connectNotify(presenter.widget, "size-allocate") { [unowned self] in
            controller.areaResized()
        }
        Signals.connectNotify(presenter.widget, "notify::scale-factor") { [unowned self] in
            cursor = nil
            controller.scaleFactorChanged()
        }
        Signals.connect(presenter.widget, "map") { [unowned self] in
            cursor = nil
            controller.mapped()
        }
    }

    private func windowState(_ state: GdkWindowState) {
        let hidden = GDK_WINDOW_STATE_ICONIFIED.rawValue | GDK_WINDOW_STATE_WITHDRAWN.rawValue
        controller.visibilityChanged(isVisible: state.rawValue & hidden == 0)
        let isNow = state.rawValue & GDK_WINDOW_STATE_FULLSCREEN.rawValue != 0
        if isMoving, isNow == (nextMonitor == nil) {
            if let monitor = nextMonitor {
                nextMonitor = nil
                fill(monitor)
            } else {
                isMoving = false
                controller.monitorChanged()
            }
        }
        guard isNow != isFullScreen, !isMoving else { return }
        isFullScreen = isNow
        controller.fullScreenChanged()
    }
}

extension HeadWindow: ViewerWindow {
    var drawingArea: Size { presenter.pixelSize }

    var scaleFactor: Int { presenter.scaleFactor }

    var isActive: Bool { gtk_window_is_active(cast(widget)) != 0 }

    func show() { gtk_widget_show_all(widget) }

    func raise() {
        if gtk_widget_get_mapped(widget) != 0 { gtk_window_present(cast(widget)) }
    }

    func hide() { gtk_widget_hide(widget) }

    func close() {
        isClosed = true
        presenter.close()
        gtk_widget_destroy(widget)
    }

    func queueDraw() { presenter.queueDraw() }

    // GTK keeps a header bar's title and its window's the same.
    func setTitle(_ title: String) { gtk_window_set_title(cast(widget), title) }

    func setCursor(_ new: WindowCursor) {
        guard new != cursor, gtk_widget_get_realized(presenter.widget) != 0 else { return }
        cursor = new
        GuestCursor.set(new, on: presenter.widget)
    }

    func fit(to guest: Size) -> Size { sizing.fit(to: guest) }

    func setFullScreen(_ on: Bool, monitor: Monitor?) {
        isMoving = false
        nextMonitor = nil
        sizing.startsFullScreen = on && gtk_widget_get_mapped(widget) == 0
        if !on {
            gtk_window_unfullscreen(cast(widget))
        } else if let monitor {
            fill(monitor)
        } else {
            gtk_window_fullscreen(cast(widget))
        }
    }

    // X11's window managers make a window full screen on the monitor that it is on, and leave a full-screen one where it is.
    private func fill(_ new: Monitor) {
        let number = monitors.number(of: new)
        if swiftvm_display_is_x11(gtk_widget_get_display(widget)) {
            if isFullScreen, !isMoving, monitor != new {
                isMoving = true
                nextMonitor = new
                return gtk_window_unfullscreen(cast(widget))
            }
            sizing.move(to: number, at: new.frame)
        }
        guard let number else { return gtk_window_fullscreen(cast(widget)) }
        gtk_window_fullscreen_on_monitor(cast(widget), gtk_widget_get_screen(widget), number)
    }

    var monitor: Monitor? {
        guard let surface = gtk_widget_get_window(widget) else { return nil }
        return monitors.monitor(showing: surface)
    }

    func millimetres(of size: Size) -> Size { sizing.millimetres(of: size) }

    func openMenu() { menu.open() }

    func menuDidChange() { menu.update() }

    func beginGrab(pointer: Bool) -> Bool { events.grab.begin(pointer: pointer) }

    func endGrab() { events.grab.end() }

    func complain(_ text: String, details: String) {
        Dialogs.complain(over: widget, text, details: details)
    }

    func ask(_ question: String, details: String, answers: [Answer]) {
        Dialogs.ask(over: widget, question, details: details, answers: answers)
    }

    func askWhereToSave(suggestedName: String, chosen: @escaping @MainActor (String) -> Void) {
        Dialogs.savePNG(over: widget, suggestedName: suggestedName, chosen: chosen)
    }
}
