internal import CGTK
internal import CShimsGTK
internal import GuestDisplay

/// A widget with an X11 window of its own, into which somebody else than GTK draws, at the pace of GTK's frames. Main thread alone.
@MainActor
final class NativeWindowClock {
    /// The widget.
    let widget: UnsafeMutablePointer<GtkWidget> = gtk_drawing_area_new()
    /// Draws now; called only while the widget is on screen. `true`: what the window showed is lost.
    var present: ((Bool) -> Void)?
    /// The window is about to go.
    var unrealize: (() -> Void)?

    private var isDirty = false
    private var waitsForFrame = false

    /// `visual` is what its drawer needs; nil takes the toplevel's.
    init(visual: OpaquePointer? = nil) {
        if let visual { gtk_widget_set_visual(widget, visual) }
        gtk_widget_set_has_window(widget, 1)
        swiftvm_widget_draws_itself(widget)
        gtk_widget_set_app_paintable(widget, 1)
        Signals.connect(widget, "realize") { [unowned self] in
            gdk_window_ensure_native(gtk_widget_get_window(widget))
        }
        Signals.connect(widget, "unrealize") { [unowned self] in unrealize?() }
        Signals.connectOpaque(widget, "draw") { [unowned self] _ in
            draw(isLost: true)
            return true
        }
    }

    /// On arrival when the window is idle, else with its next frame.
    func queueDraw() {
        isDirty = true
        guard !waitsForFrame, gtk_widget_get_mapped(widget) != 0 else { return }
        waitsForFrame = true
        draw(isLost: false)
        Signals.onNextFrame(of: widget) { [weak self] in self?.frameBegan() }
    }

    private func frameBegan() {
        waitsForFrame = false
        if isDirty { queueDraw() }
    }

    private func draw(isLost: Bool) {
        isDirty = false
        if gtk_widget_get_mapped(widget) != 0 { present?(isLost) }
    }
}
