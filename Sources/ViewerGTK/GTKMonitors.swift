internal import CGTK
internal import CShimsGTK
internal import GuestDisplay
internal import Logging
internal import MonitorList
internal import Viewer

/// GDK's monitors by the names of the display server, which GDK does not tell.
@MainActor
final class GTKMonitors {
    /// All, in the order of `Monitor.sorted`; empty when the display server does not tell.
    private(set) var all: [Monitor] = []
    /// Called after a change.
    var onChange: (() -> Void)?

    private let display: OpaquePointer
    private let logger: Logger
    // GDK's monitors, in its order, and which of `all` each is.
    private var known: [(monitor: OpaquePointer, index: Int?)] = []
    private var delay: guint = 0

    init(display: OpaquePointer, logger: Logger) {
        self.display = display
        self.logger = logger
        refresh()
        let changed: @MainActor () -> Void = { [weak self] in self?.changeSoon() }
        Signals.connectNotify(Object(display), "monitor-added", changed)
        Signals.connectNotify(Object(display), "monitor-removed", changed)
        Signals.connect(
            Object(gdk_display_get_default_screen(display)), "monitors-changed", changed)
    }

    /// The monitors of GDK's display server.
    static func read(_ display: OpaquePointer) throws(DisplayError) -> [Monitor] {
        let name = String(cString: gdk_display_get_name(display))
        return try MonitorList.read(
            swiftvm_display_is_wayland(display) ? .wayland(name) : .x11(name))
    }

    /// GDK's number of a monitor; nil when it is gone.
    func number(of monitor: Monitor) -> Int32? {
        known.firstIndex { $0.index.map { all[$0].name } == monitor.name }.map(Int32.init)
    }

    /// The monitor that most of a window is on; nil when unknown.
    func monitor(showing surface: OpaquePointer) -> Monitor? {
        let monitor = gdk_display_get_monitor_at_window(display, surface)
        return known.first { $0.monitor == monitor }?.index.map { all[$0] }
    }

    // A monitor that comes is announced before its size is known, and one change by several signals: take what there is once they have
    // stopped.
    private func changeSoon() {
        if delay != 0 { g_source_remove(delay) }
        delay = Signals.after(milliseconds: 100) { [weak self] in
            guard let self else { return }
            self.delay = 0
            self.refresh()
            self.onChange?()
        }
    }

    private func refresh() {
        do throws(DisplayError) {
            all = try GTKMonitors.read(display)
        } catch {
            all = []
            logger.warning("\(error)")
        }
        let monitors = (0..<gdk_display_get_n_monitors(display)).compactMap {
            gdk_display_get_monitor(display, $0)
        }
        let indices = Monitor.indices(of: monitors.map(frame), among: all)
        known = Array(zip(monitors, indices)).map { (monitor: $0, index: $1) }
        for monitor in all { logger.debug("monitor \(monitor.listing)") }
    }

    // On X11, GDK divides the server's pixels by its own scale.
    private func frame(of monitor: OpaquePointer) -> Rect {
        var rect = GdkRectangle()
        gdk_monitor_get_geometry(monitor, &rect)
        let scale =
            swiftvm_display_is_x11(display) ? Int(gdk_monitor_get_scale_factor(monitor)) : 1
        return Rect(
            x: Int(rect.x) * scale, y: Int(rect.y) * scale, width: Int(rect.width) * scale,
            height: Int(rect.height) * scale)
    }
}
