public import GuestDisplay

/// What a viewer's own key combinations do; all are Ctrl+Alt and a key, by the key's place on a US keyboard.
public enum Shortcut: String, CaseIterable, Sendable {
    /// Grab keyboard and pointer, or let them go.
    case grab
    /// Full screen and back.
    case fullScreen
    /// Between fit and 1:1.
    case scale
    /// Open the menu.
    case menu
    /// Show or hide the statistics.
    case statistics
    /// Take back the display that another program has taken.
    case takeBack

    /// The key that belongs to it.
    public var key: EvdevKey {
        switch self {
        case .grab: EvdevKey(34)  // KEY_G
        case .fullScreen: EvdevKey(33)  // KEY_F
        case .scale: EvdevKey(31)  // KEY_S
        case .menu: EvdevKey(50)  // KEY_M
        case .statistics: EvdevKey(23)  // KEY_I
        case .takeBack: EvdevKey(20)  // KEY_T
        }
    }

    /// How it is written for people.
    public var label: String {
        switch self {
        case .grab: "Ctrl+Alt+G"
        case .fullScreen: "Ctrl+Alt+F"
        case .scale: "Ctrl+Alt+S"
        case .menu: "Ctrl+Alt+M"
        case .statistics: "Ctrl+Alt+I"
        case .takeBack: "Ctrl+Alt+T"
        }
    }

    /// The shortcut that pressing `key` means while those keys are down. Ctrl+Alt+T is the guest's while the display is ours.
    public static func matching(
        _ key: EvdevKey, in keyboard: KeyboardState, canTakeBack: Bool = false
    ) -> Shortcut? {
        guard keyboard.holdsControlAlt else { return nil }
        return allCases.first { $0.key == key && ($0 != .takeBack || canTakeBack) }
    }
}

/// A key combination that a user cannot press, as the host would take it.
public struct KeyCombination: Hashable, Sendable {
    /// How it is written for people: `Ctrl+Alt+Del`.
    public let label: String
    /// The keys, in the order they go down.
    public let keys: [EvdevKey]

    /// Ctrl+Alt+Del, then Ctrl+Alt+F1 … F12.
    public static let all: [KeyCombination] =
        [KeyCombination(label: "Ctrl+Alt+Del", keys: [.leftControl, .leftAlt, .delete])]
        + (1...12).map {
            KeyCombination(
                label: "Ctrl+Alt+F\($0)",
                keys: [.leftControl, .leftAlt, EvdevKey.function($0)!])
        }

    /// All presses, then all releases in reverse.
    public var events: [InputEvent] {
        keys.map { .key($0, isPressed: true) } + keys.reversed().map { .key($0, isPressed: false) }
    }
}
