/// An X server without a screen, on a display number that it chose itself.
final class XvfbServer {
    /// What `DISPLAY` must be.
    let display: String
    private let run: TestRun

    /// Starts it, with openbox as window manager if asked.
    init(_ run: TestRun, width: Int = 1600, height: Int = 1200, windowManager: Bool) throws {
        self.run = run
        // With -displayfd the server writes its number, once it takes clients; here to its standard output.
        let server = try run.start(
            "Xvfb",
            [
                "-displayfd", "1", "-screen", "0", "\(width)x\(height)x24", "-nolisten", "tcp",
                "-noreset", "-dpi", "96", "-fbdir", run.folder,
            ], name: "Xvfb")
        let number = try eventually("Xvfb tells its display", details: { server.standardError }) {
            server.standardOutput.hasSuffix("\n") ? server.standardOutput.dropLast() : nil
        }
        display = ":\(number)"
        if windowManager {
            _ = try run.start(
                "openbox", ["--sm-disable"], name: "openbox",
                environment: environment.merging(["HOME": run.folder]) { $1 })
            try eventually("openbox manages the screen") {
                try command("xprop", ["-root", "_NET_SUPPORTING_WM_CHECK"]).contains("window id")
            }
        }
    }

    /// The environment of its clients.
    var environment: [String: String] {
        ["DISPLAY": display, "WAYLAND_DISPLAY": "", "GDK_BACKEND": "x11"]
    }

    /// Runs an X client to its end and returns its standard output.
    @discardableResult
    func command(_ program: String, _ arguments: [String], mayFail: Bool = false) throws -> String {
        let process = try run.start(program, arguments, name: program, environment: environment)
        let status = try process.waitForExit()
        guard status == 0 || mayFail else {
            throw HarnessError(
                "\(program) \(arguments): status \(status), \(process.standardError)")
        }
        let output = process.standardOutput
        run.forget(process)
        return output
    }

    /// What the whole screen shows, from the server's own memory, which it keeps in a file in the format of xwd(1).
    func capture() throws -> ScreenPicture {
        guard let picture = ScreenPicture(xwd: run.path("Xvfb_screen0")) else {
            throw HarnessError("Xvfb's framebuffer is no picture of 32 bits a pixel")
        }
        run.note("screen", picture)
        return picture
    }

    /// The windows whose title matches, that are visible.
    func windows(named title: String) throws -> [String] {
        try command("xdotool", ["search", "--onlyvisible", "--name", title], mayFail: true)
            .split(separator: "\n").map(String.init)
    }

    /// The visible windows of a class.
    func windows(ofClass name: String) throws -> [String] {
        try command("xdotool", ["search", "--onlyvisible", "--class", name], mayFail: true)
            .split(separator: "\n").map(String.init)
    }

    /// The title of a window.
    func title(of window: String) throws -> String {
        try command("xdotool", ["getwindowname", window]).trimmed
    }

    /// Where a window is, with its size.
    func frame(of window: String) throws -> (x: Int, y: Int, width: Int, height: Int) {
        let text = try command("xdotool", ["getwindowgeometry", "--shell", window])
        var values: [Substring: Int] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "=")
            if parts.count == 2 { values[parts[0]] = Int(parts[1]) }
        }
        guard let x = values["X"], let y = values["Y"], let width = values["WIDTH"],
            let height = values["HEIGHT"]
        else { throw HarnessError("xdotool says of window \(window): \(text)") }
        return (x, y, width, height)
    }
}

extension String {
    /// Without white space at its end.
    var trimmed: String {
        var text = self
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
