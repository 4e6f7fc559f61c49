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
    ///
    /// Keys do not repeat and the pointer is not accelerated, so that what arrives is what was injected. `layout` is the host
    /// keyboard's, which Wayland takes over from the X server around it.
    init(_ run: TestRun, _ server: DisplayServer, layout: String = "us") throws {
        switch server {
        case .x11:
            xServer = try XvfbServer(run, windowManager: true)
            try xServer.command("setxkbmap", ["-layout", layout])
            environment = xServer.environment
        case .wayland:
            let weston = try WestonServer(run, layout: layout)
            xServer = weston.xServer
            environment = weston.environment
        }
        try xServer.command("xset", ["r", "off", "m", "1/1", "0"])
        injector = try XInjector(run, xServer)
        if server == .x11 { try injector.move(toX: 1599, y: 1199) }
    }

    /// What it shows.
    func capture() throws -> ScreenPicture { try xServer.capture() }
}
