internal import CGTK
internal import CShimsGTK
internal import GuestDisplay
internal import GuestDisplayGL
internal import Logging
internal import Viewer

/// Draws with the CPU into memory that the X server reads (MIT-SHM), and passes on only what changed, straight to a window of its own: cairo and
/// GTK would copy it twice more on its way.
@MainActor
final class X11MemoryPresenter: PicturePresenter {
    let widget: UnsafeMutablePointer<GtkWidget>
    var frameSource: (() -> PresenterFrame?)?

    private let drawer = SoftwareDrawer()
    private let logger: Logger
    private let clock: NativeWindowClock
    private var memory: OpaquePointer?
    private var shown = PresentedState()
    private var lastFailure = ""

    init(logger: Logger) {
        self.logger = logger
        clock = NativeWindowClock()
        widget = clock.widget
        clock.present = { [unowned self] isLost in
            if isLost { shown.invalidate() }
            present()
        }
        clock.unrealize = { [unowned self] in release() }
    }

    func queueDraw() { clock.queueDraw() }

    func close() {
        release()
        frameSource = nil
    }

    private func present() {
        guard let frame = frameSource?() else { return }
        let begin = Moment.now
        let size = frame.geometry.window
        if memory == nil { memory = swiftvm_x11_memory_new(gtk_widget_get_window(widget)) }
        var stride: Int32 = 0
        var isNew = false
        guard let memory,
            let pixels = swiftvm_x11_memory_pixels(
                memory, Int32(clamping: size.width), Int32(clamping: size.height), &stride, &isNew)
        else { return fail("there is no memory for a window of \(size)") }
        if isNew { shown.invalidate() }
        let damage = shown.update(
            to: frame.picture, layers: frame.layers, frame: frame.geometry.frame, window: size)
        do throws(GLError) {
            try drawer.draw(
                frame.picture, layers: frame.layers, frame: frame.geometry.frame, window: size,
                to: pixels, stride: Int(stride), damage: damage)
        } catch {
            return fail("\(error)")
        }
        let drawn = frame.times.add(.draw, since: begin)
        let rects = damage.rects.map { $0.intersection(Rect(size)) }.filter { !$0.isEmpty }
        swiftvm_x11_memory_put(
            memory,
            rects.flatMap { [Int32($0.x), Int32($0.y), Int32($0.width), Int32($0.height)] },
            Int32(rects.count))
        frame.times.add(.swap, since: drawn)
        lastFailure = ""
    }

    // The next frame, or a window of another size, may do.
    private func fail(_ reason: String) {
        shown.invalidate()
        if reason != lastFailure { logger.error("cannot draw: \(reason)") }
        lastFailure = reason
    }

    private func release() {
        if let memory { swiftvm_x11_memory_free(memory) }
        memory = nil
        shown.invalidate()
    }
}
