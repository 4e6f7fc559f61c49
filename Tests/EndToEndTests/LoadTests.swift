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

        @Test("Each second a line of counters is written", arguments: ViewerProgram.allCases)
        func statistics(program: ViewerProgram) throws {
            try TestRun.run("statistics-\(program)") { run in
                let screen = try TestScreen(run, .x11)
                let guest = try GuestMachine(run, .ten, .demo("640x480 moving"))
                let path = run.path("statistics")
                let viewer = try ViewerUnderTest(
                    run, program, screen, ["--stats", path, guest.qmpPath])
                try viewer.waitForCard(640, 480)
                // The number after a name in each whole line.
                let counts = { (name: String) in
                    TestProcess.text(path).split(separator: "\n").compactMap {
                        $0.split(separator: ",").first { $0.hasPrefix("\"\(name)\":") }
                            .flatMap { Int($0.drop { $0 != ":" }.dropFirst()) }
                    }
                }
                try eventually(
                    "the counters grow", details: { TestProcess.text(path) },
                    that: {
                        let (received, shown) = (counts("received"), counts("shown"))
                        guard received.count >= 4, shown.count >= 4 else { return false }
                        return received[3] > received[1] && shown[3] > shown[1]
                    })
                try check(
                    TestProcess.text(path).contains("\"guest\":\"640x480\""), "the guest's size")
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
