internal import CGTK
internal import CShimsGTK
internal import GuestDisplay
internal import GuestDisplayGL
internal import Logging
internal import Viewer

/// Draws with GL in a GtkGLArea: on Wayland, where GDK's GL is EGL.
///
/// GDK asks the compositor for frames where cairo draws, not where GL does: its clock then runs at 60 Hz, whatever the monitor does and whether anybody
/// sees the window (GTK 3.24, gdkwindow-wayland.c: `on_frame_clock_after_paint` without a `pending_commit`). So frames are asked for here.
@MainActor
final class GLAreaPresenter: PicturePresenter {
    let widget: UnsafeMutablePointer<GtkWidget>
    var frameSource: (() -> PresenterFrame?)?

    private var drawer: PictureDrawer?
    private var hasFailed = false
    private let clock = WaylandFrameClock()
    private let logger: Logger
    private var area: UnsafeMutablePointer<GtkGLArea> { cast(widget) }

    init(logger: Logger) {
        self.logger = logger
        widget = gtk_gl_area_new()
        gtk_gl_area_set_has_alpha(area, 0)
        gtk_gl_area_set_auto_render(area, 1)
        clock.draw = { [unowned self] in gtk_gl_area_queue_render(area) }
        Signals.connectOpaque(widget, "render") { [unowned self] _ in
            requestFrame()
            render()
            return true
        }
        // The surface goes with it, and what was asked of it.
        Signals.connect(widget, "unmap") { [unowned self] in clock.forget() }
        Signals.connect(widget, "unrealize") { [unowned self] in releaseDrawer() }
    }

    func queueDraw() { clock.queueDraw() }

    func close() {
        clock.forget()
        releaseDrawer()
        frameSource = nil
    }

    /// GDK commits what is drawn now when its paint ends; GTK draws by itself too, before the compositor wants it.
    private func requestFrame() {
        guard let window = gtk_widget_get_window(widget),
            let surface = gdk_wayland_window_get_wl_surface(gdk_window_get_toplevel(window))
        else { return }
        clock.drawing(on: surface)
    }

    private func render() {
        guard !hasFailed, let frame = frameSource?() else { return }
        let begin = Moment.now
        do throws(GLError) {
            if drawer == nil { drawer = try PictureDrawer() }
            try drawer?.draw(
                frame.picture, layers: frame.layers, frame: frame.geometry.frame,
                window: frame.geometry.window)
            frame.times.add(.draw, since: begin)
        } catch {
            hasFailed = true
            logger.error("cannot draw with GL: \(error); try --renderer software")
        }
    }

    private func releaseDrawer() {
        guard let drawer else { return }
        gtk_gl_area_make_current(area)
        drawer.close()
        self.drawer = nil
    }
}
