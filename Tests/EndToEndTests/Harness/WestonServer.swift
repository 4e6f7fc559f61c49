import Glibc

/// A Wayland compositor in a window of an X server: what is injected there reaches Wayland clients as evdev codes, and a picture of
/// the X screen shows what the compositor shows.
final class WestonServer {
    /// The X server around it.
    let xServer: XvfbServer
    private let socket = "wl-test"
    private let runtime: String

    /// Starts both. The compositor's screen is smaller than the X server's, so that the pointer can be outside.
    init(_ run: TestRun, layout: String, width: Int = 1600, height: Int = 1200) throws {
        xServer = try XvfbServer(
            run, width: width + 40, height: height + 40, windowManager: false)
        try xServer.command("setxkbmap", ["-layout", layout])
        runtime = run.path("runtime")
        mkdir(runtime, 0o700)
        let configuration = run.path("weston.ini")
        guard let file = fopen(configuration, "we") else { throw HarnessError("weston.ini") }
        let text = """
            [core]
            idle-time=0
            [shell]
            panel-position=none
            background-color=0xff303030
            animation=none
            startup-animation=none
            close-animation=none
            locking=false
            """
        fputs(text, file)
        fclose(file)
        // The compositor draws its pointer, and leaves it where it was when it goes: let it never come in.
        try xServer.command("xdotool", ["mousemove", "\(width + 20)", "\(height + 20)"])
        let weston = try run.start(
            "weston",
            [
                "--backend=x11-backend.so", "--use-pixman", "--width=\(width)",
                "--height=\(height)", "--socket=\(socket)", "--config=\(configuration)",
            ], name: "weston",
            environment: xServer.environment.merging(["XDG_RUNTIME_DIR": runtime]) { $1 })
        try eventually("weston listens", details: { weston.standardError }) {
            access(runtime + "/" + socket, F_OK) == 0
        }
        let window = try eventually("weston's window", details: { weston.standardError }) {
            try xServer.windows(ofClass: "weston").first
        }
        // Without a window manager the keyboard follows the pointer; it must not.
        try eventually("weston has the keyboard") {
            try xServer.command("xdotool", ["windowmove", window, "0", "0"], mayFail: true)
            try xServer.command("xdotool", ["windowfocus", window], mayFail: true)
            return try xServer.command("xdotool", ["getwindowfocus"], mayFail: true).trimmed
                == window
        }
    }

    /// The environment of its clients.
    var environment: [String: String] {
        [
            "WAYLAND_DISPLAY": socket, "XDG_RUNTIME_DIR": runtime, "DISPLAY": "",
            "GDK_BACKEND": "wayland",
        ]
    }
}
