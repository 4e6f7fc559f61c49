internal import CGTK
internal import CShimsGTK
internal import GuestDisplay
internal import GuestDisplayGL
internal import Logging
internal import Viewer

/// Draws with GL into a Wayland surface of its own, right above the place in the window that it is for: GtkGLArea draws into a texture that GDK draws
/// again, at most 60 times a second, and not right with GLES.
///
/// GTK draws its widget only where something of the window has changed. A new place or size is taken then, together with the window's own.
@MainActor
final class SubsurfacePresenter: PicturePresenter {
    let widget: UnsafeMutablePointer<GtkWidget>
    var frameSource: (() -> PresenterFrame?)?

    private let display: EGLDisplayHandle
    private let globals: swiftvm_wayland_globals
    private let logger: Logger
    private let clock = WaylandFrameClock()
    private var subsurface: PictureSubsurface?
    private var hasFailed = false

    init(display: EGLDisplayHandle, globals: swiftvm_wayland_globals, logger: Logger) {
        self.display = display
        self.globals = globals
        self.logger = logger
        widget = gtk_drawing_area_new()
        clock.draw = { [unowned self] in drawByItself() }
        Signals.connectOpaque(widget, "draw") { [unowned self] cairo in
            // What is seen while the window has grown and the picture has not.
            cairo_set_source_rgb(cairo, 0, 0, 0)
            cairo_paint(cairo)
            drawWithWindow()
            return true
        }
        // The window's surface goes as well; a hidden window gets a new one.
        Signals.connect(widget, "unmap") { [unowned self] in end() }
        Signals.connect(widget, "unrealize") { [unowned self] in end() }
    }

    func queueDraw() {
        if !hasFailed, gtk_widget_get_mapped(widget) != 0 { clock.queueDraw() }
    }

    func close() {
        end()
        frameSource = nil
    }

    private func end() {
        clock.forget()
        subsurface?.close()
        subsurface = nil
    }

    /// On the compositor's clock, whatever GTK does.
    private func drawByItself() {
        guard let subsurface, subsurface.place == PictureSubsurface.Place(of: widget) else {
            return gtk_widget_queue_draw(widget)
        }
        subsurface.letGo()
        present(on: subsurface)
    }

    /// GTK commits the window when its paint ends, which this is part of.
    private func drawWithWindow() {
        guard !hasFailed, let place = PictureSubsurface.Place(of: widget) else { return }
        do throws(GLError) {
            if let subsurface {
                if subsurface.place == place { return }
                subsurface.put(at: place)
            } else {
                subsurface = try PictureSubsurface(
                    over: widget, at: place, globals: globals, display: display)
            }
        } catch {
            return fail(error)
        }
        if let subsurface { present(on: subsurface, isNew: true) }
    }

    private func present(on subsurface: PictureSubsurface, isNew: Bool = false) {
        guard !hasFailed, let frame = frameSource?() else { return }
        clock.drawing(on: subsurface.surface, isNew: isNew)
        do throws(GLError) {
            try subsurface.present(frame)
        } catch {
            fail(error)
        }
    }

    private func fail(_ error: GLError) {
        hasFailed = true
        end()
        logger.error(
            "cannot draw with GL: \(error); try --presenter glarea or --renderer software")
    }
}
