import DisplayTesting
import Glibc

/// A Wayland compositor in a window of an X server: what is injected there reaches Wayland clients as evdev codes, and a picture of
/// the X screen shows what the compositor shows.
final class WestonServer {
    /// The compositor.
    let process: TestProcess
    /// The X server around it.
    let xServer: XServer
    private let socket = "wl-test"
    private let runtime: String

    /// Starts both. The compositor's outputs are windows beside each other, as it arranges them itself; the X server's screen is
    /// larger, so that the pointer can be outside. A logical pixel of the compositor's has `scale` across, by which the outputs' sizes divide.
    init(_ run: TestRun, layout: String, outputs: [TestOutput], scale: Int = 1) throws {
        let bounds = TestOutput.bounds(of: outputs)
        xServer = try XServer(
            run, width: bounds.width + 40, height: bounds.height + 40, windowManager: false)
        try xServer.command("setxkbmap", ["-layout", layout])
        let runtime = run.path("runtime-\(run.nextNumber())")
        self.runtime = runtime
        mkdir(runtime, 0o700)
        let sections = outputs.enumerated().map { number, output in
            """
            [output]
            name=X\(number + 1)
            mode=\(output.width / scale)x\(output.height / scale)
            scale=\(scale)

            """
        }
        try write(
            """
            [core]
            idle-time=0
            [shell]
            panel-position=none
            background-color=0xff303030
            animation=none
            startup-animation=none
            close-animation=none
            locking=false
            [keyboard]
            repeat-rate=0
            \(sections.joined())
            """, to: runtime + "/weston.ini")
        // The compositor draws its pointer, and leaves it where it was when it goes.
        try xServer.command(
            "xdotool", ["mousemove", "\(bounds.width + 20)", "\(bounds.height + 20)"])
        let weston = try run.start(
            "weston",
            [
                "--backend=x11-backend.so", "--use-pixman", "--output-count=\(outputs.count)",
                "--socket=\(socket)", "--config=\(runtime)/weston.ini",
            ], name: "weston",
            environment: xServer.environment.merging(["XDG_RUNTIME_DIR": runtime]) { $1 })
        process = weston
        try eventually("weston listens", details: { weston.standardError }) {
            access(runtime + "/" + socket, F_OK) == 0
        }
        // Windows get their numbers in the order in which they are made.
        let windows = try eventually("weston's windows", details: { weston.standardError }) {
            let windows = try xServer.windows(ofClass: "weston").sorted {
                (Int($0) ?? 0) < (Int($1) ?? 0)
            }
            return windows.count == outputs.count ? windows : nil
        }
        // Without a window manager the keyboard follows the pointer; it must not.
        try eventually("weston has the keyboard") {
            for (window, output) in zip(windows, outputs) {
                try xServer.command(
                    "xdotool", ["windowmove", window, "\(output.x)", "\(output.y)"], mayFail: true)
            }
            try xServer.command("xdotool", ["windowfocus", windows[0]], mayFail: true)
            return try xServer.command("xdotool", ["getwindowfocus"], mayFail: true).trimmed
                == windows[0]
        }
        guard outputs.count == 1 else { return }
        // Its pointer begins at 100,100, where a window may come to be: to the last corner with it, and out.
        for (x, y) in [
            (bounds.width - 1, bounds.height - 1), (bounds.width + 20, bounds.height + 20),
        ] { try xServer.command("xdotool", ["mousemove", "\(x)", "\(y)"]) }
    }

    /// The environment of its clients.
    var environment: [String: String] {
        [
            "WAYLAND_DISPLAY": socket, "XDG_RUNTIME_DIR": runtime, "DISPLAY": "",
            "GDK_BACKEND": "wayland", "SDL_VIDEODRIVER": "wayland",
        ]
    }
}
