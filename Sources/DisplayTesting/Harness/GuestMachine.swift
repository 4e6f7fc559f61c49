internal import Glibc

/// What a test's machine runs.
public enum GuestContent: Sendable {
    /// The demo guest with this command line.
    case demo(String)
    /// No disk: SeaBIOS and its words.
    case firmware
    /// Debian's memtest86+.
    case memtest
}

/// A running QEMU: a QMP socket for the program under test, and a monitor and a serial port for the test itself.
public final class GuestMachine {
    /// The QMP socket that programs attach to.
    public let qmpPath: String
    /// QEMU.
    public let process: TestProcess
    private let run: TestRun
    private let monitor: LineChannel
    private let serial: LineChannel?
    private var dumps = 0
    private var unread = 0

    /// Starts QEMU and waits until its monitor answers; the demo guest also until its first picture stands.
    public init(
        _ run: TestRun, _ version: QEMUVersion, _ content: GuestContent,
        display: [String] = ["-display", "dbus,p2p=yes"], options: [String] = [],
        environment: [String: String] = [:]
    ) throws {
        self.run = run
        let number = run.nextNumber()
        let monitorPath = run.path("monitor-\(number)")
        let serialPath = run.path("serial-\(number)")
        qmpPath = run.path("qmp-\(number)")
        monitor = try LineChannel(path: monitorPath)
        var arguments = [
            "-name", "e2e", "-accel", "tcg", "-m", "64", "-no-user-config", "-nodefaults",
            "-net", "none", "-qmp", "unix:\(qmpPath),server=on,wait=off",
            "-chardev", "socket,id=watch,path=\(monitorPath)",
            "-mon", "chardev=watch,mode=control",
        ]
        if !options.contains("-vga") { arguments += ["-vga", "std"] }
        switch content {
        case .demo(let line):
            let serial = try LineChannel(path: serialPath)
            self.serial = serial
            arguments += [
                "-kernel", TestEnvironment.demoGuest, "-append", line,
                "-chardev", "socket,id=com1,path=\(serialPath)", "-serial",
                "chardev:com1",
            ]
        case .firmware:
            serial = nil
        case .memtest:
            serial = nil
            arguments += ["-kernel", TestEnvironment.memtest]
        }
        process = try run.start(
            version.binary, arguments + display + options, name: "qemu", environment: environment)
        let process = process
        monitor.peer = process
        serial?.peer = process
        do {
            _ = try monitor.line("QMP greeting") { $0.contains("\"QMP\"") ? true : nil }
            _ = try execute("qmp_capabilities")
            _ = try serial?.line("the demo guest is ready") { $0 == "ready" ? true : nil }
        } catch {
            throw HarnessError("\(error)\nQEMU: \(process.standardError)")
        }
    }

    /// Runs a QMP command and returns its answer as it came; throws when that is an error. `seconds` is how long to wait for it.
    @discardableResult
    public func execute(_ command: String, _ arguments: String = "{}", within seconds: Double = 60)
        throws -> String
    {
        try monitor.drain()
        let start = monitor.lines.count
        unread = start
        try monitor.send("{\"execute\": \"\(command)\", \"arguments\": \(arguments)}\n")
        let answer = try monitor.line("answer to \(command)", from: start, within: seconds) {
            $0.hasPrefix("{\"return\"") || $0.contains("\"error\":") ? $0 : nil
        }
        guard answer.hasPrefix("{\"return\"") else { throw HarnessError("\(command): \(answer)") }
        return answer
    }

    /// Waits for the answer to a command that was not waited for.
    public func skipLateAnswer() throws {
        _ = try monitor.line("a late answer", from: unread) {
            $0.hasPrefix("{\"return\"") ? true : nil
        }
    }

    /// Whether QEMU says that the guest runs.
    public var isRunning: Bool {
        get throws { try execute("query-status").contains("\"status\": \"running\"") }
    }

    /// QEMU's own view of its first display's picture, or of that of a device's head.
    public func screendump(device: String? = nil, head: Int = 0) throws -> ScreenPicture {
        dumps += 1
        let path = run.path("dump-\(dumps).png")
        let which = device.map { ", \"device\": \"\($0)\", \"head\": \(head)" } ?? ""
        try execute("screendump", "{\"filename\": \"\(path)\", \"format\": \"png\"\(which)}")
        defer { unlink(path) }
        guard let png = PNGPicture(path: path) else {
            throw HarnessError("screendump wrote no PNG")
        }
        let picture = ScreenPicture(width: png.width, height: png.height, pixels: png.pixels)
        run.note("screendump", picture)
        return picture
    }

    /// Lets QEMU look at its display, which it does not while nobody shows it: the first picture that a viewer gets is then the
    /// guest's, and its window has its size from the start. (A Wayland compositor places a window once, and one that grows
    /// later may reach out of the screen.)
    public func refresh() throws { _ = try screendump() }

    /// Sends the demo guest a command of one letter and waits for the line that `answer` takes.
    @discardableResult
    public func command<Value>(_ letter: String, _ what: String, answer: (String) -> Value?) throws
        -> Value
    {
        let start = try lineCount()
        try demo.send(letter)
        return try demo.line(what, from: start, answer)
    }

    /// Sends the demo guest a command of several words (without its colon) and waits until it is done.
    public func order(_ words: String) throws {
        let start = try lineCount()
        try demo.send(":\(words)\n")
        let answer = try demo.line("an answer to :\(words)", from: start) {
            $0 == "done \(words)" || $0 == "refused \(words)" ? $0 : nil
        }
        try check(answer.hasPrefix("done"), "the demo guest: \(answer)")
    }

    /// How many lines the demo guest has sent: what comes later counts from there.
    public func lineCount() throws -> Int {
        try demo.drain()
        return try demo.lines.count
    }

    /// Waits for a line of the demo guest, from number `start` on.
    @discardableResult
    public func line<Value>(
        _ what: String, from start: Int = 0, within seconds: Double = 60,
        _ body: (String) -> Value?
    ) throws -> Value {
        try demo.line(what, from: start, within: seconds, body)
    }

    /// The lines of the demo guest from number `start` on that have arrived.
    public func lines(from start: Int) throws -> [String] {
        try demo.drain()
        return try Array(demo.lines[start...])
    }

    /// The demo guest's frame number, from QEMU's own view.
    public func frame() throws -> UInt32 {
        try eventually("a whole frame of the demo guest") { try screendump().card?.frame }
    }

    /// Sets the demo guest's next mode and returns its size.
    public func nextMode() throws -> (width: Int, height: Int) {
        let text = try command("n", "another mode") {
            $0.hasPrefix("mode ") ? $0.dropFirst(5) : nil
        }
        let numbers = text.split(separator: "x").compactMap { Int($0) }
        try check(numbers.count == 2, "the demo guest says mode \(text)")
        return (numbers[0], numbers[1])
    }

    private var demo: LineChannel {
        get throws {
            guard let serial else { throw HarnessError("this guest has no serial port") }
            return serial
        }
    }
}

extension GuestMachine {
    /// Throws unless the guest runs and draws: its frame number grows.
    public func expectGoingOn() throws {
        try check(try isRunning, "the guest does not run")
        let first = try frame()
        try eventually("the guest draws on") { try frame() > first }
    }
}
