import DisplayTesting
import CShims
import Glibc
import Testing

extension EndToEndTests {
    /// What a user, or what is at the other end, can get wrong: one line that says so, the right exit status, and a guest that
    /// goes on.
    @Suite(.serialized) struct BadInputTests {
        /// The programs, and how each is called.
        enum Program: String, CaseIterable, Sendable, CustomStringConvertible {
            case gtk = "swiftvm-gtk"
            case sdl = "swiftvm-sdl"
            case snapshot = "swiftvm-snapshot"

            var description: String { rawValue }

            // Runs it on a target; the windowed one on that screen.
            func attach(
                _ run: TestRun, _ xServer: XServer, to target: String, options: [String] = []
            ) throws -> ProgramResult {
                let output = self == .snapshot ? [run.path("out.png")] : []
                return try ProgramResult(
                    run, rawValue, options + [target] + output, environment: xServer.environment)
            }

            // Lets it start a QEMU.
            func launch(
                _ run: TestRun, _ xServer: XServer, qemu: String, _ arguments: [String]
            ) throws -> ProgramResult {
                let output = self == .snapshot ? [run.path("out.png")] : []
                return try ProgramResult(
                    run, rawValue, ["--qemu", qemu] + output + ["--"] + arguments,
                    environment: xServer.environment)
            }
        }

        @Test("Targets that are no guest", arguments: Program.allCases)
        func noGuest(program: Program) throws {
            try TestRun.run("bad-target-\(program)") { run in
                let x = try XServer(run, windowManager: false)

                let missing = run.path("missing")
                let complaint = try program.attach(run, x, to: missing).complaint()
                try check(complaint.contains(missing), complaint)

                let file = run.path("file")
                close(open(file, O_CREAT | O_WRONLY, 0o600))
                try check(
                    try program.attach(run, x, to: file).complaint().contains("socket"), "a file")

                // A socket whose other end speaks, but another language.
                let other = try run.start(
                    "/bin/sh",
                    [
                        "-c",
                        "exec python3 -c \"$1\" \"$2\"", "sh", ScriptedPeer.program,
                        run.path("smtp"), "220 mail.example ESMTP\\r\\n",
                    ], name: "peer")
                try eventually("the peer listens", details: { other.standardError }) {
                    access(run.path("smtp"), F_OK) == 0
                }
                let foreign = try program.attach(run, x, to: run.path("smtp")).complaint()
                try check(foreign.contains("QMP"), foreign)
            }
        }

        @Test("A guest that cannot be shown goes on", arguments: Program.allCases)
        func unshowableGuest(program: Program) throws {
            try TestRun.run("bad-guest-\(program)") { run in
                let x = try XServer(run, windowManager: false)
                let bare = try GuestMachine(
                    run, .ten, .demo("640x480 moving"), display: ["-display", "none"])
                let words = try program.attach(run, x, to: bare.qmpPath).complaint()
                try check(words.contains("-display dbus"), words)
                try bare.expectGoingOn()
                run.end(bare.process)

                let guest = try GuestMachine(run, .seven, .demo("640x480 moving"))
                let head = try program.attach(
                    run, x, to: guest.qmpPath, options: ["--head", "7"]
                ).complaint()
                try check(head.contains("head 7"), head)
                try guest.expectGoingOn()

                // QMP has one client; a second one gets no greeting.
                let holder = swiftvm_connect_unix(guest.qmpPath)
                try check(holder >= 0, "cannot connect")
                var byte: UInt8 = 0
                try check(read(holder, &byte, 1) == 1, "no greeting for the first client")
                let held = try program.attach(run, x, to: guest.qmpPath).complaint()
                close(holder)
                try check(held.contains("greeting") || held.contains("another"), held)
                try guest.expectGoingOn()
            }
        }

        @Test("Buses without a guest", arguments: Program.allCases)
        func buses(program: Program) throws {
            try TestRun.run("bad-bus-\(program)") { run in
                let x = try XServer(run, windowManager: false)
                let bus = try MessageBus(run)
                let empty = try program.attach(run, x, to: "dbus:\(bus.address)").complaint()
                try check(empty.contains("org.qemu") && empty.contains("-display dbus"), empty)
                let gone = try program.attach(
                    run, x, to: "dbus:unix:path=\(run.path("nowhere"))"
                ).complaint()
                try check(gone.contains("nowhere"), gone)
            }
        }

        @Test("A QEMU that is too old", arguments: Program.allCases)
        func oldQEMU(program: Program) throws {
            try TestRun.run("bad-old-\(program)") { run in
                let x = try XServer(run, windowManager: false)
                let greeting =
                    #"{"QMP": {"version": {"qemu": {"micro": 0, "minor": 2, "major": 6}, "package": ""}, "capabilities": []}}"#
                    + "\\r\\n"
                let peer = try run.start(
                    "python3", ["-c", ScriptedPeer.program, run.path("old"), greeting],
                    name: "peer")
                try eventually("the peer listens", details: { peer.standardError }) {
                    access(run.path("old"), F_OK) == 0
                }
                let words = try program.attach(run, x, to: run.path("old")).complaint()
                try check(words.contains("6.2") && words.contains("too old"), words)
            }
        }

        @Test("A QEMU to start that does not", arguments: Program.allCases)
        func launch(program: Program) throws {
            try TestRun.run("bad-launch-\(program)") { run in
                let x = try XServer(run, windowManager: false)
                let missing = try program.launch(
                    run, x, qemu: run.path("no-qemu"), ["-m", "64"]
                ).complaint()
                try check(missing.contains("no-qemu"), missing)

                for version in QEMUVersion.allCases {
                    let result = try program.launch(
                        run, x, qemu: version.binary, ["-accel", "tcg", "-nonsense"])
                    try check(result.status == 1, "\(result)")
                    try check(
                        result.standardError.contains("-nonsense: invalid option"), "\(result)")
                    let ours = result.standardError.split(separator: "\n").filter {
                        $0.hasPrefix(program.rawValue)
                    }
                    try check(ours.count == 1, "one line of ours: \(result)")
                }
            }
        }

        @Test("No display server", arguments: ViewerProgram.allCases)
        func noDisplay(program: ViewerProgram) throws {
            try TestRun.run("bad-display-\(program)") { run in
                let guest = try GuestMachine(run, .ten, .demo("640x480 moving"))
                for environment in [
                    ["DISPLAY": "", "WAYLAND_DISPLAY": ""],
                    ["DISPLAY": ":54321", "WAYLAND_DISPLAY": ""],
                ] {
                    let words = try ProgramResult(
                        run, program.rawValue, [guest.qmpPath], environment: environment
                    ).complaint()
                    try check(
                        words.contains("display server") && words.contains("swiftvm-snapshot"),
                        words)
                }
                try guest.expectGoingOn()
            }
        }

        @Test("A PNG that cannot be written")
        func unwritable() throws {
            try TestRun.run("bad-png") { run in
                let guest = try GuestMachine(run, .ten, .demo("640x480 moving"))
                mkdir(run.path("folder"), 0o700)
                for path in [run.path("nowhere/out.png"), run.path("folder"), "/proc/out.png"] {
                    let words = try ProgramResult(run, "swiftvm-snapshot", [guest.qmpPath, path])
                        .complaint()
                    try check(words.contains(path), words)
                }
                try guest.expectGoingOn()
            }
        }

        @Test("Statistics that cannot be written", arguments: ViewerProgram.allCases)
        func unwritableStatistics(program: ViewerProgram) throws {
            try TestRun.run("bad-stats-\(program)") { run in
                let guest = try GuestMachine(run, .ten, .demo("640x480 moving"))
                for path in [run.path("nowhere/stats"), "/proc/stats"] {
                    let words = try ProgramResult(
                        run, program.rawValue, ["--stats", path, guest.qmpPath]
                    ).complaint()
                    try check(words.contains(path), words)
                }
                try guest.expectGoingOn()
            }
        }

        @Test("Targets that this version does not know", arguments: Program.allCases)
        func unknownTargets(program: Program) throws {
            try TestRun.run("bad-unknown-\(program)") { run in
                let x = try XServer(run, windowManager: false)
                for target in ["spice://host", "vnc+unix:///x", "libvirt:guest", "x.vv", "qmp:"] {
                    let words = try program.attach(run, x, to: target).complaint()
                    try check(words.contains(target) || words.contains("qmp:PATH"), words)
                }
            }
        }

        @Test("A wrong command line")
        func commandLine() throws {
            try TestRun.run("bad-command-line") { run in
                let viewers: [[String]] = [
                    [], ["--nonsense", "x"], ["--renderer", "crayon", "x"],
                    ["--head", "one", "x"], ["--head", "-1", "x"], ["--scale", "3", "x"],
                    ["--presenter", "crayon", "x"],
                    ["target", "--", "-m", "64"], ["a", "b"],
                ]
                let snapshot: [[String]] = [
                    [], ["target"], ["--timeout", "soon", "target", "out.png"],
                    ["--timeout", "-1", "target", "out.png"],
                    ["--layers", "cursor,mouse", "target", "out.png"],
                    ["--layers", "", "target", "out.png"],
                    ["target", "out.png", "--", "-m", "64"],
                ]
                let wrong =
                    ViewerProgram.allCases.flatMap { viewer in
                        viewers.map { (viewer.rawValue, $0) }
                    } + snapshot.map { ("swiftvm-snapshot", $0) }
                for (program, arguments) in wrong {
                    let result = try ProgramResult(
                        run, program, arguments,
                        environment: ["DISPLAY": "", "WAYLAND_DISPLAY": ""]
                    )
                    try check(
                        result.status == 2 && !result.standardError.isEmpty
                            && result.standardOutput.isEmpty,
                        "\(program) \(arguments): \(result)")
                }
                for program in ViewerProgram.allCases.map(\.rawValue) + ["swiftvm-snapshot"] {
                    for option in ["--help", "-h", "--version"] {
                        let result = try ProgramResult(run, program, [option])
                        try check(
                            result.status == 0 && result.standardError.isEmpty
                                && !result.standardOutput.isEmpty,
                            "\(program) \(option): \(result)")
                    }
                }
            }
        }
    }
}

/// A server on a Unix socket that says its one line to whoever connects, and answers nothing.
enum ScriptedPeer {
    /// Python: the socket's path and the line, with escapes, are its arguments.
    static let program = """
        import socket, sys
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(sys.argv[1])
        listener.listen()
        kept = []
        while True:
            client, _ = listener.accept()
            kept.append(client)
            client.sendall(sys.argv[2].encode().decode("unicode_escape").encode())
        """
}
