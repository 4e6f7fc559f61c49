/// Which display server a window is shown by.
enum DisplayServer: String, CaseIterable, Sendable, CustomStringConvertible {
    case x11 = "X11"
    case wayland = "Wayland"

    var description: String { rawValue }
}

/// A display server with hands and eyes: programs show windows on it, the test injects keys and looks.
final class TestScreen {
    /// The X server that shows it all: for Wayland, the one around the compositor.
    let xServer: XvfbServer
    /// Keys and pointer.
    let injector: XInjector
    /// The environment of programs that show windows.
    let environment: [String: String]

    /// Starts it: on X11 with a window manager.
    init(_ run: TestRun, _ server: DisplayServer) throws {
        switch server {
        case .x11:
            xServer = try XvfbServer(run, windowManager: true)
            environment = xServer.environment
        case .wayland:
            let weston = try WestonServer(run)
            xServer = weston.xServer
            environment = weston.environment
        }
        injector = try XInjector(run, xServer)
    }

    /// What it shows.
    func capture() throws -> ScreenPicture { try xServer.capture() }
}
