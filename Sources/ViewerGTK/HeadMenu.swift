internal import CGTK
internal import Viewer

/// The menu behind a header bar's button.
@MainActor
final class HeadMenu {
    /// The button for the header bar.
    let button: UnsafeMutablePointer<GtkWidget>
    /// What the menu shows; asked for when it has changed and no one looks at it.
    var source: (() -> Menu)?
    /// Hears of keys while it is open: one that closed it is still down then.
    var onKey: ((GdkEventKey) -> Void)?

    private let window: UnsafeMutablePointer<GtkWidget>
    private var isOutdated = true

    init(window: UnsafeMutablePointer<GtkWidget>) {
        self.window = window
        button = gtk_menu_button_new()
        gtk_button_set_image(
            cast(button),
            gtk_image_new_from_icon_name("open-menu-symbolic", GTK_ICON_SIZE_BUTTON))
        gtk_widget_set_tooltip_text(button, "Menu (\(Shortcut.menu.label))")
        gtk_widget_set_focus_on_click(button, 0)
        gtk_widget_set_can_focus(button, 0)
        gtk_menu_button_set_use_popover(cast(button), 0)
        Signals.connectEvent(button, "button-press-event", GdkEventButton.self) {
            [unowned self] _ in
            rebuild()
            return false
        }
    }

    /// Opens the menu: at its button, or in the picture where no header bar shows.
    func open() {
        rebuild()
        if gtk_widget_get_mapped(button) != 0 {
            gtk_button_clicked(cast(button))
            return
        }
        guard let popup = gtk_menu_button_get_popup(cast(button)),
            let target = gtk_widget_get_window(window)
        else { return }
        // Wayland opens a menu only as the answer to a user's event.
        let event = gtk_get_current_event()
        defer { if let event { gdk_event_free(event) } }
        var corner = GdkRectangle(x: 0, y: 0, width: 1, height: 1)
        gtk_menu_popup_at_rect(
            cast(popup), target, &corner, GDK_GRAVITY_NORTH_WEST, GDK_GRAVITY_NORTH_WEST, event)
    }

    /// Shows what has changed, the next time it opens.
    func update() {
        isOutdated = true
        // A button without a menu takes no click.
        if gtk_menu_button_get_popup(cast(button)) == nil { rebuild() }
    }

    private func rebuild() {
        guard isOutdated, let menu = source?() else { return }
        if let popup = gtk_menu_button_get_popup(cast(button)),
            gtk_widget_get_visible(cast(Object(popup))) != 0
        {
            return
        }
        isOutdated = false
        let shell = makeShell()
        for (index, section) in menu.sections.enumerated() {
            if index > 0 { append(gtk_separator_menu_item_new(), to: shell) }
            for entry in section { append(item(entry), to: shell) }
        }
        gtk_widget_show_all(shell)
        gtk_menu_button_set_popup(cast(button), shell)
        // The button is at the window's right edge, which may be the monitor's.
        gtk_widget_set_halign(shell, GTK_ALIGN_END)
    }

    private func makeShell() -> UnsafeMutablePointer<GtkWidget> {
        let shell = gtk_menu_new()!
        for name in ["key-press-event", "key-release-event"] {
            Signals.connectEvent(shell, name, GdkEventKey.self) { [weak self] in
                self?.onKey?($0.pointee)
                return false
            }
        }
        return shell
    }

    private func append(
        _ item: UnsafeMutablePointer<GtkWidget>?, to shell: UnsafeMutablePointer<GtkWidget>
    ) {
        gtk_menu_shell_append(cast(shell), item)
    }

    private func item(_ entry: MenuEntry) -> UnsafeMutablePointer<GtkWidget> {
        let label = entry.shortcut.map { "\(entry.label) (\($0))" } ?? entry.label
        let item: UnsafeMutablePointer<GtkWidget>
        if let mark = entry.mark {
            item = gtk_check_menu_item_new_with_label(label)
            let check: UnsafeMutablePointer<GtkCheckMenuItem> = cast(item)
            if case .radio = mark { gtk_check_menu_item_set_draw_as_radio(check, 1) }
            gtk_check_menu_item_set_active(check, mark.isOn ? 1 : 0)
        } else {
            item = gtk_menu_item_new_with_label(label)
        }
        gtk_widget_set_sensitive(item, entry.isEnabled ? 1 : 0)
        switch entry.content {
        case .action(let action):
            Signals.connect(item, "activate") { action() }
        case .submenu(let entries):
            let submenu = makeShell()
            for entry in entries { append(self.item(entry), to: submenu) }
            gtk_menu_item_set_submenu(cast(item), submenu)
        }
        return item
    }
}
