internal import CGTK
internal import CShimsGTK
internal import GuestDisplay

/// A widget with an X11 window of its own, into which somebody else than GTK draws: at once while it is idle, and not more often than its monitor
/// shows. GTK's frame clock would paint the whole toplevel with each frame, and run on for some frames after the last. Main thread alone.
@MainActor
final class NativeWindowClock {
    /// The widget.
    let widget: UnsafeMutablePointer<GtkWidget> = gtk_drawing_area_new()
    /// Draws now; called only while the widget is on screen. `true`: what the window showed is lost.
    var present: ((Bool) -> Void)?
    /// The window has gone from the screen; what it showed is lost.
    var unmap: (() -> Void)?
    /// The window is about to go.
    var unrealize: (() -> Void)?

    private var isDirty = false
    /// When it was drawn last, or should have been; GLib's monotonic clock, in microseconds.
    private var lastFrame = 0
    /// When that was done.
    private var lastEnd = 0
    private var interval = 0
    private var intervalExpiry = 0
    /// GLib's timer for the next frame; 0 when none runs.
    private var timer: guint = 0

    /// `visual` is what its drawer needs; nil takes the toplevel's.
    init(visual: OpaquePointer? = nil) {
        if let visual { gtk_widget_set_visual(widget, visual) }
        gtk_widget_set_has_window(widget, 1)
        swiftvm_widget_draws_itself(widget)
        gtk_widget_set_app_paintable(widget, 1)
        Signals.connect(widget, "realize") { [unowned self] in
            gdk_window_ensure_native(gtk_widget_get_window(widget))
        }
        Signals.connect(widget, "unmap") { [unowned self] in unmap?() }
        Signals.connect(widget, "unrealize") { [unowned self] in
            cancel()
            unrealize?()
        }
        Signals.connectOpaque(widget, "draw") { [unowned self] _ in
            draw(isLost: true)
            return true
        }
    }

    isolated deinit {
        cancel()
    }

    /// On arrival when the window is idle, else with its next frame. `elapsed` is how many nanoseconds ago somebody else drew; nil when nobody did.
    func queueDraw(elapsed: UInt64? = nil) {
        isDirty = true
        guard timer == 0, gtk_widget_get_mapped(widget) != 0 else { return }
        let now = g_get_monotonic_time()
        let interval = frameInterval(at: now)
        if let elapsed, elapsed < UInt64(interval) * 1000 {
            lastEnd = max(lastEnd, now - Int(elapsed / 1000))
            lastFrame = max(lastFrame, lastEnd)
        }
        if now >= lastEnd + interval {
            lastFrame = now
            return draw(isLost: false)
        }
        // The timer may be a millisecond late; the next frame is counted from when this one was due. GTK comes first: where drawing takes longer than a
        // frame, it would otherwise never get to give a window its new size.
        lastFrame = max(lastFrame + interval, now)
        startTimer(milliseconds: (lastFrame - now + 999) / 1000)
    }

    /// Draws again in a second: what was to be drawn could not be.
    func retry() {
        isDirty = true
        if timer == 0 { startTimer(milliseconds: 1000) }
    }

    private func startTimer(milliseconds: Int) {
        timer = g_timeout_add_full(
            GDK_PRIORITY_REDRAW + 10, guint(milliseconds),
            { context in
                let clock = Unmanaged<NativeWindowClock>.fromOpaque(context!)
                MainActor.assumeIsolated { clock.takeUnretainedValue().frameBegan() }
                return 0
            }, Unmanaged.passUnretained(self).toOpaque(), nil)
    }

    private func frameBegan() {
        timer = 0
        if isDirty { draw(isLost: false) }
    }

    private func cancel() {
        if timer != 0 { g_source_remove(timer) }
        timer = 0
    }

    /// The time between two frames of the monitor that the window is on, in nanoseconds.
    var frameInterval: UInt64 { UInt64(frameInterval(at: g_get_monotonic_time())) * 1000 }

    /// The time between two frames of the monitor that the window is on, in microseconds; 60 Hz where it does not say. Asked once a second: a window moves.
    private func frameInterval(at now: Int) -> Int {
        if now < intervalExpiry { return interval }
        intervalExpiry = now + 1_000_000
        interval = 16_667
        if let window = gtk_widget_get_window(widget),
            let monitor = gdk_display_get_monitor_at_window(
                gtk_widget_get_display(widget), window),
            case let rate = Int(gdk_monitor_get_refresh_rate(monitor)), rate > 0
        {
            interval = max(1000, 1_000_000_000 / rate)
        }
        return interval
    }

    private func draw(isLost: Bool) {
        isDirty = false
        if gtk_widget_get_mapped(widget) != 0 { present?(isLost) }
        lastEnd = Int(g_get_monotonic_time())
    }
}
