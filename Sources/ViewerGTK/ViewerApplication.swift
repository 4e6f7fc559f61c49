internal import CGTK
internal import CShimsGTK
internal import Glibc
public import GuestDisplay
internal import GuestDisplayGL
public import Logging
public import Viewer

private let applicationID = "org.swiftvm.Viewer"

/// The windowed viewer.
@MainActor
public enum ViewerApplication {
    /// The monitors, in the order of `--list-monitors`. Main thread alone, and not beside ``run(_:options:presenter:logger:)``. Throws when there is no
    /// display server, or it does not tell.
    public static func monitors() throws(DisplayError) -> [Monitor] {
        try begin()
        return try GTKMonitors.read(gdk_display_get_default()!)
    }

    /// Shows a guest until the user closes its last window; blocks. Main thread alone, once. Throws when there is no display
    /// server, the guest cannot be reached, a head that was asked for does not exist, or the presenter does not work here.
    public static func run(
        _ source: any DisplaySource, options: ViewerOptions, presenter: PresenterOption,
        logger: Logger
    ) throws(DisplayError) {
        leaveGLAlone(options.renderer, presenter)
        try begin()
        // The desktop file's name, by which Wayland compositors and docks find the icon.
        g_set_prgname(applicationID)
        gdk_set_program_class(applicationID)
        gtk_window_set_default_icon_name(applicationID)
        MainQueue.attach()
        let toolkit = try GTKToolkit(options, presenter: presenter, logger: logger)
        let viewer = ViewerController(source, toolkit: toolkit, options: options, logger: logger)
        toolkit.monitorList.onChange = { [unowned viewer] in viewer.monitorsChanged() }
        DisplayLoss.handle(farewell: viewer.farewell)
        viewer.start()
        while !viewer.isFinished { g_main_context_iteration(nil, 1) }
        viewer.tearDown()
        toolkit.choice.ingest.stop()
        // The windows' destruction reaches the display server before the program ends.
        while g_main_context_pending(nil) != 0 { g_main_context_iteration(nil, 0) }
        try viewer.checkResult()
    }

    // Where GDK's GL will not be used GDK need not load it to choose visuals: 70 MB and a fifth of a second with Mesa's llvmpipe.
    private static func leaveGLAlone(_ renderer: RendererChoice?, _ presenter: PresenterOption) {
        switch renderer {
        case _ where presenter.resolved == .subsurface: break
        case .gl: return
        case .software: break
        case nil:
            guard (try? EGLDisplayHandle.requireGPUDevice()) == nil else { return }
        }
        setenv("GDK_GL", "disable", 0)
    }

    private static func begin() throws(DisplayError) {
        guard gtk_init_check(nil, nil) != 0 else {
            throw DisplayError(
                "no display server answers: check DISPLAY and WAYLAND_DISPLAY, or use swiftvm-snapshot, which needs none"
            )
        }
    }
}

/// GTK, for one program.
@MainActor
private final class GTKToolkit: ViewerToolkit {
    let choice: PresenterChoice
    private let application: UnsafeMutablePointer<GtkApplication>
    private let globals: swiftvm_wayland_globals
    private let inhibitor: IdleInhibitor
    let monitorList: GTKMonitors

    init(
        _ options: ViewerOptions, presenter: PresenterOption, logger: Logger
    ) throws(DisplayError) {
        let display = gdk_display_get_default()!
        globals = swiftvm_wayland_bind(display)
        choice = try PresenterChoice.choose(
            options, presenter: presenter, display: display, globals: globals, logger: logger)
        application = gtk_application_new(applicationID, G_APPLICATION_NON_UNIQUE)
        var error: UnsafeMutablePointer<GError>?
        if g_application_register(cast(Object(application)), nil, &error) == 0 {
            logger.debug(
                "no session bus: \(error.map { String(cString: $0.pointee.message) } ?? "")")
            g_clear_error(&error)
        }
        inhibitor = IdleInhibitor(application: application, globals: globals)
        monitorList = GTKMonitors(display: display, logger: logger)
    }

    var rendererDescription: String { "\(choice.name), \(choice.ingest.rendererDescription)" }

    func makePictures() -> IngestHead { choice.ingest.makeHead() }

    func makeWindow(for controller: HeadController<IngestHead>) -> any ViewerWindow {
        HeadWindow(
            controller: controller, presenter: choice.makePresenter(), application: application,
            globals: globals, monitors: monitorList)
    }

    var monitors: [Monitor] { monitorList.all }

    func setIdleInhibited(_ on: Bool, by window: any ViewerWindow) {
        guard let window = window as? HeadWindow else { return }
        inhibitor.set(on, window: window.widget)
    }
}
