internal import Glibc

/// An X server without a screen, on a display number that it chose itself.
public final class XServer {
    /// What `DISPLAY` must be.
    public let display: String
    /// The server.
    public let process: TestProcess
    private let run: TestRun
    // Where the server keeps its picture, in the format of xwd(1); nil where it has to be asked for it.
    private let framebuffer: String?

    /// Starts one with a single output (Xvfb), with openbox as window manager if asked, and more of the server's options.
    public init(
        _ run: TestRun, width: Int = 1600, height: Int = 1200, windowManager: Bool,
        options: [String] = []
    ) throws {
        self.run = run
        let folder = run.path("fb-\(run.nextNumber())")
        mkdir(folder, 0o700)
        framebuffer = folder + "/Xvfb_screen0"
        // With -displayfd the server writes its number, once it takes clients; here to its standard output.
        process = try run.start(
            "Xvfb",
            [
                "-displayfd", "1", "-screen", "0", "\(width)x\(height)x24", "-nolisten", "tcp",
                "-noreset", "-dpi", "96", "-fbdir", folder,
            ] + options, name: "Xvfb")
        display = try XServer.display(of: process)
        if windowManager { try startWindowManager() }
    }

    /// Starts one with several outputs, side by side in that order and with those sizes (Xorg with a driver without a card), and
    /// openbox. They are called DUMMY0, DUMMY1 ….
    public init(_ run: TestRun, outputs: [TestOutput]) throws {
        self.run = run
        framebuffer = nil
        let folder = run.path("xorg-\(run.nextNumber())")
        mkdir(folder, 0o700)
        try write(
            """
            Section "ServerFlags"
                Option "AutoAddDevices" "false"
            EndSection
            Section "Device"
                Identifier "card"
                Driver "dummy"
                VideoRam 65536
            EndSection
            Section "Screen"
                Identifier "screen"
                Device "card"
                DefaultDepth 24
                SubSection "Display"
                    Depth 24
                    Modes "\(outputs[0].width)x\(outputs[0].height)"
                    Virtual 4096 2304
                EndSubSection
            EndSection
            """, to: folder + "/xorg.conf")
        // Not `Xorg`, which may be a wrapper that wants a console.
        process = try run.start(
            "/usr/lib/xorg/Xorg",
            [
                "-displayfd", "1", "-config", folder + "/xorg.conf", "-logfile", folder + "/log",
                "-nolisten", "tcp", "-noreset", "-dpi", "96",
            ], name: "Xorg")
        display = try XServer.display(of: process)
        for output in outputs.dropFirst() {
            try command("xrandr", ["--addmode", output.name, "\(output.width)x\(output.height)"])
        }
        try plug(outputs)
        try startWindowManager()
    }

    /// Switches outputs on, each with its place and size.
    public func plug(_ outputs: [TestOutput]) throws {
        try command(
            "xrandr",
            outputs.flatMap {
                [
                    "--output", $0.name, "--mode", "\($0.width)x\($0.height)", "--pos",
                    "\($0.x)x\($0.y)",
                ]
            })
        // The driver counts an output as connected when it is asked after it has a mode.
        try command("xrandr", [])
    }

    /// Switches an output off, as if its cable were pulled.
    public func unplug(_ output: TestOutput) throws {
        try command("xrandr", ["--output", output.name, "--off"])
        try command("xrandr", [])
    }

    private static func display(of server: TestProcess) throws -> String {
        let number = try eventually(
            "an X server tells its display", details: { server.standardError }
        ) {
            server.standardOutput.hasSuffix("\n") ? server.standardOutput.trimmed : nil
        }
        return ":\(number)"
    }

    private func startWindowManager() throws {
        _ = try run.start(
            "openbox", ["--sm-disable"], name: "openbox",
            environment: environment.merging(["HOME": run.folder]) { $1 })
        try eventually("openbox manages the screen") {
            try command("xprop", ["-root", "_NET_SUPPORTING_WM_CHECK"]).contains("window id")
        }
    }

    /// The environment of its clients.
    public var environment: [String: String] {
        [
            "DISPLAY": display, "WAYLAND_DISPLAY": "", "GDK_BACKEND": "x11",
            "SDL_VIDEODRIVER": "x11",
        ]
    }

    /// Runs an X client to its end and returns its standard output.
    @discardableResult
    public func command(_ program: String, _ arguments: [String], mayFail: Bool = false) throws
        -> String
    {
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

    /// What the whole screen shows, all its outputs together.
    public func capture() throws -> ScreenPicture {
        let path: String
        if let framebuffer {
            path = framebuffer
        } else {
            path = run.path("screen.xwd")
            try command("xwd", ["-root", "-silent", "-out", path])
        }
        guard let picture = ScreenPicture(xwd: path) else {
            throw HarnessError("the X server's framebuffer is no picture of 32 bits a pixel")
        }
        run.note("screen", picture)
        return picture
    }

    /// The server's own memory of the picture; throws where it has to be asked for it, which is so with several outputs.
    public func memory() throws -> ScreenMemory {
        guard let framebuffer else { throw HarnessError("this X server's memory is its own") }
        return try ScreenMemory(xwd: framebuffer)
    }

    /// Keeps a picture for the case of a failure.
    public func note(_ name: String, _ picture: ScreenPicture) { run.note(name, picture) }

    /// The visible windows of our programs with that in their title.
    public func windows(named title: String) throws -> [String] {
        // Not by name: SDL gives WM_NAME a type that xdotool does not read there.
        try windows(ofClass: "swiftvm").filter {
            try command("xdotool", ["getwindowname", $0], mayFail: true).contains(title)
        }
    }

    /// The visible windows of a class.
    public func windows(ofClass name: String) throws -> [String] {
        try command("xdotool", ["search", "--onlyvisible", "--class", name], mayFail: true)
            .split(separator: "\n").map(String.init)
    }

    /// The title of a window.
    public func title(of window: String) throws -> String {
        try command("xdotool", ["getwindowname", window]).trimmed
    }

    /// Where a window is, with its size.
    public func frame(of window: String) throws -> (x: Int, y: Int, width: Int, height: Int) {
        // xdotool adds a frame's borders twice.
        let text = try command("xwininfo", ["-id", window])
        var values: [Substring: Int] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":").map { $0.drop { $0 == " " } }
            if parts.count == 2 { values[parts[0]] = Int(parts[1]) }
        }
        guard let x = values["Absolute upper-left X"], let y = values["Absolute upper-left Y"],
            let width = values["Width"], let height = values["Height"]
        else { throw HarnessError("xwininfo says of window \(window): \(text)") }
        return (x, y, width, height)
    }
}

extension String {
    /// Without white space at its end.
    public var trimmed: String {
        var text = self
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
