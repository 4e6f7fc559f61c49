/// A key by its Linux evdev code (linux/input-event-codes.h), which names the key's place on the keyboard, not its letter: right
/// under any layout of the host.
public struct EvdevKey: RawRepresentable, Hashable, Sendable {
    /// `KEY_…`; X11's and GDK's hardware keycode less 8.
    public let rawValue: UInt16

    /// Any code.
    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// Any code.
    public init(_ rawValue: UInt16) {
        self.init(rawValue: rawValue)
    }
}

/// A button of a mouse. A wheel's step is a press and a release of its button, as on the wire of a PS/2 or USB mouse's protocol.
public enum PointerButton: Hashable, Sendable, CaseIterable {
    case left, middle, right
    case wheelUp, wheelDown, wheelLeft, wheelRight
    /// The thumb button that goes back.
    case side
    /// The thumb button that goes forward.
    case extra
}

/// What a user does to a head.
public enum InputEvent: Hashable, Sendable {
    /// A key went down (again, when it repeats) or up.
    case key(EvdevKey, isPressed: Bool)
    /// A button went down or up.
    case button(PointerButton, isPressed: Bool)
    /// The pointer is at that guest pixel (absolute mice: tablets).
    case pointerPosition(x: Int, y: Int)
    /// The pointer moved by that many guest pixels (relative mice).
    case pointerMotion(dx: Int, dy: Int)
}

/// Whether the guest's pointing device reports places or motion.
public enum PointerMode: Hashable, Sendable {
    case absolute, relative
}
