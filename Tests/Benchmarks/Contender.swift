import DisplayTesting
import Glibc

/// A viewer in the comparison: ours, or one of its peers.
enum Contender: String, CaseIterable, Sendable {
    case swiftvmGTK = "swiftvm-gtk"
    case swiftvmSDL = "swiftvm-sdl"
    case qemuGTK = "QEMU gtk"
    case qemuSDL = "QEMU sdl"
    case remoteViewer = "remote-viewer"
    case tigerVNC = "TigerVNC viewer"

    /// Whether it is ours.
    var isOurs: Bool { self == .swiftvmGTK || self == .swiftvmSDL }

    /// Whether its window belongs to QEMU itself: then it has no CPU time of its own, and cannot attach.
    var isInProcess: Bool { self == .qemuGTK || self == .qemuSDL }

    /// The program; nil for what is QEMU itself.
    private var program: String? {
        switch self {
        case .swiftvmGTK, .swiftvmSDL: TestEnvironment.program(rawValue)
        case .qemuGTK, .qemuSDL: nil
        case .remoteViewer: "/usr/bin/remote-viewer"
        case .tigerVNC: "/usr/bin/xtigervncviewer"
        }
    }

    /// What this QEMU needs for it beside itself: QEMU's own windows and SPICE are modules.
    private var module: String? {
        switch self {
        case .swiftvmGTK, .swiftvmSDL, .tigerVNC: nil
        case .qemuGTK: "ui-gtk.so"
        case .qemuSDL: "ui-sdl.so"
        case .remoteViewer: "ui-spice-core.so"
        }
    }

    /// Whether it and its QEMU's module are installed.
    func isInstalled(with version: QEMUVersion) -> Bool {
        if let program, access(program, X_OK) != 0 { return false }
        guard let module else { return true }
        var found = glob_t()
        defer { globfree(&found) }
        return glob(version.root + "/usr/lib/*/qemu/\(module)", 0, nil, &found) == 0
    }

    /// QEMU's options that give it something to show.
    func display(_ run: TestRun) -> [String] {
        switch self {
        case .swiftvmGTK, .swiftvmSDL: ["-display", "dbus,p2p=yes"]
        case .qemuGTK: ["-display", "gtk,gl=off"]
        case .qemuSDL: ["-display", "sdl,gl=off"]
        case .remoteViewer:
            [
                "-display", "none", "-spice",
                "unix=on,addr=\(run.path("spice")),disable-ticketing=on",
            ]
        case .tigerVNC: ["-display", "none", "-vnc", "unix:\(run.path("vnc"))"]
        }
    }

    /// Its command line; nil where it runs within QEMU.
    private func arguments(_ run: TestRun, _ guest: GuestMachine, options: [String]) -> [String]? {
        switch self {
        case .swiftvmGTK, .swiftvmSDL: options + [guest.qmpPath]
        case .qemuGTK, .qemuSDL: nil
        case .remoteViewer: ["spice+unix://\(run.path("spice"))"]
        case .tigerVNC: ["-AlertOnFatalError=0", "-ReconnectOnError=0", run.path("vnc")]
        }
    }

    /// Starts it on a screen; nil where it runs within QEMU. `options` are for one of ours.
    func start(
        _ run: TestRun, _ guest: GuestMachine, _ screen: XServer, options: [String]
    ) throws -> TestProcess? {
        guard let program, let arguments = arguments(run, guest, options: options) else {
            return nil
        }
        return try run.start(
            program, arguments, name: rawValue.replacing(" ", with: "-"),
            environment: viewerSurroundings.merging(screen.environment) { $1 }
                .merging(["HOME": run.folder, "XDG_RUNTIME_DIR": run.folder]) { $1 })
    }
}

extension String {
    fileprivate func replacing(_ character: Character, with other: Character) -> String {
        String(map { $0 == character ? other : $0 })
    }
}
