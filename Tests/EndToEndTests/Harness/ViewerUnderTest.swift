import Glibc

/// A running viewer.
final class ViewerUnderTest {
    let program: ViewerProgram
    let process: TestProcess
    let screen: TestScreen
    // Where the picture was last seen, which is mostly where the next one is.
    private var lastPlace: (x: Int, y: Int)?

    /// Starts it on that screen.
    init(
        _ run: TestRun, _ program: ViewerProgram, _ screen: TestScreen, _ arguments: [String],
        renderer: RendererOption? = nil, environment: [String: String] = [:],
        isVerbose: Bool = true
    ) throws {
        self.program = program
        self.screen = screen
        process = try run.start(
            TestEnvironment.program(program.rawValue),
            (isVerbose ? ["--verbose"] : []) + (renderer.map { ["--renderer", $0.rawValue] } ?? [])
                + arguments,
            name: program.rawValue,
            environment: ViewerUnderTest.surroundings.merging(screen.environment) { $1 }
                .merging(environment) { $1 })
    }

    /// What keeps a user's own settings and session out of a test.
    static let surroundings = [
        "NO_AT_BRIDGE": "1", "GSETTINGS_BACKEND": "memory", "DBUS_SESSION_BUS_ADDRESS": "disabled:",
        "GTK_THEME": "", "GDK_SCALE": "", "GTK_MODULES": "", "LC_ALL": "C.UTF-8",
        // Mesa complains of X servers without a card.
        "EGL_LOG_LEVEL": "fatal",
    ]

    /// Waits until the screen shows exactly what QEMU's `screendump` gives, and returns where. The picture may change meanwhile: a
    /// screenshot counts that equals a dump taken just before or just after it.
    @discardableResult
    func waitForPicture(of guest: GuestMachine, within seconds: Double = 60) throws -> (
        x: Int, y: Int, width: Int, height: Int
    ) {
        try eventually(
            "the screen shows the guest's picture", within: seconds, details: { processState }
        ) {
            try check(process.exitStatus == nil, "the viewer has ended: \(processState)")
            let before = try guest.screendump()
            let seen = try screen.capture()
            if let place = seen.position(of: before) {
                return (place.x, place.y, before.width, before.height)
            }
            let after = try guest.screendump()
            guard after != before, let place = seen.position(of: after) else { return nil }
            return (place.x, place.y, after.width, after.height)
        }
    }

    /// Waits until a picture is on the screen, every pixel, and returns where; tells how the nearest one differs if it never is.
    @discardableResult
    func waitUntilShown(_ picture: ScreenPicture, _ what: String) throws -> (x: Int, y: Int) {
        try waitUntilShown(what) { picture }
    }

    /// The same for a picture that may change meanwhile: `picture` says what it is now.
    @discardableResult
    func waitUntilShown(
        _ what: String, _ picture: () throws -> ScreenPicture
    ) throws -> (x: Int, y: Int) {
        try eventually("\(what) on the screen", details: { processState }) {
            try check(process.exitStatus == nil, "the viewer has ended: \(processState)")
            let picture = try picture()
            screen.xServer.note("expected", picture)
            let seen = try screen.capture()
            if let place = lastPlace, seen.shows(picture, x: place.x, y: place.y) { return place }
            lastPlace = seen.position(of: picture)
            return lastPlace
        }
    }

    /// What the screen shows where the guest's picture was found.
    func picture(at place: (x: Int, y: Int, width: Int, height: Int)) throws -> ScreenPicture {
        try screen.capture().part(x: place.x, y: place.y, width: place.width, height: place.height)
    }

    /// The window on X11.
    func window() throws -> String {
        try eventually("the viewer's window", details: { processState }) {
            try screen.xServer.windows(named: "e2e").first
        }
    }

    private var processState: String {
        "viewer: \(process.exitStatus.map { "status \($0)" } ?? "running"): \(process.standardError)"
    }
}
