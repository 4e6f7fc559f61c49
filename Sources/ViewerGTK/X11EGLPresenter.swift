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
    private let clock: NativeWindowClock

    /// `visual` is the EGL configuration's, so that the surface fits the window.
    init(display: EGLDisplayHandle, visual: OpaquePointer, logger: Logger) {
        self.display = display
        self.logger = logger
        clock = NativeWindowClock(visual: visual)
        widget = clock.widget
        clock.present = { [unowned self] _ in present() }
        clock.unrealize = { [unowned self] in releasePresenter() }
    }

    func queueDraw() { clock.queueDraw() }

    func close() {
        releasePresenter()
        frameSource = nil
    }

    private func present() {
        guard !hasFailed, let frame = frameSource?() else { return }
        do throws(GLError) {
            if presenter == nil {
                presenter = try EGLWindowPresenter(
                    display: display,
                    nativeWindow: UInt(gdk_x11_window_get_xid(gtk_widget_get_window(widget))))
            }
            let times = try presenter?.present(
                frame.picture, layers: frame.layers, frame: frame.geometry.frame,
                window: frame.geometry.window)
            if let times { frame.times.add(times) }
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
