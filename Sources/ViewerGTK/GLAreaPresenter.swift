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
    /// How long the compositor may take, in microseconds. It asks for no frame of a window that is out of sight, and may forget to when it comes into
    /// sight again.
    private static let patience = 1_000_000

    /// What was asked of the compositor and has not come.
    private var nextFrame: OpaquePointer?
    /// Until when it is waited for; GLib's monotonic clock, in microseconds.
    private var nextFrameEnd = 0
    /// Whether something is to be drawn when it comes.
    private var isDirty = false
    /// For a frame that does not come.
    private let timer = MainTimer()
    private let logger: Logger
    private var area: UnsafeMutablePointer<GtkGLArea> { cast(widget) }

    init(logger: Logger) {
        self.logger = logger
        widget = gtk_gl_area_new()
        gtk_gl_area_set_has_alpha(area, 0)
        gtk_gl_area_set_auto_render(area, 1)
        Signals.connectOpaque(widget, "render") { [unowned self] _ in
            requestFrame()
            render()
            return true
        }
        // The surface goes with it, and what was asked of it.
        Signals.connect(widget, "unmap") { [unowned self] in forgetFrame() }
        Signals.connect(widget, "unrealize") { [unowned self] in releaseDrawer() }
    }

    isolated deinit {
        forgetFrame()
    }

    func queueDraw() {
        if nextFrame != nil {
            isDirty = true
            startTimer()
        } else {
            gtk_gl_area_queue_render(area)
        }
    }

    func close() {
        forgetFrame()
        releaseDrawer()
        frameSource = nil
    }

    /// GDK commits what is drawn now when its paint ends; GTK draws by itself too, before the compositor wants it.
    private func requestFrame() {
        isDirty = false
        let end = Int(g_get_monotonic_time()) + GLAreaPresenter.patience
        guard nextFrame == nil else {
            // One request is enough, however often is drawn meanwhile: the compositor keeps each until the window is seen, and would answer all at once.
            if end >= nextFrameEnd + GLAreaPresenter.patience { nextFrameEnd = end }
            return
        }
        guard let window = gtk_widget_get_window(widget) else { return }
        nextFrame = swiftvm_frame_request(
            window,
            { context in
                let presenter = Unmanaged<GLAreaPresenter>.fromOpaque(context!)
                MainActor.assumeIsolated { presenter.takeUnretainedValue().frameCame() }
            }, Unmanaged.passUnretained(self).toOpaque())
        nextFrameEnd = end
    }

    private func frameCame() {
        dropFrame()
        if isDirty { gtk_gl_area_queue_render(area) }
        isDirty = false
    }

    /// One timer at a time: it mostly finds that the frame came.
    private func startTimer() {
        if timer.isRunning { return }
        let rest = max(nextFrameEnd - Int(g_get_monotonic_time()), 0)
        timer.start(milliseconds: (rest + 999) / 1000) { [weak self] in self?.timePassed() }
    }

    private func timePassed() {
        guard isDirty else { return }
        if nextFrame != nil, Int(g_get_monotonic_time()) < nextFrameEnd { return startTimer() }
        isDirty = false
        gtk_gl_area_queue_render(area)
    }

    private func dropFrame() {
        if let nextFrame { swiftvm_frame_free(nextFrame) }
        nextFrame = nil
    }

    /// The surface is going, or the presenter.
    private func forgetFrame() {
        dropFrame()
        isDirty = false
        timer.cancel()
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
