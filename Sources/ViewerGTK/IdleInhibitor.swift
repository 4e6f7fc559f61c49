internal import CGTK
internal import CShimsGTK

/// Keeps the screen from blanking while a window is full screen: by the compositor's protocol on Wayland, by the session's
/// service, and by GtkApplication where the session manager is GNOME's or Xfce's.
@MainActor
final class IdleInhibitor {
    private let application: UnsafeMutablePointer<GtkApplication>
    private var globals: swiftvm_wayland_globals
    private var inhibitor: OpaquePointer?
    private var applicationCookie: guint = 0
    private var holder: UnsafeMutablePointer<GtkWidget>?
    // The answer of the session's service comes later, so its place lives as long as the program.
    private let cookie = UnsafeMutablePointer<guint32>.allocate(capacity: 1)

    init(application: UnsafeMutablePointer<GtkApplication>, globals: swiftvm_wayland_globals) {
        self.application = application
        self.globals = globals
        cookie.initialize(to: 0)
    }

    /// Begins, goes over to another window, or ends; `window` is one that is full screen.
    func set(_ active: Bool, window: UnsafeMutablePointer<GtkWidget>) {
        let new = active ? window : nil
        guard new != holder else { return }
        if holder != nil { release() }
        holder = new
        if active { hold(window) }
    }

    private func release() {
        if let inhibitor { swiftvm_idle_inhibitor_free(inhibitor) }
        inhibitor = nil
        if applicationCookie != 0 { gtk_application_uninhibit(application, applicationCookie) }
        applicationCookie = 0
        swiftvm_screensaver_uninhibit(cookie.pointee)
        cookie.pointee = 0
    }

    private func hold(_ window: UnsafeMutablePointer<GtkWidget>) {
        let reason = "A virtual machine is shown full screen"
        // The window's own surface, also where the picture's covers it: some compositors take the word only of a window (KWin), and a window that is seen
        // through its subsurfaces counts as seen.
        if let surface = gtk_widget_get_window(window) {
            if globals.idle_inhibit != nil {
                inhibitor = swiftvm_idle_inhibitor_new(&globals, surface)
            }
        }
        applicationCookie = gtk_application_inhibit(
            application, cast(window), GTK_APPLICATION_INHIBIT_IDLE, reason)
        if applicationCookie == 0 { swiftvm_screensaver_inhibit("swiftvm", reason, cookie) }
    }
}
