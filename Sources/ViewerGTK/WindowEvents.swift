internal import CGTK
internal import CShimsGTK
internal import GuestDisplay
internal import Viewer

/// Hands a window's keyboard and pointer events to its input controller.
@MainActor
final class WindowEvents {
    /// Holds keyboard and pointer.
    let grab: PointerGrab

    private let window: UnsafeMutablePointer<GtkWidget>
    private let area: UnsafeMutablePointer<GtkWidget>
    private let input: InputController

    init(
        window: UnsafeMutablePointer<GtkWidget>, area: UnsafeMutablePointer<GtkWidget>,
        globals: swiftvm_wayland_globals, input: InputController
    ) {
        self.window = window
        self.area = area
        self.input = input
        grab = PointerGrab(widget: area, globals: globals)
        grab.onMotion = { [unowned self] dx, dy in
            input.pointerMoved(dx: dx * scale, dy: dy * scale)
        }
        connectKeyboard()
        connectPointer()
    }

    private func connectKeyboard() {
        gtk_widget_add_events(
            window,
            Int32(
                GDK_KEY_PRESS_MASK.rawValue | GDK_KEY_RELEASE_MASK.rawValue
                    | GDK_FOCUS_CHANGE_MASK.rawValue))
        Signals.connectEvent(window, "key-press-event", GdkEventKey.self) { [unowned self] in
            key($0.pointee, isPressed: true)
        }
        Signals.connectEvent(window, "key-release-event", GdkEventKey.self) { [unowned self] in
            key($0.pointee, isPressed: false)
        }
        Signals.connectEvent(window, "focus-out-event", GdkEventFocus.self) { [unowned self] _ in
            input.focusChanged(false)
            return false
        }
        Signals.connectEvent(window, "focus-in-event", GdkEventFocus.self) { [unowned self] _ in
            input.focusChanged(true)
            return false
        }
        for widget in [window, area] {
            Signals.connectEvent(widget, "grab-broken-event", GdkEventGrabBroken.self) {
                [unowned self] _ in
                input.grabBroken()
                return false
            }
        }
    }

    // A hardware keycode is the evdev code and 8, on X11 and on Wayland.
    private func key(_ event: GdkEventKey, isPressed: Bool) -> Bool {
        guard event.hardware_keycode > 8 else { return false }
        return input.key(EvdevKey(event.hardware_keycode - 8), isPressed: isPressed)
    }

    /// A key went down or up in the window's menu.
    func menuKey(_ event: GdkEventKey) {
        guard event.hardware_keycode > 8 else { return }
        let key = EvdevKey(event.hardware_keycode - 8)
        if event.type == GDK_KEY_PRESS {
            input.ignore(key)
        } else {
            _ = input.key(key, isPressed: false)
        }
    }

    private func connectPointer() {
        gtk_widget_add_events(
            area,
            Int32(
                GDK_POINTER_MOTION_MASK.rawValue | GDK_BUTTON_PRESS_MASK.rawValue
                    | GDK_BUTTON_RELEASE_MASK.rawValue | GDK_SCROLL_MASK.rawValue
                    | GDK_SMOOTH_SCROLL_MASK.rawValue | GDK_ENTER_NOTIFY_MASK.rawValue))
        Signals.connectEvent(area, "motion-notify-event", GdkEventMotion.self) {
            [unowned self] in
            moved(toX: $0.pointee.x, y: $0.pointee.y)
            return true
        }
        Signals.connectEvent(area, "enter-notify-event", GdkEventCrossing.self) {
            [unowned self] in
            moved(toX: $0.pointee.x, y: $0.pointee.y)
            return false
        }
        Signals.connectEvent(area, "button-press-event", GdkEventButton.self) {
            [unowned self] in
            pressed($0.pointee)
            return true
        }
        Signals.connectEvent(area, "button-release-event", GdkEventButton.self) {
            [unowned self] in
            if let button = PointerButton(gdk: $0.pointee.button) {
                input.button(button, isPressed: false)
            }
            return true
        }
        Signals.connectEvent(area, "scroll-event", GdkEventScroll.self) { [unowned self] in
            scrolled($0.pointee)
            return true
        }
    }

    private var scale: Double { Double(gtk_widget_get_scale_factor(area)) }

    private func moved(toX x: Double, y: Double) {
        if grab.holdsPointer {
            grab.moved(toX: x, y: y)
        } else {
            input.pointerMoved(x: x * scale, y: y * scale)
        }
    }

    private func pressed(_ event: GdkEventButton) {
        // GTK repeats a press as a double click; the guest finds its own.
        guard event.type == GDK_BUTTON_PRESS, let button = PointerButton(gdk: event.button)
        else { return }
        moved(toX: event.x, y: event.y)
        input.button(button, isPressed: true)
    }

    private func scrolled(_ event: GdkEventScroll) {
        switch event.direction {
        case GDK_SCROLL_UP: input.wheel(dx: 0, dy: -1)
        case GDK_SCROLL_DOWN: input.wheel(dx: 0, dy: 1)
        case GDK_SCROLL_LEFT: input.wheel(dx: -1, dy: 0)
        case GDK_SCROLL_RIGHT: input.wheel(dx: 1, dy: 0)
        default: input.wheel(dx: event.delta_x, dy: event.delta_y)
        }
    }
}

extension PointerButton {
    /// GDK's button numbers, which are X11's.
    init?(gdk number: guint) {
        switch number {
        case 1: self = .left
        case 2: self = .middle
        case 3: self = .right
        case 8: self = .side
        case 9: self = .extra
        default: return nil
        }
    }
}
