public import GuestDisplay

/// The keys that the guest believes to be down, so that none stays down when the window loses the keyboard.
public struct KeyboardState: Sendable {
    /// Keys down in the guest, in the order they went down.
    public private(set) var pressed: [EvdevKey] = []

    /// No key is down.
    public init() {}

    /// Notes a press; a repeat of a key that is down is passed on, as the guest's keyboard would repeat.
    public mutating func press(_ key: EvdevKey) -> InputEvent {
        if !pressed.contains(key) { pressed.append(key) }
        return .key(key, isPressed: true)
    }

    /// Notes a release; nil for a key that was not down here (it went down in another window, or was ours).
    public mutating func release(_ key: EvdevKey) -> InputEvent? {
        guard let index = pressed.firstIndex(of: key) else { return nil }
        pressed.remove(at: index)
        return .key(key, isPressed: false)
    }

    /// Lets every key go, the last pressed first.
    public mutating func releaseAll() -> [InputEvent] {
        defer { pressed = [] }
        return pressed.reversed().map { .key($0, isPressed: false) }
    }

    /// Whether Ctrl and Alt, left ones or right ones, and nothing else are held.
    public var holdsControlAlt: Bool {
        let control = pressed.contains(.leftControl) || pressed.contains(.rightControl)
        let alt = pressed.contains(.leftAlt) || pressed.contains(.rightAlt)
        return control && alt && pressed.allSatisfy { $0.isControlOrAlt }
    }
}

extension EvdevKey {
    /// `KEY_LEFTCTRL`.
    public static let leftControl = EvdevKey(29)
    /// `KEY_RIGHTCTRL`.
    public static let rightControl = EvdevKey(97)
    /// `KEY_LEFTALT`.
    public static let leftAlt = EvdevKey(56)
    /// `KEY_RIGHTALT`.
    public static let rightAlt = EvdevKey(100)
    /// `KEY_DELETE`.
    public static let delete = EvdevKey(111)

    /// `KEY_F1` … `KEY_F12`; nil for other numbers.
    public static func function(_ number: Int) -> EvdevKey? {
        switch number {
        case 1...10: return EvdevKey(UInt16(58 + number))
        case 11, 12: return EvdevKey(UInt16(76 + number))
        default: return nil
        }
    }

    var isControlOrAlt: Bool {
        [.leftControl, .rightControl, .leftAlt, .rightAlt].contains(self)
    }
}
