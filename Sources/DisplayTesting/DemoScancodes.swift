/// Modifiers that are held while another key is pressed; a few keys send other bytes then.
public struct DemoModifiers: OptionSet, Hashable, Sendable {
    /// One bit a modifier.
    public let rawValue: UInt8
    /// Takes one bit a modifier.
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// Either Shift key.
    public static let shift = DemoModifiers(rawValue: 1)
    /// Either Control key.
    public static let control = DemoModifiers(rawValue: 2)
    /// The left Alt key.
    public static let leftAlt = DemoModifiers(rawValue: 4)
    /// The right Alt key (AltGr).
    public static let rightAlt = DemoModifiers(rawValue: 8)
    /// Either Meta (Windows, Super) key.
    public static let meta = DemoModifiers(rawValue: 16)
}

/// A key of a 105-key keyboard, and the bytes that the demo guest receives from it.
///
/// The bytes are scancode set 1, as QEMU's keyboard and its controller deliver them (QEMU's
/// `hw/input/ps2.c`; each was seen arriving).
public struct DemoKey: Hashable, Sendable, CustomStringConvertible {
    /// What is printed on the key on a US keyboard, in words: `A`, `PageUp`, `KP7`.
    public let name: String
    /// QEMU's name (`QKeyCode`), as QMP's `send-key` and `input-send-event` take it.
    public let qcode: String
    /// Linux's number (`linux/input-event-codes.h`).
    public let evdev: UInt32
    /// The bytes when it is pressed with no modifier held.
    public let makeBytes: [UInt8]
    /// The bytes when it is released with no modifier held. Pause has none.
    public let breakBytes: [UInt8]

    /// X11's number under the evdev rules.
    public var x11Keycode: UInt32 { evdev + 8 }

    /// The name.
    public var description: String { name }

    /// What holding this key means to other keys; nil when it is no modifier.
    public var modifier: DemoModifiers? {
        switch evdev {
        case 42, 54: .shift
        case 29, 97: .control
        case 56: .leftAlt
        case 100: .rightAlt
        case 125, 126: .meta
        default: nil
        }
    }

    /// The bytes of one press or release while modifiers are held.
    public func bytes(pressed: Bool, holding modifiers: DemoModifiers = []) -> [UInt8] {
        if self == Self.printScreen {
            Self.printScreenBytes(pressed: pressed, holding: modifiers)
        } else if self == Self.pause && modifiers.contains(.control) {
            pressed ? [0xE0, 0x46, 0xE0, 0xC6] : []
        } else {
            pressed ? makeBytes : breakBytes
        }
    }

    /// With Alt held the key is SysRq, with Shift or Control it drops its own Shift.
    private static func printScreenBytes(
        pressed: Bool, holding modifiers: DemoModifiers
    ) -> [UInt8] {
        if modifiers.contains(.leftAlt) {
            pressed ? [0xB8, 0x38, 0x54] : [0xD4, 0xB8, 0x38]
        } else if modifiers.contains(.rightAlt) {
            pressed ? [0xE0, 0xB8, 0xE0, 0x38, 0x54] : [0xD4, 0xE0, 0xB8, 0xE0, 0x38]
        } else if !modifiers.isDisjoint(with: [.shift, .control]) {
            pressed ? [0xE0, 0x37] : [0xE0, 0xB7]
        } else {
            pressed ? printScreen.makeBytes : printScreen.breakBytes
        }
    }

    private init(
        _ name: String, qcode: String, evdev: UInt32, make: [UInt8], break breakBytes: [UInt8]
    ) {
        self.name = name
        self.qcode = qcode
        self.evdev = evdev
        makeBytes = make
        self.breakBytes = breakBytes
    }

    /// A key of the first PCs: evdev took over their scancodes.
    private init(_ name: String, qcode: String, evdev: UInt32) {
        let code = UInt8(evdev)
        self.init(name, qcode: qcode, evdev: evdev, make: [code], break: [code | 0x80])
    }

    /// A key that came later: its code follows E0.
    private init(_ name: String, qcode: String, evdev: UInt32, extended code: UInt8) {
        self.init(
            name, qcode: qcode, evdev: evdev, make: [0xE0, code], break: [0xE0, code | 0x80])
    }
}

extension DemoKey {
    /// The key PrintScreen, or SysRq.
    public static let printScreen = DemoKey(
        "PrintScreen", qcode: "print", evdev: 99, make: [0xE0, 0x2A, 0xE0, 0x37],
        break: [0xE0, 0xB7, 0xE0, 0xAA])

    /// The key Pause, or Break.
    public static let pause = DemoKey(
        "Pause", qcode: "pause", evdev: 119, make: [0xE1, 0x1D, 0x45, 0xE1, 0x9D, 0xC5],
        break: [])

    /// All 105 keys of a European (ISO) PC keyboard.
    public static let all: [DemoKey] = plainKeys + extendedKeys + [printScreen, pause]

    /// The key with one of Linux's numbers; nil when a 105-key keyboard has none.
    public static func key(evdev: UInt32) -> DemoKey? { all.first { $0.evdev == evdev } }

    private static let plainKeys: [DemoKey] = [
        DemoKey("Escape", qcode: "esc", evdev: 1),
        DemoKey("F1", qcode: "f1", evdev: 59),
        DemoKey("F2", qcode: "f2", evdev: 60),
        DemoKey("F3", qcode: "f3", evdev: 61),
        DemoKey("F4", qcode: "f4", evdev: 62),
        DemoKey("F5", qcode: "f5", evdev: 63),
        DemoKey("F6", qcode: "f6", evdev: 64),
        DemoKey("F7", qcode: "f7", evdev: 65),
        DemoKey("F8", qcode: "f8", evdev: 66),
        DemoKey("F9", qcode: "f9", evdev: 67),
        DemoKey("F10", qcode: "f10", evdev: 68),
        DemoKey("F11", qcode: "f11", evdev: 87),
        DemoKey("F12", qcode: "f12", evdev: 88),
        DemoKey("ScrollLock", qcode: "scroll_lock", evdev: 70),
        DemoKey("Grave", qcode: "grave_accent", evdev: 41),
        DemoKey("1", qcode: "1", evdev: 2),
        DemoKey("2", qcode: "2", evdev: 3),
        DemoKey("3", qcode: "3", evdev: 4),
        DemoKey("4", qcode: "4", evdev: 5),
        DemoKey("5", qcode: "5", evdev: 6),
        DemoKey("6", qcode: "6", evdev: 7),
        DemoKey("7", qcode: "7", evdev: 8),
        DemoKey("8", qcode: "8", evdev: 9),
        DemoKey("9", qcode: "9", evdev: 10),
        DemoKey("0", qcode: "0", evdev: 11),
        DemoKey("Minus", qcode: "minus", evdev: 12),
        DemoKey("Equal", qcode: "equal", evdev: 13),
        DemoKey("Backspace", qcode: "backspace", evdev: 14),
        DemoKey("NumLock", qcode: "num_lock", evdev: 69),
        DemoKey("KPMultiply", qcode: "kp_multiply", evdev: 55),
        DemoKey("KPSubtract", qcode: "kp_subtract", evdev: 74),
        DemoKey("Tab", qcode: "tab", evdev: 15),
        DemoKey("Q", qcode: "q", evdev: 16),
        DemoKey("W", qcode: "w", evdev: 17),
        DemoKey("E", qcode: "e", evdev: 18),
        DemoKey("R", qcode: "r", evdev: 19),
        DemoKey("T", qcode: "t", evdev: 20),
        DemoKey("Y", qcode: "y", evdev: 21),
        DemoKey("U", qcode: "u", evdev: 22),
        DemoKey("I", qcode: "i", evdev: 23),
        DemoKey("O", qcode: "o", evdev: 24),
        DemoKey("P", qcode: "p", evdev: 25),
        DemoKey("LeftBracket", qcode: "bracket_left", evdev: 26),
        DemoKey("RightBracket", qcode: "bracket_right", evdev: 27),
        DemoKey("Enter", qcode: "ret", evdev: 28),
        DemoKey("KP7", qcode: "kp_7", evdev: 71),
        DemoKey("KP8", qcode: "kp_8", evdev: 72),
        DemoKey("KP9", qcode: "kp_9", evdev: 73),
        DemoKey("KPAdd", qcode: "kp_add", evdev: 78),
        DemoKey("CapsLock", qcode: "caps_lock", evdev: 58),
        DemoKey("A", qcode: "a", evdev: 30),
        DemoKey("S", qcode: "s", evdev: 31),
        DemoKey("D", qcode: "d", evdev: 32),
        DemoKey("F", qcode: "f", evdev: 33),
        DemoKey("G", qcode: "g", evdev: 34),
        DemoKey("H", qcode: "h", evdev: 35),
        DemoKey("J", qcode: "j", evdev: 36),
        DemoKey("K", qcode: "k", evdev: 37),
        DemoKey("L", qcode: "l", evdev: 38),
        DemoKey("Semicolon", qcode: "semicolon", evdev: 39),
        DemoKey("Apostrophe", qcode: "apostrophe", evdev: 40),
        DemoKey("Backslash", qcode: "backslash", evdev: 43),
        DemoKey("KP4", qcode: "kp_4", evdev: 75),
        DemoKey("KP5", qcode: "kp_5", evdev: 76),
        DemoKey("KP6", qcode: "kp_6", evdev: 77),
        DemoKey("LeftShift", qcode: "shift", evdev: 42),
        DemoKey("LessGreater", qcode: "less", evdev: 86),
        DemoKey("Z", qcode: "z", evdev: 44),
        DemoKey("X", qcode: "x", evdev: 45),
        DemoKey("C", qcode: "c", evdev: 46),
        DemoKey("V", qcode: "v", evdev: 47),
        DemoKey("B", qcode: "b", evdev: 48),
        DemoKey("N", qcode: "n", evdev: 49),
        DemoKey("M", qcode: "m", evdev: 50),
        DemoKey("Comma", qcode: "comma", evdev: 51),
        DemoKey("Period", qcode: "dot", evdev: 52),
        DemoKey("Slash", qcode: "slash", evdev: 53),
        DemoKey("RightShift", qcode: "shift_r", evdev: 54),
        DemoKey("KP1", qcode: "kp_1", evdev: 79),
        DemoKey("KP2", qcode: "kp_2", evdev: 80),
        DemoKey("KP3", qcode: "kp_3", evdev: 81),
        DemoKey("LeftControl", qcode: "ctrl", evdev: 29),
        DemoKey("LeftAlt", qcode: "alt", evdev: 56),
        DemoKey("Space", qcode: "spc", evdev: 57),
        DemoKey("KP0", qcode: "kp_0", evdev: 82),
        DemoKey("KPDecimal", qcode: "kp_decimal", evdev: 83),
    ]

    private static let extendedKeys: [DemoKey] = [
        DemoKey("Insert", qcode: "insert", evdev: 110, extended: 0x52),
        DemoKey("Home", qcode: "home", evdev: 102, extended: 0x47),
        DemoKey("PageUp", qcode: "pgup", evdev: 104, extended: 0x49),
        DemoKey("KPDivide", qcode: "kp_divide", evdev: 98, extended: 0x35),
        DemoKey("Delete", qcode: "delete", evdev: 111, extended: 0x53),
        DemoKey("End", qcode: "end", evdev: 107, extended: 0x4F),
        DemoKey("PageDown", qcode: "pgdn", evdev: 109, extended: 0x51),
        DemoKey("Up", qcode: "up", evdev: 103, extended: 0x48),
        DemoKey("KPEnter", qcode: "kp_enter", evdev: 96, extended: 0x1C),
        DemoKey("LeftMeta", qcode: "meta_l", evdev: 125, extended: 0x5B),
        DemoKey("RightAlt", qcode: "alt_r", evdev: 100, extended: 0x38),
        DemoKey("RightMeta", qcode: "meta_r", evdev: 126, extended: 0x5C),
        DemoKey("Menu", qcode: "compose", evdev: 127, extended: 0x5D),
        DemoKey("RightControl", qcode: "ctrl_r", evdev: 97, extended: 0x1D),
        DemoKey("Left", qcode: "left", evdev: 105, extended: 0x4B),
        DemoKey("Down", qcode: "down", evdev: 108, extended: 0x50),
        DemoKey("Right", qcode: "right", evdev: 106, extended: 0x4D),
    ]
}
