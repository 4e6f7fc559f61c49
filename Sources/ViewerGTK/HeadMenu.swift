internal import CGTK
internal import GuestDisplay
internal import Viewer

/// What a window's menu can do.
@MainActor
protocol HeadMenuDelegate: AnyObject {
    var isFullScreen: Bool { get }
    var scaleMode: ScaleMode { get }
    var resizesGuest: Bool { get }
    func setFullScreen(_ on: Bool)
    func setScaleMode(_ mode: ScaleMode)
    func setResizesGuest(_ on: Bool)
    func send(_ combination: KeyCombination)
    func saveScreenshot()
    func togglePause()
    func perform(_ action: MachineAction)
    func quit()
}

/// The menu behind a header bar's button, and the actions it names (group `vm`).
@MainActor
final class HeadMenu {
    /// The button for the header bar.
    let button: UnsafeMutablePointer<GtkWidget>
    weak var delegate: (any HeadMenuDelegate)?

    private let group: UnsafeMutablePointer<GSimpleActionGroup>
    private var actions: [String: OpaquePointer] = [:]
    private let window: UnsafeMutablePointer<GtkWidget>

    init(window: UnsafeMutablePointer<GtkWidget>) {
        self.window = window
        group = g_simple_action_group_new()
        button = gtk_menu_button_new()
        addActions()
        gtk_widget_insert_action_group(window, "vm", OpaquePointer(group))
        gtk_button_set_image(
            cast(button),
            gtk_image_new_from_icon_name("open-menu-symbolic", GTK_ICON_SIZE_BUTTON))
        gtk_widget_set_tooltip_text(button, "Menu (\(Shortcut.menu.label))")
        gtk_widget_set_focus_on_click(button, 0)
        gtk_widget_set_can_focus(button, 0)
        gtk_menu_button_set_use_popover(cast(button), 0)
        let model = HeadMenu.model()
        gtk_menu_button_set_menu_model(cast(button), cast(Object(model)))
        g_object_unref(Object(model))
        // The button is at the window's right edge, which may be the monitor's.
        if let popup = gtk_menu_button_get_popup(cast(button)) {
            gtk_widget_set_halign(cast(Object(popup)), GTK_ALIGN_END)
        }
    }

    /// Opens the menu: at its button, or in the picture where no header bar shows.
    func open() {
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

    /// Shows what is on and greys out what the target cannot do.
    func update(session: Session, hasPicture: Bool) {
        guard let delegate else { return }
        set("fullscreen", on: delegate.isFullScreen)
        set("resize-guest", on: delegate.resizesGuest)
        set("pause", on: session.machineState == .paused)
        if let action = actions["scale"] {
            g_simple_action_set_state(action, g_variant_new_string(delegate.scaleMode.rawValue))
        }
        let isPaused = session.machineState == .paused
        enable("pause", session.canPerform(isPaused ? .resume : .pause))
        enable("reset", session.canPerform(.reset))
        enable("power-off", session.canPerform(.powerButton))
        enable("force-off", session.canPerform(.quit))
        enable("send-keys", session.isConnected && session.end == nil)
        enable("screenshot", hasPicture)
    }

    private func addActions() {
        addToggle("fullscreen") { $0.setFullScreen(!$0.isFullScreen) }
        addToggle("resize-guest") { $0.setResizesGuest(!$0.resizesGuest) }
        addToggle("pause") { $0.togglePause() }
        add("screenshot") { $0.saveScreenshot() }
        add("reset") { $0.perform(.reset) }
        add("power-off") { $0.perform(.powerButton) }
        add("force-off") { $0.perform(.quit) }
        add("quit") { $0.quit() }
        addWithText("scale", state: ScaleMode.fit.rawValue) { menu, text in
            if let mode = ScaleMode(rawValue: text) { menu.setScaleMode(mode) }
        }
        addWithText("send-keys", state: nil) { menu, text in
            if let keys = KeyCombination.all.first(where: { $0.label == text }) { menu.send(keys) }
        }
    }

    private func add(_ name: String, _ body: @escaping @MainActor (any HeadMenuDelegate) -> Void) {
        register(name, g_simple_action_new(name, nil)) { menu, _ in body(menu) }
    }

    private func addToggle(
        _ name: String, _ body: @escaping @MainActor (any HeadMenuDelegate) -> Void
    ) {
        register(name, g_simple_action_new_stateful(name, nil, g_variant_new_boolean(0))) {
            menu, _ in body(menu)
        }
    }

    private func addWithText(
        _ name: String, state: String?,
        _ body: @escaping @MainActor (any HeadMenuDelegate, String) -> Void
    ) {
        let type = g_variant_type_new("s")
        defer { g_variant_type_free(type) }
        let action =
            if let state {
                g_simple_action_new_stateful(name, type, g_variant_new_string(state))
            } else {
                g_simple_action_new(name, type)
            }
        register(name, action) { menu, parameter in
            guard let parameter, let text = g_variant_get_string(OpaquePointer(parameter), nil)
            else { return }
            body(menu, String(cString: text))
        }
    }

    private func register(
        _ name: String, _ action: OpaquePointer?,
        _ body: @escaping @MainActor (any HeadMenuDelegate, gpointer?) -> Void
    ) {
        guard let action else { return }
        Signals.connectPointer(Object(action), "activate") { [weak self] parameter in
            if let delegate = self?.delegate { body(delegate, parameter) }
        }
        g_action_map_add_action(OpaquePointer(group), action)
        actions[name] = action
        g_object_unref(Object(action))
    }

    private func set(_ name: String, on: Bool) {
        guard let action = actions[name] else { return }
        g_simple_action_set_state(action, g_variant_new_boolean(on ? 1 : 0))
    }

    private func enable(_ name: String, _ isEnabled: Bool) {
        guard let action = actions[name] else { return }
        g_simple_action_set_enabled(action, isEnabled ? 1 : 0)
    }

    private static func model() -> OpaquePointer {
        let menu = g_menu_new()!
        let view = g_menu_new()!
        let scale = g_menu_new()!
        append(scale, "Fit to Window", "vm.scale::fit")
        append(scale, "1:1", "vm.scale::1:1")
        append(view, "Full Screen (\(Shortcut.fullScreen.label))", "vm.fullscreen")
        submenu(view, "Scale (\(Shortcut.scale.label))", scale)
        append(view, "Resize Guest with Window", "vm.resize-guest")
        section(menu, view)

        let tools = g_menu_new()!
        let keys = g_menu_new()!
        for combination in KeyCombination.all {
            let item = g_menu_item_new(combination.label, nil)
            g_menu_item_set_action_and_target_value(
                item, "vm.send-keys", g_variant_new_string(combination.label))
            g_menu_append_item(keys, item)
            g_object_unref(Object(item!))
        }
        submenu(tools, "Send Keys", keys)
        append(tools, "Screenshot…", "vm.screenshot")
        section(menu, tools)

        let machine = g_menu_new()!
        append(machine, "Pause", "vm.pause")
        append(machine, "Reset…", "vm.reset")
        append(machine, "Power Off", "vm.power-off")
        append(machine, "Force Off…", "vm.force-off")
        section(menu, machine)

        let program = g_menu_new()!
        append(program, "Quit", "vm.quit")
        section(menu, program)
        return menu
    }

    private static func append(_ menu: OpaquePointer, _ label: String, _ action: String) {
        g_menu_append(menu, label, action)
    }

    private static func submenu(_ menu: OpaquePointer, _ label: String, _ items: OpaquePointer) {
        g_menu_append_submenu(menu, label, cast(Object(items)))
        g_object_unref(Object(items))
    }

    private static func section(_ menu: OpaquePointer, _ items: OpaquePointer) {
        g_menu_append_section(menu, nil, cast(Object(items)))
        g_object_unref(Object(items))
    }
}
