import DisplayTesting
import Testing

extension EndToEndTests {
    /// A pointer that tells places: the pixel that the guest hears of is the one under the host's pointer.
    @Suite(.serialized) struct TabletTests {
        @Test("At 1:1, in a window", arguments: Desk.all)
        func oneToOne(desk: Desk) throws {
            try TestRun.run("tablet-\(desk)") { run in
                let screen = try TestScreen(run, desk.server)
                let guest = try TabletBench.guest(run, desk.version, "801x603 still")
                try guest.refresh()
                let viewer = try ViewerUnderTest(run, desk.viewer, screen, [guest.qmpPath])
                let place = try viewer.waitForPicture(of: guest)
                try TabletBench.point(
                    screen, guest, within: place, guest: (place.width, place.height))
                try TabletBench.buttons(screen, guest)
            }
        }

        @Test("Scaled up and down, full screen", arguments: Desk.all)
        func scaled(desk: Desk) throws {
            try TestRun.run("tablet-scaled-\(desk)") { run in
                // 640x480 in 1500x900 is 1200x900; 1600x1200 in it is as large, and has fewer pixels than the guest.
                let screen = try TestScreen(
                    run, desk.server, outputs: TestOutput.row([(1500, 900)]))
                let guest = try TabletBench.guest(run, desk.otherVersion, "640x480 still")
                let statistics = run.path("statistics")
                let viewer = try ViewerUnderTest(
                    run, desk.viewer, screen,
                    ["--fullscreen", "--no-resize-guest", "--stats", statistics, guest.qmpPath])
                for size in [(640, 480), (1600, 1200)] {
                    try guest.order("mode 0 \(size.0)x\(size.1)")
                    // Both fill the screen alike.
                    try eventually("the viewer has the new size", details: { viewer.log }) {
                        TestProcess.text(statistics).split(separator: "\n").last?
                            .contains("\"guest\":\"\(size.0)x\(size.1)\"") == true
                    }
                    // The picture, enlarged, with black beside it: its frame line reaches from one end to the other.
                    try eventually("the picture fills the height", details: { viewer.log }) {
                        let seen = try screen.capture(screen.outputs[0])
                        let middle = 450 * 1500
                        return seen.pixels[middle + 149] == 0 && seen.pixels[middle + 1350] == 0
                            && seen.pixels[(middle + 150)..<(middle + 1350)].contains { $0 != 0 }
                    }
                    try TabletBench.point(
                        screen, guest, within: (x: 150, y: 0, width: 1200, height: 900),
                        guest: size)
                }
            }
        }
    }
}

/// What tests of a tablet do alike.
enum TabletBench {
    static func guest(_ run: TestRun, _ version: QEMUVersion, _ words: String) throws
        -> GuestMachine
    {
        try GuestMachine(
            run, version, .demo(words + " resize=never"),
            options: VirtioBench.gpu() + ["-device", "virtio-tablet-pci"])
    }

    /// Puts the host's pointer on many pixels of the picture, which lies there, and expects the guest to hear of its own pixel there.
    static func point(
        _ screen: TestScreen, _ guest: GuestMachine,
        within place: (x: Int, y: Int, width: Int, height: Int), guest size: (Int, Int)
    ) throws {
        var random = SplitMix(state: 700)
        var points = [
            (0, 0), (place.width - 1, 0), (0, place.height - 1),
            (place.width - 1, place.height - 1), (place.width / 2, place.height / 2), (1, 1),
        ]
        for _ in 0..<30 {
            points.append(
                (
                    Int(random.next() % UInt64(place.width)),
                    Int(random.next() % UInt64(place.height))
                ))
        }
        for (x, y) in points {
            let start = try guest.lineCount()
            try screen.injector.move(toX: place.x + x, y: place.y + y)
            // The middle of the host's pixel, in the guest's.
            let pixel = (
                (2 * x + 1) * size.0 / (2 * place.width), (2 * y + 1) * size.1 / (2 * place.height)
            )
            try guest.waitForPointer(at: pixel, from: start)
        }
    }

    /// Presses and rolls where the pointer is.
    static func buttons(_ screen: TestScreen, _ guest: GuestMachine) throws {
        for (button, bit) in [(1, 1), (3, 2), (2, 4), (8, 8), (9, 16)] {
            let start = try guest.lineCount()
            try screen.injector.press(button: button)
            try guest.waitForTablet("button \(button) down", from: start) { $0[3] == bit }
            try screen.injector.release(button: button)
            try guest.waitForTablet("button \(button) up", from: start) { $0[3] == 0 }
        }
        for (button, step) in [(5, 1), (4, -1)] {
            let start = try guest.lineCount()
            try screen.injector.click(button: button)
            try guest.waitForTablet("a step of the wheel", from: start) { $0[2] == step }
        }
    }
}

extension GuestMachine {
    /// Waits for a report of a tablet: RAWX RAWY DZ BUTTONS X Y HEAD.
    func waitForTablet(_ what: String, from start: Int, _ fits: ([Int]) -> Bool) throws {
        try line(what, from: start) { line -> Bool? in
            guard line.hasPrefix("abs ") else { return nil }
            let numbers = line.split(separator: " ").dropFirst().compactMap { Int($0) }
            return numbers.count == 7 && fits(numbers) ? true : nil
        }
    }
}
