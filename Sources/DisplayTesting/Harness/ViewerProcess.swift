internal import Glibc

/// A display server of a test, with eyes.
public protocol ViewerScreen {
    /// The environment of programs that show windows on it.
    var environment: [String: String] { get }
    /// What it shows, all outputs together.
    func capture() throws -> ScreenPicture
    /// Keeps a picture for the case of a failure.
    func note(_ name: String, _ picture: ScreenPicture)
}

/// A running viewer, on a screen.
public final class ViewerProcess<Screen: ViewerScreen> {
    /// Which one.
    public let program: ViewerProgram
    /// Its process.
    public let process: TestProcess
    /// Where its windows are.
    public let screen: Screen
    // Where the picture was last seen, which is mostly where the next one is.
    private var lastPlace: (x: Int, y: Int)?

    /// Starts it on that screen.
    public init(
        _ run: TestRun, _ program: ViewerProgram, _ screen: Screen, _ arguments: [String],
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
            environment: viewerSurroundings.merging(screen.environment) { $1 }
                .merging(environment) { $1 })
    }

    /// Waits until the screen shows exactly what QEMU's `screendump` gives, and returns where. The picture may change meanwhile: a
    /// screenshot counts that equals a dump taken just before or just after it.
    @discardableResult
    public func waitForPicture(of guest: GuestMachine, within seconds: Double = 60) throws -> (
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
    public func waitUntilShown(_ picture: ScreenPicture, _ what: String) throws -> (x: Int, y: Int)
    {
        try waitUntilShown(what) { picture }
    }

    /// The same for a picture that may change meanwhile: `picture` says what it is now.
    @discardableResult
    public func waitUntilShown(
        _ what: String, _ picture: () throws -> ScreenPicture
    ) throws -> (x: Int, y: Int) {
        try eventually("\(what) on the screen", details: { processState }) {
            try check(process.exitStatus == nil, "the viewer has ended: \(processState)")
            let picture = try picture()
            screen.note("expected", picture)
            let seen = try screen.capture()
            if let place = lastPlace, seen.shows(picture, x: place.x, y: place.y) { return place }
            lastPlace = seen.position(of: picture)
            return lastPlace
        }
    }

    /// What the screen shows where the guest's picture was found.
    public func picture(at place: (x: Int, y: Int, width: Int, height: Int)) throws -> ScreenPicture
    {
        try screen.capture().part(x: place.x, y: place.y, width: place.width, height: place.height)
    }

    /// What it wrote to standard error.
    public var log: String { process.standardError }

    /// Waits until the demo guest's card of that size, whole, is somewhere on the screen, and returns where.
    @discardableResult
    public func waitForCard(_ width: Int, _ height: Int) throws -> (
        x: Int, y: Int, width: Int, height: Int
    ) {
        try eventually("a card of \(width)x\(height) on the screen", details: { log }) {
            try check(process.exitStatus == nil, "the viewer has ended: \(log)")
            let seen = try screen.capture()
            return seen.cardCorner(width: width, height: height).map {
                ($0.x, $0.y, width, height)
            }
        }
    }

    /// The frame number in the first rows of the picture in the window.
    public func frame(at place: (x: Int, y: Int, width: Int, height: Int)) throws -> UInt32 {
        try eventually("a frame number in the window", details: { log }) {
            try picture(at: place).card?.topFrame
        }
    }

    private var processState: String {
        "viewer: \(process.exitStatus.map { "status \($0)" } ?? "running"): \(process.standardError)"
    }
}

/// What keeps a user's own settings and session out of a test.
public let viewerSurroundings = [
    "NO_AT_BRIDGE": "1", "GSETTINGS_BACKEND": "memory", "DBUS_SESSION_BUS_ADDRESS": "disabled:",
    "GTK_THEME": "", "GDK_SCALE": "", "GTK_MODULES": "", "LC_ALL": "C.UTF-8",
    // Mesa complains of X servers without a card.
    "EGL_LOG_LEVEL": "fatal",
]
