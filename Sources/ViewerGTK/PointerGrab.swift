internal import CGTK
internal import CShimsGTK

/// Holds keyboard and pointer for the guest: with a relative mouse the pointer is hidden and stays in the window.
@MainActor
final class PointerGrab {
    /// Hears the motion of a held relative pointer, in logical pixels.
    var onMotion: ((Double, Double) -> Void)?
    /// Whether the keyboard is held, and the pointer with it if asked.
    private(set) var isActive = false
    /// Whether the pointer is held.
    private(set) var holdsPointer = false

    private let widget: UnsafeMutablePointer<GtkWidget>
    private var globals: swiftvm_wayland_globals
    private var lock: OpaquePointer?
    // The held pointer's last place, and where it was put without an event of that having come yet.
    private var last = (x: 0.0, y: 0.0)
    private var warpTarget: (x: Double, y: Double)?
    private var isX11: Bool { swiftvm_display_is_x11(display) }
    private var display: OpaquePointer { gtk_widget_get_display(widget) }
    private var seat: UnsafeMutablePointer<GdkSeat> { gdk_display_get_default_seat(display) }

    init(widget: UnsafeMutablePointer<GtkWidget>, globals: swiftvm_wayland_globals) {
        self.widget = widget
        self.globals = globals
    }

    /// Takes the keyboard, with `pointer` the pointer as well. False when the display server refuses (another program holds it).
    func begin(pointer: Bool) -> Bool {
        end()
        guard let window = gtk_widget_get_window(widget),
            let toplevel = gdk_window_get_toplevel(window)
        else { return false }
        let blank = GuestCursor.blank(display)
        defer { if let blank { g_object_unref(Object(blank)) } }
        if pointer && !isX11 {
            lock = swiftvm_pointer_lock_new(
                &globals, toplevel, seat,
                { context, dx, dy in
                    let grab = Unmanaged<PointerGrab>.fromOpaque(context!)
                    MainActor.assumeIsolated {
                        grab.takeUnretainedValue().onMotion?(dx, dy)
                    }
                }, Unmanaged.passUnretained(self).toOpaque())
            guard lock != nil else { return false }
        }
        // On Wayland, exactly the keyboard: only then does GDK ask the compositor to leave its shortcuts to us.
        let capabilities =
            pointer && isX11
            ? GdkSeatCapabilities(
                GDK_SEAT_CAPABILITY_KEYBOARD.rawValue | GDK_SEAT_CAPABILITY_ALL_POINTING.rawValue)
            : GDK_SEAT_CAPABILITY_KEYBOARD
        let status = gdk_seat_grab(
            seat, pointer && isX11 ? window : toplevel, capabilities, pointer && isX11 ? 0 : 1,
            pointer ? blank : nil, nil, nil, nil)
        guard status == GDK_GRAB_SUCCESS else {
            end()
            return false
        }
        isActive = true
        holdsPointer = pointer
        if pointer && isX11 {
            // Every place counts: GDK would leave out all but the last before a frame, the warp's among them.
            gdk_window_set_event_compression(window, 0)
            var (x, y) = (0.0, 0.0)
            gdk_window_get_device_position_double(
                window, gdk_seat_get_pointer(seat), &x, &y, nil)
            last = (x, y)
            centre()
        }
        return true
    }

    /// Lets go.
    func end() {
        if let lock { swiftvm_pointer_lock_free(lock) }
        lock = nil
        if isActive { gdk_seat_ungrab(seat) }
        if let window = gtk_widget_get_window(widget) {
            gdk_window_set_event_compression(window, 1)
        }
        warpTarget = nil
        isActive = false
        holdsPointer = false
    }

    /// On X11: turns the held pointer's places (in the widget) into motion, and puts it back to the middle before it meets an edge.
    func moved(toX x: Double, y: Double) {
        guard holdsPointer, isX11 else { return }
        let place = (x: x, y: y)
        // The warp's own event is no motion of the user's. Those before it are on their way from the old place still.
        if let target = warpTarget, place == target {
            warpTarget = nil
            last = place
            return
        }
        let motion = (x: place.x - last.x, y: place.y - last.y)
        last = place
        if motion != (0, 0) { onMotion?(motion.x, motion.y) }
        let (middleX, middleY) = (Double(middle.0), Double(middle.1))
        if warpTarget == nil,
            abs(place.x - middleX) > middleX / 2 || abs(place.y - middleY) > middleY / 2
        {
            centre()
        }
    }

    private var middle: (Int32, Int32) {
        (gtk_widget_get_allocated_width(widget) / 2, gtk_widget_get_allocated_height(widget) / 2)
    }

    private func centre() {
        guard let window = gtk_widget_get_window(widget) else { return }
        var originX: Int32 = 0
        var originY: Int32 = 0
        gdk_window_get_origin(window, &originX, &originY)
        warpTarget = (Double(middle.0), Double(middle.1))
        gdk_device_warp(
            gdk_seat_get_pointer(seat), gdk_display_get_default_screen(display),
            originX + middle.0, originY + middle.1)
    }
}
