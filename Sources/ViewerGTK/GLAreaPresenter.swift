internal import CGTK
internal import GuestDisplay
internal import GuestDisplayGL
internal import Logging
internal import Viewer

/// Draws with GL in a GtkGLArea: on Wayland, where GDK's GL is EGL.
@MainActor
final class GLAreaPresenter: PicturePresenter {
    let widget: UnsafeMutablePointer<GtkWidget>
    var frameSource: (() -> PresenterFrame?)?

    private var drawer: PictureDrawer?
    private var hasFailed = false
    private let logger: Logger
    private var area: UnsafeMutablePointer<GtkGLArea> { cast(widget) }

    init(logger: Logger) {
        self.logger = logger
        widget = gtk_gl_area_new()
        gtk_gl_area_set_has_alpha(area, 0)
        gtk_gl_area_set_auto_render(area, 1)
        Signals.connectOpaque(widget, "render") { [unowned self] _ in
            render()
            return true
        }
        Signals.connect(widget, "unrealize") { [unowned self] in releaseDrawer() }
    }

    func queueDraw() {
        gtk_gl_area_queue_render(area)
    }

    func close() {
        releaseDrawer()
        frameSource = nil
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
