internal import CGTK
internal import CShimsGTK
internal import GuestDisplay
internal import GuestDisplayGL
internal import Viewer

/// A Wayland surface of our own over a widget's place in its window, into which EGL draws, until ``close()``. Main thread alone.
@MainActor
final class PictureSubsurface {
    /// Where a widget is in its toplevel's surface, and how large, in logical pixels; and how many of the monitor's each of these has across.
    struct Place: Equatable {
        let x: Int32
        let y: Int32
        let width: Int32
        let height: Int32
        let scale: Int32

        /// Where it is now; nil while it is nowhere.
        @MainActor
        init?(of widget: UnsafeMutablePointer<GtkWidget>) {
            var (x, y): (Int32, Int32) = (0, 0)
            let toplevel = gtk_widget_get_toplevel(widget)
            guard gtk_widget_translate_coordinates(widget, toplevel, 0, 0, &x, &y) != 0
            else { return nil }
            self.x = x
            self.y = y
            width = gtk_widget_get_allocated_width(widget)
            height = gtk_widget_get_allocated_height(widget)
            scale = gtk_widget_get_scale_factor(widget)
            if width < 1 || height < 1 || scale < 1 { return nil }
        }
    }

    /// Where it was put last.
    private(set) var place: Place

    private let handle: OpaquePointer
    private let presenter: EGLWindowPresenter

    /// Makes it there, as ``put(at:)`` would. Nil while the widget's toplevel has no surface. Throws what EGL reports.
    init?(
        over widget: UnsafeMutablePointer<GtkWidget>, at place: Place,
        globals: swiftvm_wayland_globals, display: EGLDisplayHandle
    ) throws(GLError) {
        var globals = globals
        guard let window = gtk_widget_get_window(widget),
            let handle = swiftvm_subsurface_new(&globals, window)
        else { return nil }
        self.handle = handle
        self.place = place
        PictureSubsurface.put(handle, at: place)
        do throws(GLError) {
            presenter = try EGLWindowPresenter(
                display: display, waylandWindow: swiftvm_subsurface_get_egl_window(handle))
        } catch {
            swiftvm_subsurface_free(handle)
            throw error
        }
    }

    /// Takes it from the screen. Once, last; what was asked of its surface is forgotten before.
    func close() {
        presenter.close()
        swiftvm_subsurface_free(handle)
    }

    /// Its surface.
    var surface: OpaquePointer { swiftvm_subsurface_get_surface(handle) }

    /// Puts it there; the next frame is to be of that size, and is drawn while GTK draws.
    ///
    /// A larger one comes to the screen together with the window's new size, beyond whose old one it would reach. A smaller one comes at once: a compositor
    /// may place a full-screen window by what is over it before it takes what waits for the window (Weston 10, shell.c: `center_on_output`).
    func put(at place: Place) {
        let shrinks = place.width < self.place.width || place.height < self.place.height
        self.place = place
        synchronise(!shrinks)
        PictureSubsurface.put(handle, at: place)
    }

    /// From now on frames come to the screen by themselves.
    func letGo() { synchronise(false) }

    // Every time: it ends by itself when GDK has drawn.
    private func synchronise(_ on: Bool) {
        swiftvm_subsurface_set_synchronised(handle, on)
    }

    private static func put(_ handle: OpaquePointer, at place: Place) {
        swiftvm_subsurface_place(
            handle, place.x, place.y, place.width, place.height, place.scale)
    }

    /// Draws a frame, without waiting for the compositor.
    func present(_ frame: PresenterFrame) throws(GLError) {
        let times = try presenter.present(
            frame.picture, layers: frame.layers, frame: frame.geometry.frame,
            window: frame.geometry.window)
        swiftvm_subsurface_set_drawn(handle)
        frame.times.add(times)
    }
}
