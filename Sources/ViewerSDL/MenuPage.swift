internal import GuestDisplay
internal import Viewer

/// One page of the on-screen menu: the menu itself, a submenu, or a question.
struct MenuPage {
    /// One line that can be chosen.
    struct Row {
        /// The text.
        var label: String
        /// The key combination that does the same.
        var shortcut: String?
        /// Whether it can be chosen.
        var isEnabled = true
        /// Its mark.
        var mark: MenuEntry.Mark?
        /// Whether it opens another page.
        var opensPage = false
        /// Whether it destroys something.
        var isDestructive = false
        /// What choosing it does.
        var choose: @MainActor () -> Void

        /// What stands at its end.
        var trailing: String? {
            opensPage ? [shortcut, "›"].compactMap(\.self).joined(separator: "  ") : shortcut
        }
    }

    /// What stands above.
    var title: String
    /// Smaller, below the title; wrapped.
    var details: String?
    /// Rows, with a line between sections.
    var sections: [[Row]]

    /// All rows in order.
    var rows: [Row] { sections.flatMap { $0 } }
}
