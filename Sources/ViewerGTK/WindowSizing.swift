internal import CGTK
internal import CShimsGTK
internal import GuestDisplay

/// A window's size follows its guest.
@MainActor
final class WindowSizing {
    private let window: UnsafeMutablePointer<GtkWidget>
    private let area: UnsafeMutablePointer<GtkWidget>
    private var loosens = false
    /// Whether the window is to fill its monitor as soon as it is there. A surface larger than the monitor is an error that ends the
    /// connection then (xdg-shell, `invalid_surface_state`), so nothing may ask for one.
    var startsFullScreen = false {
        didSet { if startsFullScreen { loosen() } }
    }
    private var guest = Size.zero
    // Where the window is to go, which it is not yet.
    private var nextMonitor: OpaquePointer?

    init(window: UnsafeMutablePointer<GtkWidget>, area: UnsafeMutablePointer<GtkWidget>) {
        self.window = window
        self.area = area
    }

    private var scale: Int { Int(gtk_widget_get_scale_factor(area)) }

    /// Makes the drawing area as large as the picture, one guest pixel a monitor pixel, or as the monitor allows. A window that is
    /// maximized or tiled stays as it is. Returns the area's size that was asked for; zero when none was.
    func fit(to guest: Size) -> Size {
        self.guest = guest
        if gtk_window_is_maximized(cast(window)) != 0 { return .zero }
        let limit = largestArea
        var width = (guest.width + scale - 1) / scale
        var height = (guest.height + scale - 1) / scale
        if width > limit.width || height > limit.height {
            let across = Double(limit.width) / Double(width)
            let down = Double(limit.height) / Double(height)
            let factor = min(across, down)
            width = max(1, Int(Double(width) * factor))
            height = max(1, Int(Double(height) * factor))
        }
        if gtk_widget_get_realized(window) == 0 {
            gtk_window_set_default_size(cast(window), Int32(width), Int32(height))
            if startsFullScreen { return Size(width: width * scale, height: height * scale) }
            gtk_widget_set_size_request(area, Int32(width), Int32(height))
            if !loosens { Signals.connect(window, "map") { [weak self] in self?.loosen() } }
            loosens = true
        } else {
            // GTK's size of a window is that of its content, without title bar and shadows.
            let size = (width: Int32(width), height: Int32(height))
            gtk_window_resize(cast(window), size.width, size.height)
            keepOnMonitor(width: size.width, height: size.height)
        }
        return Size(width: width * scale, height: height * scale)
    }

    /// How large a picture of that many pixels is on the window's monitor; zero when the monitor does not say.
    func millimetres(of size: Size) -> Size {
        guard let monitor, let surface = monitorGeometry else { return .zero }
        let width = Int(gdk_monitor_get_width_mm(monitor))
        let height = Int(gdk_monitor_get_height_mm(monitor))
        guard width > 0, height > 0, surface.width > 0, surface.height > 0 else { return .zero }
        return Size(
            width: size.width * width / (Int(surface.width) * scale),
            height: size.height * height / (Int(surface.height) * scale))
    }

    // The first size was a request, so that bar and borders are added to it; from now on the user may shrink it.
    private func loosen() {
        gtk_widget_set_size_request(area, 64, 48)
    }

    /// Puts the window on a monitor, by GDK's number or, where GDK does not know it, by its place, and makes it small enough to be there: window
    /// managers move one that is not to where it has more room. X11 alone.
    func move(to number: Int32?, at frame: Rect) {
        let display = gtk_widget_get_display(window)
        guard let monitor = number.flatMap({ gdk_display_get_monitor(display, $0) }) else {
            gtk_window_move(
                cast(window), Int32(clamping: frame.x / scale), Int32(clamping: frame.y / scale))
            return
        }
        nextMonitor = monitor
        if !guest.isEmpty { _ = fit(to: guest) }
        nextMonitor = nil
        var place = GdkRectangle()
        gdk_monitor_get_workarea(monitor, &place)
        gtk_window_move(cast(window), place.x, place.y)
    }

    // A window that grows would leave the monitor. On Wayland its place is the compositor's business.
    private func keepOnMonitor(width: Int32, height: Int32) {
        guard swiftvm_display_is_x11(gtk_widget_get_display(window)), let monitor else { return }
        var work = GdkRectangle()
        gdk_monitor_get_workarea(monitor, &work)
        var (x, y): (Int32, Int32) = (0, 0)
        gtk_window_get_position(cast(window), &x, &y)
        let place = (
            x: max(work.x, min(x, work.x + work.width - width)),
            y: max(work.y, min(y, work.y + work.height - height))
        )
        if place != (x, y) { gtk_window_move(cast(window), place.x, place.y) }
    }

    private var monitor: OpaquePointer? {
        if let nextMonitor { return nextMonitor }
        let display = gtk_widget_get_display(window)
        if let surface = gtk_widget_get_window(window) {
            return gdk_display_get_monitor_at_window(display, surface)
        }
        return gdk_display_get_primary_monitor(display) ?? gdk_display_get_monitor(display, 0)
    }

    private var monitorGeometry: GdkRectangle? {
        guard let monitor else { return nil }
        var rect = GdkRectangle()
        gdk_monitor_get_geometry(monitor, &rect)
        return rect
    }

    // The monitor's work area less a title bar.
    private var largestArea: Size {
        guard let monitor else { return Size(width: 1024, height: 768) }
        var rect = GdkRectangle()
        gdk_monitor_get_workarea(monitor, &rect)
        return Size(width: max(Int(rect.width), 320), height: max(Int(rect.height) - 64, 200))
    }
}
