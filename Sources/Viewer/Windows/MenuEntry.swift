/// One line of a viewer's menu: both viewers' menus are made from these.
public struct MenuEntry: Identifiable {
    /// What choosing it does.
    public enum Content {
        /// Does something.
        case action(@MainActor () -> Void)
        /// Opens more lines.
        case submenu([MenuEntry])
    }

    /// How a mark before it looks.
    public enum Mark: Hashable, Sendable {
        /// On or off by itself.
        case check(Bool)
        /// One of several, of which one is on.
        case radio(Bool)

        /// Whether it is on.
        public var isOn: Bool {
            switch self {
            case .check(let isOn), .radio(let isOn): isOn
            }
        }
    }

    /// A stable name, unique among its siblings.
    public let id: String
    /// The text, plain.
    public let label: String
    /// The key combination that does the same, written for people; nil when there is none.
    public let shortcut: String?
    /// Whether it can be chosen now.
    public let isEnabled: Bool
    /// Its mark; nil when it has none.
    public let mark: Mark?
    /// What choosing it does.
    public let content: Content

    /// A line that does something.
    public init(
        _ id: String, _ label: String, shortcut: Shortcut? = nil, isEnabled: Bool = true,
        mark: Mark? = nil, action: @escaping @MainActor () -> Void
    ) {
        self.id = id
        self.label = label
        self.shortcut = shortcut?.label
        self.isEnabled = isEnabled
        self.mark = mark
        content = .action(action)
    }

    /// A line that opens more lines.
    public init(
        _ id: String, _ label: String, shortcut: Shortcut? = nil, isEnabled: Bool = true,
        entries: [MenuEntry]
    ) {
        self.id = id
        self.label = label
        self.shortcut = shortcut?.label
        self.isEnabled = isEnabled
        mark = nil
        content = .submenu(entries)
    }
}

/// A menu's lines, in sections.
public struct Menu {
    /// The sections, none of them empty.
    public let sections: [[MenuEntry]]

    /// Leaves out empty sections.
    public init(_ sections: [[MenuEntry]]) {
        self.sections = sections.filter { !$0.isEmpty }
    }
}
