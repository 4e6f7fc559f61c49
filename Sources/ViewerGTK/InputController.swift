internal import CGTK
internal import CShimsGTK
internal import GuestDisplay
internal import Viewer

/// What an input controller needs of its window.
@MainActor
protocol InputControllerDelegate: AnyObject {
    /// Where the picture lies now.
    var geometry: PictureGeometry { get }
    /// The guest's pointing device now.
    var pointerMode: PointerMode { get }
    /// Whether the guest can take input; without, keys work the window.
    var takesInput: Bool { get }
    /// Whether the window is full screen, where the keyboard is held while it has the focus.
    var isFullScreen: Bool { get }
    /// Sends to the guest.
    func send(_ event: InputEvent)
    /// A shortcut was pressed, other than that of the grab.
    func perform(_ shortcut: Shortcut)
    /// The pointer is at that monitor pixel of the drawing area.
    func pointerMoved(x: Double, y: Double)
    /// The grab began or ended: titles and cursors change.
    func grabDidChange()
}

/// Turns a window's events into the guest's input.
@MainActor
final class InputController {
    weak var delegate: (any InputControllerDelegate)?
    /// Whether keyboard, and pointer for a relative mouse, are held.
    var isGrabbed: Bool { grab.isActive }
    /// Whether the pointer is held.
    var holdsPointer: Bool { grab.holdsPointer }

    private let window: UnsafeMutablePointer<GtkWidget>
    private let area: UnsafeMutablePointer<GtkWidget>
    private let grab: PointerGrab
    private var keyboard = KeyboardState()
    private var ownKeys: Set<EvdevKey> = []
    private var buttons: Set<PointerButton> = []
    private var wheel = WheelAccumulator()
    private var motionRest = (x: 0.0, y: 0.0)
    private var place = (x: 0.0, y: 0.0)

    init(
        window: UnsafeMutablePointer<GtkWidget>, area: UnsafeMutablePointer<GtkWidget>,
        globals: swiftvm_wayland_globals
    ) {
        self.window = window
        self.area = area
        grab = PointerGrab(widget: area, globals: globals)
        grab.onMotion = { [weak self] dx, dy in self?.moved(dx: dx, dy: dy) }
        connectKeyboard()
        connectPointer()
    }

    /// Holds keyboard and pointer, or lets them go.
    func toggleGrab() {
        guard let delegate else { return }
        if grab.isActive {
            endGrab()
        } else if delegate.takesInput {
            beginGrab(pointer: delegate.pointerMode == .relative)
        }
    }

    /// Lets go of keyboard and pointer.
    func endGrab() {
        guard grab.isActive else { return }
        grab.end()
        delegate?.grabDidChange()
    }

    /// Follows a change of pointer mode, full screen or end: a held pointer makes no sense for an absolute mouse, nor any grab
    /// without a guest.
    func stateDidChange() {
        guard let delegate else { return }
        if !delegate.takesInput {
            keyboard = KeyboardState()
            buttons = []
            endGrab()
        } else if grab.holdsPointer && delegate.pointerMode == .absolute {
            endGrab()
        }
        holdKeyboardInFullScreen()
    }

    /// Lets every key and button go in the guest: the window no longer has the keyboard.
    func releaseAll() {
        for event in keyboard.releaseAll() { delegate?.send(event) }
        for button in buttons { delegate?.send(.button(button, isPressed: false)) }
        buttons = []
        ownKeys = []
    }

    private func beginGrab(pointer: Bool) {
        if !grab.begin(pointer: pointer) { grab.end() }
        delegate?.grabDidChange()
    }

    private func holdKeyboardInFullScreen() {
        guard let delegate, delegate.takesInput, delegate.isFullScreen, !grab.isActive,
            gtk_window_is_active(cast(window)) != 0
        else { return }
        beginGrab(pointer: false)
    }
}

// MARK: - Keyboard

extension InputController {
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
            releaseAll()
            endGrab()
            return false
        }
        Signals.connectEvent(window, "focus-in-event", GdkEventFocus.self) { [unowned self] _ in
            holdKeyboardInFullScreen()
            return false
        }
        for widget in [window, area] {
            Signals.connectEvent(widget, "grab-broken-event", GdkEventGrabBroken.self) {
                [unowned self] _ in
                endGrab()
                return false
            }
        }
    }

    // All keys are the guest's, whatever GTK would do with them, but for our shortcuts.
    private func key(_ event: GdkEventKey, isPressed: Bool) -> Bool {
        guard let delegate, delegate.takesInput, event.hardware_keycode > 8 else { return false }
        let key = EvdevKey(event.hardware_keycode - 8)
        guard isPressed else {
            if ownKeys.remove(key) == nil, let event = keyboard.release(key) {
                delegate.send(event)
            }
            return true
        }
        if let shortcut = Shortcut.matching(key, in: keyboard) {
            if ownKeys.insert(key).inserted {
                shortcut == .grab ? toggleGrab() : delegate.perform(shortcut)
            }
        } else {
            delegate.send(keyboard.press(key))
        }
        return true
    }
}

// MARK: - Pointer

extension InputController {
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
            released($0.pointee)
            return true
        }
        Signals.connectEvent(area, "scroll-event", GdkEventScroll.self) { [unowned self] in
            scrolled($0.pointee)
            return true
        }
    }

    private var scale: Double { Double(gtk_widget_get_scale_factor(area)) }

    /// Whether the guest hears of buttons: always with an absolute mouse, with a relative one while the pointer is held.
    private var pointerReachesGuest: Bool {
        guard let delegate, delegate.takesInput else { return false }
        return delegate.pointerMode == .absolute || grab.holdsPointer
    }

    private func moved(toX x: Double, y: Double) {
        guard let delegate else { return }
        if grab.holdsPointer {
            grab.moved(toX: x, y: y)
            return
        }
        place = (x * scale, y * scale)
        delegate.pointerMoved(x: place.x, y: place.y)
        if delegate.takesInput, delegate.pointerMode == .absolute,
            let place = delegate.geometry.guestPixel(x: x * scale, y: y * scale)
        {
            delegate.send(.pointerPosition(x: place.x, y: place.y))
        }
    }

    // Parts of a pixel are kept for the next motion.
    private func moved(dx: Double, dy: Double) {
        // A held pointer goes nowhere, but a picture larger than its window follows where it would be.
        if let window = delegate?.geometry.window {
            place.x = min(max(place.x + dx * scale, 0), Double(window.width - 1))
            place.y = min(max(place.y + dy * scale, 0), Double(window.height - 1))
            delegate?.pointerMoved(x: place.x, y: place.y)
        }
        motionRest.x += dx * scale
        motionRest.y += dy * scale
        let (x, y) = (motionRest.x.rounded(.towardZero), motionRest.y.rounded(.towardZero))
        motionRest.x -= x
        motionRest.y -= y
        if x != 0 || y != 0 { delegate?.send(.pointerMotion(dx: Int(x), dy: Int(y))) }
    }

    private func pressed(_ event: GdkEventButton) {
        // GTK repeats a press as a double click; the guest finds its own.
        guard let delegate, event.type == GDK_BUTTON_PRESS else { return }
        guard pointerReachesGuest else {
            if delegate.takesInput && event.button == 1 { beginGrab(pointer: true) }
            return
        }
        guard let button = PointerButton(gdk: event.button) else { return }
        moved(toX: event.x, y: event.y)
        buttons.insert(button)
        delegate.send(.button(button, isPressed: true))
    }

    private func released(_ event: GdkEventButton) {
        guard let button = PointerButton(gdk: event.button), buttons.remove(button) != nil else {
            return
        }
        delegate?.send(.button(button, isPressed: false))
    }

    private func scrolled(_ event: GdkEventScroll) {
        guard pointerReachesGuest, let delegate else { return }
        let steps: [PointerButton]
        switch event.direction {
        case GDK_SCROLL_UP: steps = [.wheelUp]
        case GDK_SCROLL_DOWN: steps = [.wheelDown]
        case GDK_SCROLL_LEFT: steps = [.wheelLeft]
        case GDK_SCROLL_RIGHT: steps = [.wheelRight]
        default: steps = wheel.add(dx: event.delta_x, dy: event.delta_y)
        }
        for step in steps {
            delegate.send(.button(step, isPressed: true))
            delegate.send(.button(step, isPressed: false))
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
