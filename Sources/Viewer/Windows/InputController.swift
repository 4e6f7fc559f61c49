public import GuestDisplay

/// What an input controller needs of its head.
@MainActor
protocol InputControllerDelegate: AnyObject {
    /// Where the picture lies now.
    var geometry: PictureGeometry { get }
    /// The guest's pointing device now.
    var pointerMode: PointerMode { get }
    /// Whether the guest can take input; without, keys work the window.
    var takesInput: Bool { get }
    /// Whether another program has taken the display, and it can be taken back.
    var canTakeBack: Bool { get }
    /// Whether the window is full screen, where the keyboard is held while it has the focus.
    var isFullScreen: Bool { get }
    /// Whether the window has the focus.
    var isActive: Bool { get }
    /// Sends to the guest.
    func send(_ event: InputEvent)
    /// A shortcut was pressed, other than that of the grab.
    func perform(_ shortcut: Shortcut)
    /// The pointer is at that pixel of the drawing area.
    func pointerMoved(x: Double, y: Double)
    /// Takes keyboard, and pointer if asked; false when the display server refuses.
    func beginGrab(pointer: Bool) -> Bool
    /// Lets go of them.
    func endGrab()
    /// The grab began or ended: titles and cursors change.
    func grabDidChange()
}

/// Turns a window's events into the guest's input. Places and motion are in the monitor's own pixels, places from the drawing
/// area's top left corner.
@MainActor
public final class InputController {
    weak var delegate: (any InputControllerDelegate)?
    /// Whether keyboard, and pointer for a relative mouse, are held.
    public private(set) var isGrabbed = false
    /// Whether the pointer is held.
    public private(set) var holdsPointer = false

    private var keyboard = KeyboardState()
    // Down, but none of the guest's business until they are let go.
    private var ownKeys: Set<EvdevKey> = []
    private var buttons: Set<PointerButton> = []
    private var wheel = WheelAccumulator()
    private var motionRest = (x: 0.0, y: 0.0)
    private var place = (x: 0.0, y: 0.0)

    init() {}

    /// Holds keyboard and pointer, or lets them go.
    public func toggleGrab() {
        guard let delegate else { return }
        if isGrabbed {
            endGrab()
        } else if delegate.takesInput {
            beginGrab(pointer: delegate.pointerMode == .relative)
        }
    }

    /// Lets go of keyboard and pointer.
    public func endGrab() {
        guard isGrabbed else { return }
        isGrabbed = false
        holdsPointer = false
        delegate?.endGrab()
        delegate?.grabDidChange()
    }

    /// The display server has ended the grab.
    public func grabBroken() {
        endGrab()
    }

    /// Follows a change of pointer mode, full screen or end: a held pointer makes no sense for an absolute mouse, nor any grab
    /// without a guest.
    func stateDidChange() {
        guard let delegate else { return }
        if !delegate.takesInput {
            buttons = []
            endGrab()
        } else if holdsPointer && delegate.pointerMode == .absolute {
            endGrab()
        }
        holdKeyboardInFullScreen()
    }

    /// Lets every key and button go in the guest: the window no longer has the keyboard, or needs it itself.
    public func releaseAll() {
        let events = keyboard.releaseAll() + buttons.map { .button($0, isPressed: false) }
        if let delegate, delegate.takesInput { for event in events { delegate.send(event) } }
        buttons = []
        ownKeys = []
    }

    /// The window got or lost the keyboard's focus.
    public func focusChanged(_ hasFocus: Bool) {
        if hasFocus {
            holdKeyboardInFullScreen()
        } else {
            releaseAll()
            endGrab()
        }
    }

    private func beginGrab(pointer: Bool) {
        guard let delegate else { return }
        isGrabbed = delegate.beginGrab(pointer: pointer)
        holdsPointer = isGrabbed && pointer
        delegate.grabDidChange()
    }

    private func holdKeyboardInFullScreen() {
        guard let delegate, delegate.takesInput, delegate.isFullScreen, !isGrabbed,
            delegate.isActive
        else { return }
        beginGrab(pointer: false)
    }
}

// MARK: - Keyboard

extension InputController {
    /// A key went down (again, when it repeats) or up. All keys are the guest's but for our shortcuts, which work after its end too; false
    /// for a key that nobody takes, so that the toolkit may have it.
    public func key(_ key: EvdevKey, isPressed: Bool) -> Bool {
        guard let delegate else { return false }
        let takesInput = delegate.takesInput
        guard isPressed else {
            if ownKeys.remove(key) != nil { return true }
            if let event = keyboard.release(key), takesInput { delegate.send(event) }
            return takesInput
        }
        // It repeats.
        if ownKeys.contains(key) { return true }
        let shortcut = Shortcut.matching(key, in: keyboard, canTakeBack: delegate.canTakeBack)
        if let shortcut {
            ownKeys.insert(key)
            shortcut == .grab ? toggleGrab() : delegate.perform(shortcut)
            return true
        }
        let event = keyboard.press(key)
        if takesInput { delegate.send(event) }
        return takesInput
    }

    /// A key went down in a menu: the guest hears nothing of it until it is down anew, though it may repeat when the menu is gone.
    public func ignore(_ key: EvdevKey) {
        ownKeys.insert(key)
    }
}

// MARK: - Pointer

extension InputController {
    /// Whether the guest hears of buttons: always with an absolute mouse, with a relative one while the pointer is held.
    private var pointerReachesGuest: Bool {
        guard let delegate, delegate.takesInput else { return false }
        return delegate.pointerMode == .absolute || holdsPointer
    }

    /// The pointer, not held, is at that place.
    public func pointerMoved(x: Double, y: Double) {
        guard let delegate, !holdsPointer else { return }
        place = (x, y)
        delegate.pointerMoved(x: x, y: y)
        if delegate.takesInput, delegate.pointerMode == .absolute,
            // The middle of the monitor's pixel: where a guest's pixel is not a whole number of those, its edge lies in another.
            let place = delegate.geometry.guestPixel(
                x: x.rounded(.down) + 0.5, y: y.rounded(.down) + 0.5)
        {
            delegate.send(.pointerPosition(x: place.x, y: place.y))
        }
    }

    /// The held pointer moved. Parts of a pixel are kept for the next motion.
    public func pointerMoved(dx: Double, dy: Double) {
        guard let delegate, holdsPointer else { return }
        // A held pointer goes nowhere, but a picture larger than its window follows where it would be.
        let window = delegate.geometry.window
        place.x = min(max(place.x + dx, 0), Double(max(window.width - 1, 0)))
        place.y = min(max(place.y + dy, 0), Double(max(window.height - 1, 0)))
        delegate.pointerMoved(x: place.x, y: place.y)
        motionRest.x += dx
        motionRest.y += dy
        let (x, y) = (motionRest.x.rounded(.towardZero), motionRest.y.rounded(.towardZero))
        motionRest.x -= x
        motionRest.y -= y
        if x != 0 || y != 0 { delegate.send(.pointerMotion(dx: Int(x), dy: Int(y))) }
    }

    /// A button went down or up where the pointer is. The first press of the left one takes a relative pointer.
    public func button(_ button: PointerButton, isPressed: Bool) {
        guard let delegate else { return }
        guard isPressed else {
            if buttons.remove(button) != nil { delegate.send(.button(button, isPressed: false)) }
            return
        }
        guard pointerReachesGuest else {
            if delegate.takesInput && button == .left { beginGrab(pointer: true) }
            return
        }
        buttons.insert(button)
        delegate.send(.button(button, isPressed: true))
    }

    /// The wheel turned by that many steps or parts of them; positive is right and down.
    public func wheel(dx: Double, dy: Double) {
        guard pointerReachesGuest, let delegate else { return }
        for step in wheel.add(dx: dx, dy: dy) {
            delegate.send(.button(step, isPressed: true))
            delegate.send(.button(step, isPressed: false))
        }
    }
}
