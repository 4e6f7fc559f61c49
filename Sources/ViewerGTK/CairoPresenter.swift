internal import CGTK
internal import GuestDisplay
internal import GuestDisplayGL
internal import Logging
internal import Viewer

/// Draws with the CPU, through cairo: without GL on Wayland, and on an X server that shares no memory.
@MainActor
final class CairoPresenter: PicturePresenter {
    let widget: UnsafeMutablePointer<GtkWidget>
    var frameSource: (() -> PresenterFrame?)?

    private let drawer = SoftwareDrawer()
    private let logger: Logger
    // What GTK was told to draw. A newer frame can be there when it draws, but it draws only where it was told to.
    private var frame: PresenterFrame?
    private var state = PresentedState()
    private var waitsForFrame = false
    private var hasFailed = false

    init(logger: Logger) {
        self.logger = logger
        widget = gtk_drawing_area_new()
        Signals.connectOpaque(widget, "draw") { [unowned self] cairo in
            draw(to: cairo)
            return true
        }
        // Nothing was drawn while it was away.
        Signals.connect(widget, "map") { [unowned self] in forgetFrame() }
    }

    func queueDraw() {
        guard !waitsForFrame, gtk_widget_get_mapped(widget) != 0 else { return }
        waitsForFrame = true
        Signals.onNextFrame(of: widget) { [weak self] in self?.frameBegan() }
    }

    func close() {
        frameSource = nil
        forgetFrame()
    }

    // Only what differs from the last frame.
    private func frameBegan() {
        waitsForFrame = false
        guard let next = frameSource?() else { return }
        frame = next
        let damage = state.update(
            to: next.picture, layers: next.layers, frame: next.geometry.frame,
            window: next.geometry.window)
        let scale = scaleFactor
        for rect in damage.rects {
            let left = rect.x / scale
            let top = rect.y / scale
            gtk_widget_queue_draw_area(
                widget, Int32(left), Int32(top),
                Int32((rect.maxX + scale - 1) / scale - left),
                Int32((rect.maxY + scale - 1) / scale - top))
        }
    }

    private func forgetFrame() {
        frame = nil
        state.invalidate()
    }

    private func draw(to cairo: OpaquePointer) {
        // The first frame, and one of another size, which GTK draws whole.
        if frame?.geometry.window != pixelSize { frame = frameSource?() }
        guard let frame, !hasFailed else { return }
        let begin = Moment.now
        let scale = Double(scaleFactor)
        cairo_scale(cairo, 1 / scale, 1 / scale)
        do throws(GLError) {
            try drawer.draw(
                frame.picture, layers: frame.layers, frame: frame.geometry.frame,
                window: frame.geometry.window, to: cairo)
            frame.times.add(.draw, since: begin)
        } catch {
            hasFailed = true
            logger.error("cannot draw: \(error)")
        }
    }
}
