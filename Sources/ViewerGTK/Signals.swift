internal import CGTK

/// A GObject by its address, whatever C calls its type.
typealias Object = UnsafeMutableRawPointer

/// The same object under another C type, as `GTK_WINDOW(…)` would say.
func cast<Instance>(_ object: Object) -> UnsafeMutablePointer<Instance> {
    object.assumingMemoryBound(to: Instance.self)
}

/// The same widget under another C type.
func cast<Instance>(_ widget: UnsafeMutablePointer<GtkWidget>) -> UnsafeMutablePointer<Instance> {
    Object(widget).assumingMemoryBound(to: Instance.self)
}

/// Connecting Swift closures to GObject signals. A closure lives as long as its object; capture `self` weakly or unowned.
@MainActor
enum Signals {
    /// A signal without arguments, or whose arguments do not matter (at most one).
    static func connect(
        _ object: Object, _ name: String, _ handler: @escaping @MainActor () -> Void
    ) {
        let callback: @convention(c) (gpointer?, gpointer?) -> Void = { _, data in
            Signals.run(Box<@MainActor () -> Void>.self, data) { $0() }
        }
        add(object, name, handler, unsafeBitCast(callback, to: GCallback.self))
    }

    /// A signal with one pointer or number that does not matter, before the closure's data: `notify::…`, `activate` of an action.
    static func connectNotify(
        _ object: Object, _ name: String, _ handler: @escaping @MainActor () -> Void
    ) {
        let callback: @convention(c) (gpointer?, gpointer?, gpointer?) -> Void = { _, _, data in
            Signals.run(Box<@MainActor () -> Void>.self, data) { $0() }
        }
        add(object, name, handler, unsafeBitCast(callback, to: GCallback.self))
    }

    /// A signal with one pointer: the parameter of an action's activation.
    static func connectPointer(
        _ object: Object, _ name: String, _ handler: @escaping @MainActor (gpointer?) -> Void
    ) {
        let callback: @convention(c) (gpointer?, gpointer?, gpointer?) -> Void = { _, value, data in
            nonisolated(unsafe) let value = value
            Signals.run(Box<@MainActor (gpointer?) -> Void>.self, data) { $0(value) }
        }
        add(object, name, handler, unsafeBitCast(callback, to: GCallback.self))
    }

    /// A signal with one number: a dialog's `response`.
    static func connectNumber(
        _ object: Object, _ name: String, _ handler: @escaping @MainActor (Int32) -> Void
    ) {
        let callback: @convention(c) (gpointer?, gint, gpointer?) -> Void = { _, value, data in
            Signals.run(Box<@MainActor (Int32) -> Void>.self, data) { $0(value) }
        }
        add(object, name, handler, unsafeBitCast(callback, to: GCallback.self))
    }

    /// A signal with one pointer whose handler may end its propagation: events, `draw`, `render`.
    static func connectEvent<Event>(
        _ object: Object, _ name: String, _ type: Event.Type,
        _ handler: @escaping @MainActor (UnsafeMutablePointer<Event>) -> Bool
    ) {
        let erased: @MainActor (gpointer) -> Bool = {
            handler($0.assumingMemoryBound(to: Event.self))
        }
        let callback: @convention(c) (gpointer?, gpointer?, gpointer?) -> gboolean = {
            _, event, data in
            nonisolated(unsafe) let event = event!
            nonisolated(unsafe) var stops = false
            Signals.run(Box<@MainActor (gpointer) -> Bool>.self, data) { stops = $0(event) }
            return stops ? 1 : 0
        }
        add(object, name, erased, unsafeBitCast(callback, to: GCallback.self))
    }

    /// A signal with an opaque pointer (cairo_t) whose handler may end its propagation.
    static func connectOpaque(
        _ object: Object, _ name: String, _ handler: @escaping @MainActor (OpaquePointer) -> Bool
    ) {
        let erased: @MainActor (gpointer) -> Bool = { handler(OpaquePointer($0)) }
        let callback: @convention(c) (gpointer?, gpointer?, gpointer?) -> gboolean = {
            _, argument, data in
            nonisolated(unsafe) let argument = argument!
            nonisolated(unsafe) var stops = false
            Signals.run(Box<@MainActor (gpointer) -> Bool>.self, data) { stops = $0(argument) }
            return stops ? 1 : 0
        }
        add(object, name, erased, unsafeBitCast(callback, to: GCallback.self))
    }

    /// Runs once after `milliseconds` on the main loop. The result cancels it.
    @discardableResult
    static func after(
        milliseconds: UInt32, _ handler: @escaping @MainActor () -> Void
    ) -> guint {
        let callback: GSourceFunc = { data in
            Signals.run(Box<@MainActor () -> Void>.self, data) { $0() }
            return 0
        }
        return g_timeout_add_full(
            G_PRIORITY_DEFAULT, milliseconds, callback,
            Unmanaged.passRetained(Box(handler)).toOpaque(),
            { Unmanaged<AnyObject>.fromOpaque($0!).release() })
    }

    /// Runs on the widget's next frame; nothing runs while the widget is not on screen.
    static func onNextFrame(
        of widget: UnsafeMutablePointer<GtkWidget>, _ handler: @escaping @MainActor () -> Void
    ) {
        let callback: GtkTickCallback = { _, _, data in
            Signals.run(Box<@MainActor () -> Void>.self, data) { $0() }
            return 0
        }
        gtk_widget_add_tick_callback(
            widget, callback, Unmanaged.passRetained(Box(handler)).toOpaque(),
            { Unmanaged<AnyObject>.fromOpaque($0!).release() })
    }

    private final class Box<Handler> {
        let handler: Handler
        init(_ handler: Handler) { self.handler = handler }
    }

    // GTK calls back on the main thread alone.
    private nonisolated static func run<Handler>(
        _ type: Box<Handler>.Type, _ data: gpointer?, _ body: @MainActor (Handler) -> Void
    ) {
        nonisolated(unsafe) let box = Unmanaged<Box<Handler>>.fromOpaque(data!)
            .takeUnretainedValue()
        MainActor.assumeIsolated { body(box.handler) }
    }

    private static func add<Handler>(
        _ object: Object, _ name: String, _ handler: Handler, _ callback: @escaping GCallback
    ) {
        g_signal_connect_data(
            object, name, callback, Unmanaged.passRetained(Box(handler)).toOpaque(),
            { data, _ in Unmanaged<AnyObject>.fromOpaque(data!).release() }, GConnectFlags(0))
    }
}
