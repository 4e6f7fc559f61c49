import DisplayTesting
import Glibc
import Testing

extension EndToEndTests {
    /// The PNG of `swiftvm-snapshot` against QEMU's `screendump`, pixel for pixel.
    @Suite(.serialized) struct SnapshotTests {
        @Test("The demo guest, at sizes odd and even", arguments: QEMUVersion.allCases)
        func demoGuest(version: QEMUVersion) throws {
            try TestRun.run("snapshot-demo-\(version)") { run in
                for mode in ["1280x720", "1366x768", "1023x767"] {
                    let guest = try GuestMachine(
                        run, version, .demo("\(mode) still"),
                        options: ["-vga", "none", "-device", "bochs-display"])
                    for renderer in RendererOption.allCases {
                        let picture = try snapshot(
                            run, ["--renderer", renderer.rawValue, guest.qmpPath])
                        try expectEqual(picture, try guest.screendump(), "\(mode) \(renderer)")
                        let size = mode.split(separator: "x").compactMap { Int($0) }
                        let card = DemoCard(width: size[0], height: size[1])
                        try expectEqual(
                            picture,
                            ScreenPicture(
                                width: size[0], height: size[1], pixels: card.expectedPixels()),
                            "\(mode) \(renderer), computed")
                    }
                    run.end(guest.process)
                }
            }
        }

        @Test("The firmware's text", arguments: QEMUVersion.allCases, RendererOption.allCases)
        func firmware(version: QEMUVersion, renderer: RendererOption) throws {
            try TestRun.run("snapshot-firmware-\(version)-\(renderer)") { run in
                let guest = try GuestMachine(run, version, .firmware)
                // SeaBIOS has written something, and is stopped, as its cursor blinks.
                let blank = try guest.screendump()
                try eventually("SeaBIOS writes") { try guest.screendump() != blank }
                try guest.execute("stop")
                let picture = try snapshot(run, ["--renderer", renderer.rawValue, guest.qmpPath])
                try expectEqual(picture, try guest.screendump(), "firmware")
            }
        }

        @Test("memtest86+, stopped at any moment", arguments: QEMUVersion.allCases)
        func memtest(version: QEMUVersion) throws {
            try TestRun.run("snapshot-memtest-\(version)") { run in
                let guest = try GuestMachine(run, version, .memtest)
                try guest.waitForMemtest()
                for renderer in RendererOption.allCases {
                    try guest.execute("stop")
                    let dump = try guest.screendump()
                    let picture = try snapshot(
                        run, ["--renderer", renderer.rawValue, guest.qmpPath])
                    try expectEqual(picture, dump, "memtest86+, \(renderer)")
                    try guest.execute("cont")
                    try eventually("memtest86+ goes on") { try guest.screendump() != dump }
                }
            }
        }

        @Test("To standard output")
        func standardOutput() throws {
            try TestRun.run("snapshot-stdout") { run in
                let guest = try GuestMachine(run, .ten, .demo("640x480 still"))
                let process = try run.start(
                    TestEnvironment.program("swiftvm-snapshot"), ["qmp:\(guest.qmpPath)", "-"],
                    name: "snapshot", environment: viewerSurroundings)
                try check(try process.waitForExit() == 0, process.standardError)
                let picture = try read(png: process.outputPath!)
                try expectEqual(picture, try guest.screendump(), "standard output")
            }
        }

        @Test("A mode change between two snapshots", arguments: QEMUVersion.allCases)
        func modeChange(version: QEMUVersion) throws {
            try TestRun.run("snapshot-modes-\(version)") { run in
                let guest = try GuestMachine(
                    run, version, .demo("1280x720 still modes=800x600,1024x768,640x480"))
                for _ in 0..<4 {
                    let (width, height) = try guest.nextMode()
                    let picture = try snapshot(run, [guest.qmpPath])
                    try expectEqual(picture, try guest.screendump(), "\(width)x\(height)")
                    try check(picture.width == width && picture.height == height, "wrong size")
                }
            }
        }

        @Test("Two heads, by --list-heads and --head", arguments: QEMUVersion.allCases)
        func heads(version: QEMUVersion) throws {
            try TestRun.run("snapshot-heads-\(version)") { run in
                // The guest draws on one display; the other shows QEMU's words that nobody does.
                let guest = try GuestMachine(
                    run, version, .demo("800x600 still"),
                    options: ["-vga", "std", "-device", "bochs-display,id=second"])
                let list = try ProgramResult(
                    run, "swiftvm-snapshot", ["--list-heads", guest.qmpPath])
                try check(list.status == 0, "\(list)")
                let heads = list.standardOutput.split(separator: "\n").map {
                    $0.split(separator: "\t", omittingEmptySubsequences: false)
                }
                try check(
                    heads.count == 2 && heads[0][0] == "0" && heads[0][1] == "graphic"
                        && heads[1][0] == "1" && heads[1][1] == "graphic",
                    "--list-heads: \(list.standardOutput)")
                let first = try snapshot(run, [guest.qmpPath])
                try expectEqual(first, try guest.screendump(), "head 0 without --head")
                let second = try snapshot(run, ["--head", "1", guest.qmpPath])
                try expectEqual(second, try guest.screendump(device: "second"), "head 1")
                try check(second != first, "both heads are the same")
            }
        }

        @Test("--wait-stable: a still, a guest that comes to rest, one that never does")
        func waitStable() throws {
            try TestRun.run("snapshot-stable") { run in
                let guest = try GuestMachine(run, .ten, .demo("640x480 still"))
                let still = try snapshot(
                    run, ["--wait-stable", "--timeout", "60", guest.qmpPath])
                try expectEqual(still, try guest.screendump(), "still")

                try guest.command("m", "moving") { $0 == "moving" ? true : nil }
                let result = try ProgramResult(
                    run, "swiftvm-snapshot",
                    [
                        "--wait-stable", "--timeout", "3", guest.qmpPath,
                        run.path("never.png"),
                    ])
                let complaint = try result.complaint()
                try check(complaint.contains("stable"), complaint)
                try check(access(run.path("never.png"), F_OK) != 0, "a PNG was written")

                let waiting = try run.start(
                    TestEnvironment.program("swiftvm-snapshot"),
                    [
                        "--verbose", "--wait-stable", "--timeout", "60", guest.qmpPath,
                        run.path("rest.png"),
                    ], name: "snapshot", environment: viewerSurroundings)
                let first = try guest.frame()
                try eventually("frames") { try guest.frame() > first + 30 }
                try check(waiting.exitStatus == nil, "it did not wait: \(waiting.standardError)")
                try guest.command("s", "still") { $0 == "still" ? true : nil }
                try check(try waiting.waitForExit() == 0, waiting.standardError)
                let picture = try read(png: run.path("rest.png"))
                try expectEqual(picture, try guest.screendump(), "at rest")
            }
        }

        @Test("A guest on a bus of its own", arguments: QEMUVersion.allCases)
        func bus(version: QEMUVersion) throws {
            try TestRun.run("snapshot-bus-\(version)") { run in
                let bus = try MessageBus(run)
                let guest = try GuestMachine(
                    run, version, .demo("800x600 still"),
                    display: ["-display", "dbus,addr=\(bus.address)"])
                let picture = try snapshot(run, ["dbus:\(bus.address)"])
                try expectEqual(picture, try guest.screendump(), "bus by address")
                let session = try snapshot(
                    run, ["dbus:"], environment: ["DBUS_SESSION_BUS_ADDRESS": bus.address])
                try expectEqual(session, try guest.screendump(), "session bus")
            }
        }

        @Test("A guest that the program starts, and ends", arguments: QEMUVersion.allCases)
        func launched(version: QEMUVersion) throws {
            try TestRun.run("snapshot-launch-\(version)") { run in
                let result = try ProgramResult(
                    run, "swiftvm-snapshot",
                    [
                        "--wait-stable", "--timeout", "100", "--qemu", version.binary,
                        run.path("out.png"), "--", "-accel", "tcg", "-m", "64", "-nodefaults",
                        "-vga", "std", "-kernel", TestEnvironment.demoGuest, "-append",
                        "800x600 still", "-pidfile", run.path("pid"),
                    ], within: 120)
                try check(result.status == 0, "\(result)")
                let card = DemoCard(width: 800, height: 600)
                try expectEqual(
                    try read(png: run.path("out.png")),
                    ScreenPicture(width: 800, height: 600, pixels: card.expectedPixels()),
                    "launched")
                let pid = TestProcess.text(run.path("pid")).trimmed
                if let number = pid_t(pid) {
                    try check(kill(number, 0) != 0, "the QEMU that it started still runs")
                }
            }
        }
    }
}

/// Runs `swiftvm-snapshot` and reads its PNG.
func snapshot(_ run: TestRun, _ arguments: [String], environment: [String: String] = [:]) throws
    -> ScreenPicture
{
    let path = run.path("snapshot.png")
    unlink(path)
    let result = try ProgramResult(
        run, "swiftvm-snapshot", arguments + [path], environment: environment)
    try check(result.status == 0, "\(arguments): \(result)")
    let picture = try read(png: path)
    run.note("snapshot", picture)
    return picture
}

/// Reads a PNG that must be there.
func read(png path: String) throws -> ScreenPicture {
    guard let png = PNGPicture(path: path) else { throw HarnessError("\(path) is no PNG") }
    return ScreenPicture(width: png.width, height: png.height, pixels: png.pixels)
}

/// Throws, saying how they differ, unless two pictures are equal.
func expectEqual(_ picture: ScreenPicture, _ expected: ScreenPicture, _ what: String) throws {
    if picture != expected {
        throw HarnessError("\(what): \(picture.difference(from: expected))")
    }
}
