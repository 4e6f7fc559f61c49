import DisplayTesting
import Glibc
import Testing

extension EndToEndTests {
    /// What time and hiding must not change: the guest's pace, memory, descriptors.
    @Suite(.serialized) struct LoadTests {
        @Test(
            "A hidden window neither slows the guest nor grows QEMU",
            arguments: ViewerProgram.allCases, QEMUVersion.allCases)
        func hidden(program: ViewerProgram, version: QEMUVersion) throws {
            try TestRun.run("hidden-\(program)-\(version)") { run in
                let screen = try TestScreen(run, .x11)
                let guest = try GuestMachine(run, version, .demo("1024x768 moving"))
                try guest.refresh()
                let viewer = try ViewerUnderTest(run, program, screen, [guest.qmpPath])
                let place = try viewer.waitForCard(1024, 768)
                let window = try viewer.window()
                let shown = try guest.pace()
                let memory = try guest.process.residentKiB
                for command in [["windowminimize"], ["windowunmap"]] {
                    try screen.xServer.command("xdotool", command + [window])
                    try eventually("the window is gone") {
                        try screen.xServer.windows(named: "e2e").isEmpty
                    }
                    let hidden = try guest.pace()
                    print(
                        "\(program), \(version), \(command[0]): \(hidden) frames, \(shown) while shown"
                    )
                    try check(
                        hidden * 2 > shown, "\(command): \(hidden) frames instead of \(shown)")
                    try screen.xServer.command("xdotool", ["windowmap", window])
                    try eventually("the window is back, with the newest picture") {
                        let old = try guest.frame()
                        let seen = try screen.capture()
                        guard
                            let corner = seen.cardCorner(width: place.width, height: place.height)
                        else { return false }
                        let picture = seen.part(
                            x: corner.x, y: corner.y, width: place.width, height: place.height)
                        return try #require(picture.card?.topFrame) >= old
                    }
                }
                let grown = try guest.process.residentKiB - memory
                try check(grown < 16 << 10, "QEMU grew by \(grown) KiB")
            }
        }

        @Test("Each second a line of counters is written", arguments: Desk.all)
        func statistics(desk: Desk) throws {
            try TestRun.run("statistics-\(desk)") { run in
                let screen = try TestScreen(run, desk.server)
                let guest = try GuestMachine(run, desk.version, .demo("640x480 moving"))
                let path = run.path("statistics")
                let viewer = try ViewerUnderTest(
                    run, desk.viewer, screen, ["--stats", path, guest.qmpPath])
                try viewer.waitForCard(640, 480)
                let lines = { TestProcess.text(path).split(separator: "\n") }
                // The number after those words in each whole line.
                let counts = { (words: String) in
                    lines().compactMap { line in
                        line.firstRange(of: words).flatMap {
                            Int(line[$0.upperBound...].prefix { $0.isNumber })
                        }
                    }
                }
                let growing =
                    ["\"received\":", "\"shown\":"]
                    + ["receive", "ingest", "wait", "draw"].map { "\"\($0)\":{\"count\":" }
                try eventually(
                    "the counters grow", details: { TestProcess.text(path) },
                    that: {
                        growing.allSatisfy {
                            let numbers = counts($0)
                            return numbers.count >= 4 && numbers[3] > numbers[1]
                        }
                    })
                let text = TestProcess.text(path)
                try check(text.contains("\"guest\":\"640x480\""), "the guest's size")
                try check(text.contains("\"policy\":\"after-copy\""), "the policy")
                // On Wayland GTK does that itself.
                let swaps = try #require(counts("\"swap\":{\"count\":").last)
                let isOwn = desk.viewer == .sdl || desk.server == .x11
                try check((swaps > 0) == isOwn, "\(swaps) swaps")
            }
        }

        @Test(
            "Ctrl+Alt+I shows the statistics and a graph that grows",
            arguments: ViewerProgram.allCases, RendererOption.allCases)
        func graph(program: ViewerProgram, renderer: RendererOption) throws {
            try TestRun.run("graph-\(program)-\(renderer)") { run in
                let screen = try TestScreen(run, .x11)
                let guest = try GuestMachine(run, .ten, .demo("800x600 moving"))
                let viewer = try ViewerUnderTest(
                    run, program, screen, [guest.qmpPath], renderer: renderer)
                try viewer.waitForCard(800, 600)
                // The colors of receive, ingest, wait, draw and swap.
                let colors: Set<UInt32> = [0x56b4e9, 0x009e73, 0x7c8491, 0xe69f00, 0xd55e00]
                let colored = { try screen.capture().pixels.filter { colors.contains($0) } }
                let before = try colored().count
                try viewer.takeKeyboard(of: guest)
                try screen.injector.combination([37, 64, 31])
                try eventually("the legend") {
                    let seen = try colored()
                    return Set(seen) == colors && seen.count >= before + 5 * 64
                }
                let first = try colored().count
                try eventually("the graph grows") { try colored().count > first + 200 }
                try screen.injector.combination([37, 64, 31])
                try eventually("all of it goes") { try colored().count <= before }
            }
        }

        @Test(
            "Updates and mode changes leave memory and descriptors where they were",
            arguments: Way.all)
        func leaks(way: Way) throws {
            try TestRun.run("leaks-\(way)") { run in
                let screen = try TestScreen(run, way.server)
                let guest = try GuestMachine(
                    run, way.version, .demo("1024x768 moving modes=800x600,640x480,1024x768"))
                try guest.refresh()
                let viewer = try ViewerUnderTest(
                    run, way.viewer, screen, [guest.qmpPath], renderer: way.renderer)
                try viewer.waitForCard(1024, 768)
                // Caches and pools fill at first, some late; what leaks grows on, by as much each time.
                var growth: [String] = []
                for _ in 0..<8 {
                    let memory = try viewer.process.residentKiB
                    let descriptors = try viewer.process.descriptorCount
                    let qemu = try guest.process.residentKiB
                    try switchModes(guest, viewer, rounds: 20)
                    let grown = try viewer.process.residentKiB - memory
                    let kept = try viewer.process.descriptorCount - descriptors
                    let grownQEMU = try guest.process.residentKiB - qemu
                    growth.append("\(grown) KiB, \(kept) descriptors, QEMU \(grownQEMU) KiB")
                    print("\(way): 60 mode changes, growth \(growth.last!)")
                    // A buffer more or less may be on its way to the compositor.
                    if grown < 6 << 10, kept <= 4, grownQEMU < 6 << 10 { return }
                }
                throw HarnessError("each 60 mode changes grow: \(growth.joined(separator: "; "))")
            }
        }

        // Goes through the three modes that often, and ends in the first with its picture in the window.
        private func switchModes(
            _ guest: GuestMachine, _ viewer: ViewerUnderTest, rounds: Int
        ) throws {
            for _ in 0..<rounds * 3 {
                let mode = try guest.nextMode()
                // QEMU has seen the mode, and so told the viewer.
                try eventually("QEMU shows \(mode)") {
                    let dump = try guest.screendump()
                    return dump.width == mode.width && dump.height == mode.height
                }
            }
            try viewer.waitForCard(1024, 768)
        }
    }
}

extension GuestMachine {
    /// How many frames the demo guest draws in three seconds.
    func pace() throws -> UInt32 {
        let first = try frame()
        let until = now() + 3
        while now() < until { usleep(50_000) }
        return try frame() - first
    }
}
