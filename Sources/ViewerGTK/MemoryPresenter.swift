internal import CGTK
internal import GuestDisplay
internal import GuestDisplayGL
internal import Logging
internal import Viewer

/// Draws with the CPU straight into a native X11 window of its own: cairo and GTK would copy it twice more on its way.
@MainActor
final class MemoryPresenter: PicturePresenter {
    let widget: UnsafeMutablePointer<GtkWidget>
    var frameSource: (() -> PresenterFrame?)?

    private let logger: Logger
    private let clock: NativeWindowClock
    private var presenter: X11MemoryPresenter?
    private var lastFailure = ""
    private var lastSize = Size.zero
    private var arrivals: PictureArrivals<Picture>?

    init(logger: Logger) {
        self.logger = logger
        clock = NativeWindowClock()
        widget = clock.widget
        clock.present = { [unowned self] isLost in
            if isLost { presenter?.invalidate() }
            present(isLost: isLost)
        }
        clock.unmap = { [unowned self] in arrivals?.forbid() }
        clock.unrealize = { [unowned self] in end() }
    }

    func queueDraw() {
        arrivals?.forbid()
        clock.queueDraw(elapsed: arrivals?.elapsed)
    }

    private func end() {
        arrivals?.forbid()
        presenter = nil
    }

    func close() {
        end()
        frameSource = nil
    }

    private func present(isLost: Bool) {
        guard let frame = frameSource?() else { return }
        do throws(GLError) {
            if presenter == nil { presenter = try makePresenter() }
            // What GTK has asked for on its own connection, the window's new size above all, comes before what is drawn into it on ours. A size that it had before may have
            // been another meanwhile; and what GTK has told us to paint, it does not tell again when the server exposes it.
            if isLost || frame.geometry.window != lastSize {
                gdk_display_sync(gtk_widget_get_display(widget))
                lastSize = frame.geometry.window
            }
            let times = try presenter?.present(
                frame.picture, layers: frame.layers, frame: frame.geometry.frame,
                size: frame.geometry.window)
            if let times { frame.times.add(times) }
            lastFailure = ""
            arrivals = frame.arrivals
            if let presenter {
                frame.arrivals.allow(interval: clock.frameInterval) { presenter.presentNext($0) }
            }
        } catch {
            // The next frame, or a window of another size, may do.
            if error.description != lastFailure { logger.error("cannot draw: \(error)") }
            lastFailure = error.description
            clock.retry()
        }
    }

    private func makePresenter() throws(GLError) -> X11MemoryPresenter {
        let window = gtk_widget_get_window(widget)
        // The server has it before another connection names it.
        gdk_display_sync(gdk_window_get_display(window))
        return try X11MemoryPresenter(
            display: String(cString: gdk_display_get_name(gdk_window_get_display(window))),
            window: UInt32(gdk_x11_window_get_xid(window)))
    }
}
