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
    private var isActive = false
    // The answer of the session's service comes later, so its place lives as long as the program.
    private let cookie = UnsafeMutablePointer<guint32>.allocate(capacity: 1)

    init(application: UnsafeMutablePointer<GtkApplication>, globals: swiftvm_wayland_globals) {
        self.application = application
        self.globals = globals
        cookie.initialize(to: 0)
    }

    /// Begins or ends; `window` is the one that is full screen.
    func set(_ active: Bool, window: UnsafeMutablePointer<GtkWidget>) {
        guard active != isActive else { return }
        isActive = active
        guard active else {
            if let inhibitor { swiftvm_idle_inhibitor_free(inhibitor) }
            inhibitor = nil
            if applicationCookie != 0 { gtk_application_uninhibit(application, applicationCookie) }
            applicationCookie = 0
            swiftvm_screensaver_uninhibit(cookie.pointee)
            cookie.pointee = 0
            return
        }
        let reason = "A virtual machine is shown full screen"
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
