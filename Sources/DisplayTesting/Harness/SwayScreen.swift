internal import CShims
internal import Glibc
public import GuestDisplay

/// A Wayland compositor, sway, that draws on the render node into an output that nobody sees, and for X11's clients Xwayland. Its screenshots are
/// exact.
public final class SwayScreen: ViewerScreen {
    /// Its output's usual size in pixels.
    public static let usualSize = Size(width: 1024, height: 768)

    /// Whether the programs are there.
    public static let isInstalled = ["sway", "grim"].allSatisfy {
        access("/usr/bin/\($0)", X_OK) == 0
    }

    /// Whether X11's clients can come.
    public static let hasX11 = isInstalled && access("/usr/bin/Xwayland", X_OK) == 0

    /// The compositor.
    public let process: TestProcess
    private let run: TestRun
    private let folder: String
    private var socket: String { folder + "/sway" }
    // Xwayland's name, for clients that speak X11.
    private var display: String?

    /// Starts it on that node, with an output of that size that is refreshed so often a second, and waits until it takes commands, and with
    /// `forX11` until X11's clients may come.
    public init(
        _ run: TestRun, node: String, size: Size = SwayScreen.usualSize, refresh: Int = 60,
        forX11: Bool = false
    ) throws {
        self.run = run
        folder = run.path("sway-\(run.nextNumber())")
        mkdir(folder, 0o700)
        try write(
            """
            xwayland \(forX11 ? "force" : "disable")
            default_border none
            output * mode --custom \(size.width)x\(size.height)@\(refresh)Hz
            for_window [app_id=".*"] floating enable

            """, to: folder + "/config")
        var program = ["sway", "--verbose", "--config", folder + "/config"]
        if geteuid() == 0 {
            // It refuses to run as root.
            let (nobody, nogroup) = (65534 as UInt32, 65534 as UInt32)
            chmod(run.folder, 0o711)
            chown(folder, nobody, nogroup)
            chmod(folder + "/config", 0o644)
            program =
                ["setpriv", "--reuid=\(nobody)", "--regid=\(nogroup)", "--clear-groups"] + program
        }
        process = try run.start(
            program[0], Array(program.dropFirst()), name: "sway",
            environment: [
                "WLR_BACKENDS": "headless", "WLR_LIBINPUT_NO_DEVICES": "1",
                "WLR_RENDERER": "gles2", "WLR_RENDER_DRM_DEVICE": node, "HOME": folder,
                "XDG_RUNTIME_DIR": folder, "SWAYSOCK": folder + "/sway", "WAYLAND_DISPLAY": "",
                "DISPLAY": "", "XDG_CONFIG_HOME": "", "XDG_CACHE_HOME": "",
            ])
        let process = process
        try eventually("sway takes commands", details: { process.standardError }) {
            try check(
                process.exitStatus == nil, "sway does not start: \(process.standardError)")
            // A socket has a name before anybody listens.
            return access(folder + "/wayland-1", F_OK) == 0 && (try? command("nop")) != nil
        }
        guard forX11 else { return }
        // It tells those that it starts.
        try command("exec printf %s \"$DISPLAY\" > \(folder)/display")
        display = try eventually("Xwayland's name", details: { process.standardError }) {
            let name = try? TestFolder.read(folder + "/display")
            return name?.isEmpty == false ? String(decoding: name!, as: UTF8.self) : nil
        }
    }

    /// The environment of viewers on it.
    public var environment: [String: String] {
        guard let display else { return waylandEnvironment }
        return [
            "WAYLAND_DISPLAY": "", "XDG_RUNTIME_DIR": folder, "DISPLAY": display,
            "GDK_BACKEND": "x11", "SDL_VIDEODRIVER": "x11",
        ]
    }

    private var waylandEnvironment: [String: String] {
        [
            "WAYLAND_DISPLAY": folder + "/wayland-1", "XDG_RUNTIME_DIR": folder, "DISPLAY": "",
            "GDK_BACKEND": "wayland", "SDL_VIDEODRIVER": "wayland",
        ]
    }

    /// What its output shows: a copy that the compositor makes (wlr-screencopy).
    public func capture() throws -> ScreenPicture {
        let path = run.path("screen.png")
        let grim = try run.start(
            "grim", ["-l", "0", path], name: "grim", environment: waylandEnvironment)
        defer { run.forget(grim) }
        let status = try grim.waitForExit()
        guard status == 0, let png = PNGPicture(path: path) else {
            throw HarnessError("grim: status \(status), \(grim.standardError)")
        }
        return ScreenPicture(width: png.width, height: png.height, pixels: png.pixels)
    }

    /// Keeps a picture for the case of a failure.
    public func note(_ name: String, _ picture: ScreenPicture) { run.note(name, picture) }

    /// Runs a command of sway(5). Throws when the compositor does not take it.
    public func command(_ text: String) throws {
        // sway-ipc(7): a magic string, the length, the type (0: run a command), the text; the answer likewise.
        let connection = swiftvm_connect_unix(socket)
        guard connection >= 0 else { throw HarnessError("\(socket): errno \(errno)") }
        defer { close(connection) }
        let magic = Array("i3-ipc".utf8)
        let numbers = [UInt32(text.utf8.count), 0]
        let message = magic + numbers.withUnsafeBytes { Array($0) } + Array(text.utf8)
        guard send(connection, message, message.count, CInt(MSG_NOSIGNAL)) == message.count else {
            throw HarnessError("sway: errno \(errno)")
        }
        let header = try receive(magic.count + 8, from: connection)
        let length = header[magic.count..<magic.count + 4].enumerated().reduce(0) {
            $0 | Int($1.element) << ($1.offset * 8)
        }
        let answer = String(decoding: try receive(length, from: connection), as: UTF8.self)
        guard answer.contains("true"), !answer.contains("false") else {
            throw HarnessError("sway says to \(text): \(answer)")
        }
    }

    private func receive(_ count: Int, from connection: CInt) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let received = recv(connection, &bytes, count, CInt(MSG_WAITALL))
        guard received == count else {
            throw HarnessError("sway has ended: \(process.standardError)")
        }
        return bytes
    }
}
