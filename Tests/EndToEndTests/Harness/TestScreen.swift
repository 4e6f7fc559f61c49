import DisplayTesting

/// Which display server a window is shown by.
enum DisplayServer: String, CaseIterable, Sendable, CustomStringConvertible {
    case x11 = "X11"
    case wayland = "Wayland"

    var description: String { rawValue }
}

/// A display server with hands and eyes: programs show windows on it, the test injects keys and looks.
final class TestScreen {
    /// Which kind.
    let server: DisplayServer
    /// The X server that shows it all: for Wayland, the one around the compositor.
    let xServer: XServer
    /// The display server that the programs know: the X server, or the compositor.
    let process: TestProcess
    /// Its outputs.
    let outputs: [TestOutput]
    /// Keys and pointer.
    let injector: XInjector
    /// The environment of programs that show windows.
    let environment: [String: String]

    /// Starts it: on X11 with a window manager.
    ///
    /// Keys do not repeat and the pointer is not accelerated, so that what arrives is what was injected. `layout` is the host
    /// keyboard's, which Wayland takes over from the X server around it. `xOptions` are for an X server with one output, `scale` is Wayland's.
    init(
        _ run: TestRun, _ server: DisplayServer, layout: String = "us",
        outputs: [TestOutput] = TestOutput.one, scale: Int = 1, xOptions: [String] = []
    ) throws {
        self.server = server
        self.outputs = outputs
        switch server {
        case .x11:
            let bounds = TestOutput.bounds(of: outputs)
            xServer =
                try outputs.count > 1
                ? XServer(run, outputs: outputs)
                : XServer(
                    run, width: bounds.width, height: bounds.height, windowManager: true,
                    options: xOptions)
            try xServer.command("setxkbmap", ["-layout", layout])
            environment = xServer.environment
            process = xServer.process
        case .wayland:
            let weston = try WestonServer(
                run, layout: layout, outputs: outputs, scale: scale)
            xServer = weston.xServer
            environment = weston.environment
            process = weston.process
        }
        try xServer.command("xset", ["r", "off", "m", "1/1", "0"])
        injector = try XInjector(run, xServer)
        if server == .x11 {
            let corner = outputs[outputs.count - 1]
            try injector.move(
                toX: corner.x + corner.width - 1, y: corner.y + corner.height - 1)
        }
    }

    /// What it shows.
    func capture() throws -> ScreenPicture { try xServer.capture() }

    /// What one output shows.
    func capture(_ output: TestOutput) throws -> ScreenPicture {
        try capture().part(
            x: output.x, y: output.y, width: output.width, height: output.height)
    }
}
