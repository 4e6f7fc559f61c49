internal import CGTK
internal import CShimsGTK
internal import GuestDisplay
internal import GuestDisplayGL
internal import Logging
internal import Viewer

/// Draws with GL into an X11 window of its own through EGL: GtkGLArea is GLX there, which has no EGLImages.
@MainActor
final class X11EGLPresenter: PicturePresenter {
    let widget: UnsafeMutablePointer<GtkWidget>
    var frameSource: (() -> PresenterFrame?)?

    private let display: EGLDisplayHandle
    private let logger: Logger
    private var presenter: EGLWindowPresenter?
    private var hasFailed = false
    private var isDirty = false
    private var waitsForFrame = false

    /// `visual` is the EGL configuration's, so that the surface fits the window.
    init(display: EGLDisplayHandle, visual: OpaquePointer, logger: Logger) {
        self.display = display
        self.logger = logger
        widget = gtk_drawing_area_new()
        gtk_widget_set_visual(widget, visual)
        gtk_widget_set_has_window(widget, 1)
        swiftvm_widget_draws_itself(widget)
        gtk_widget_set_app_paintable(widget, 1)
        Signals.connect(widget, "realize") { [unowned self] in
            gdk_window_ensure_native(gtk_widget_get_window(widget))
        }
        Signals.connect(widget, "unrealize") { [unowned self] in releasePresenter() }
        Signals.connectOpaque(widget, "draw") { [unowned self] _ in
            present()
            return true
        }
    }

    // On arrival when the window is idle, else with its next frame.
    func queueDraw() {
        isDirty = true
        guard !waitsForFrame, gtk_widget_get_mapped(widget) != 0 else { return }
        waitsForFrame = true
        present()
        Signals.onNextFrame(of: widget) { [weak self] in self?.frameBegan() }
    }

    func close() {
        releasePresenter()
        frameSource = nil
    }

    private func frameBegan() {
        waitsForFrame = false
        if isDirty { queueDraw() }
    }

    private func present() {
        isDirty = false
        guard !hasFailed, gtk_widget_get_mapped(widget) != 0, let frame = frameSource?() else {
            return
        }
        do throws(GLError) {
            if presenter == nil {
                presenter = try EGLWindowPresenter(
                    display: display,
                    nativeWindow: UInt(gdk_x11_window_get_xid(gtk_widget_get_window(widget))))
            }
            try presenter?.present(
                frame.picture, layers: frame.layers, frame: frame.geometry.frame,
                window: frame.geometry.window)
        } catch {
            hasFailed = true
            logger.error("cannot draw with GL: \(error); try --renderer software")
        }
    }

    private func releasePresenter() {
        presenter?.close()
        presenter = nil
    }
}
