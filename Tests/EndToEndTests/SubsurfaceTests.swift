import DisplayTesting
import Glibc
import Testing

extension EndToEndTests {
    /// The GTK viewer's picture on a surface of its own over its window, on Wayland.
    @Suite(.serialized) struct SubsurfaceTests {
        @Test("Pixel for pixel, through mode changes, at both scales", arguments: [1, 2])
        func exact(scale: Int) throws {
            try TestRun.run("subsurface-exact-\(scale)") { run in
                let screen = try TestScreen(run, .wayland, scale: scale)
                let guest = try GuestMachine(
                    run, .ten, .demo("1280x720 still modes=800x600,1022x766,640x480,1280x720"),
                    options: ["-vga", "none", "-device", "bochs-display"])
                try guest.refresh()
                // Without --presenter: this is what there is by itself.
                let viewer = try ViewerUnderTest(run, .gtk, screen, [guest.qmpPath], renderer: .gl)
                try viewer.waitForPicture(of: guest)
                for _ in 0..<4 {
                    _ = try guest.nextMode()
                    let place = try viewer.waitForPicture(of: guest)
                    // Its old place may be larger; the shadow is left out.
                    try eventually("nothing is left beside the window", details: { viewer.log }) {
                        try screen.captureWithoutPointer().isBackground(
                            outside: place, margin: 80 * scale)
                    }
                }
                try check(
                    viewer.log.contains("renderer: GL (EGL on a Wayland subsurface)"), viewer.log)
            }
        }

        /// What was the only way before, and is asked for by `--presenter glarea`.
        @Test("Pixel for pixel in GTK's own GL area")
        func area() throws {
            try TestRun.run("glarea") { run in
                let screen = try TestScreen(run, .wayland)
                let guest = try GuestMachine(run, .seven, .demo("1280x720 still modes=800x600"))
                try guest.refresh()
                let viewer = try ViewerUnderTest(
                    run, .gtk, screen, ["--presenter", "glarea", guest.qmpPath], renderer: .gl)
                try viewer.waitForPicture(of: guest)
                _ = try guest.nextMode()
                try viewer.waitForPicture(of: guest)
                try check(
                    viewer.log.contains("renderer: GL (GtkGLArea on Wayland)"), viewer.log)
            }
        }

        @Test("Full screen and back, with the statistics on and off")
        func fullScreen() throws {
            try TestRun.run("subsurface-full-screen") { run in
                let screen = try TestScreen(run, .wayland)
                let guest = try GuestMachine(run, .seven, .demo("800x600 still"))
                try guest.refresh()
                let viewer = try SubsurfaceBench.viewer(
                    run, screen, ["--scale", "1:1", "--no-resize-guest", guest.qmpPath])
                try viewer.waitForPicture(of: guest)
                try viewer.takeKeyboard(of: guest)
                let place = try viewer.waitForPicture(of: guest)
                let before = try screen.captureWithoutPointer()
                for _ in 0..<2 {
                    try screen.injector.combination([37, 64, 41])
                    let output = screen.outputs[0]
                    let middle = (
                        x: (output.width - place.width) / 2, y: (output.height - place.height) / 2
                    )
                    // The keys' echo in the guest's picture changes it, the hint lies over it for a while.
                    try eventually("the picture, and black around it", details: { viewer.log }) {
                        let card = try guest.screendump()
                        let seen = try screen.captureWithoutPointer()
                        return seen.shows(card, x: middle.x, y: middle.y)
                            && seen.isOnly(
                                0, outside: (middle.x, middle.y, place.width, place.height))
                    }
                    try screen.injector.combination([37, 64, 41])
                    try eventually("the window as it was", details: { viewer.log }) {
                        let card = try guest.screendump()
                        let seen = try screen.captureWithoutPointer()
                        return seen.shows(card, x: place.x, y: place.y)
                            && seen.isEqual(to: before, outside: place)
                    }
                }
                try screen.injector.combination([37, 64, 31])
                let graph: Set<UInt32> = [0x56b4e9, 0xe69f00, 0xd55e00]
                try eventually("the statistics are over the picture", details: { viewer.log }) {
                    graph.isSubset(of: Set(try viewer.picture(at: place).pixels))
                }
                try screen.injector.combination([37, 64, 31])
                try viewer.waitForPicture(of: guest)
            }
        }

        @Test("Full screen on a monitor that is smaller than the window")
        func smallerMonitor() throws {
            try TestRun.run("subsurface-smaller-monitor") { run in
                let outputs = TestOutput.row([(1200, 900), (800, 600)])
                let screen = try TestScreen(run, .wayland, outputs: outputs)
                let monitors = try screen.monitors(run, .gtk)
                // The pointer begins where the window may be.
                try screen.injector.move(toX: outputs[0].width - 1, y: outputs[0].height - 1)
                let guest = try GuestMachine(run, .seven, .demo("1000x700 still"))
                try guest.refresh()
                let viewer = try SubsurfaceBench.viewer(
                    run, screen,
                    ["--monitors", "0:\(monitors[1].name)", "--no-resize-guest", guest.qmpPath])
                try viewer.waitForPicture(of: guest)
                try viewer.takeKeyboard(of: guest)
                let place = try viewer.waitForPicture(of: guest)
                for _ in 0..<2 {
                    try screen.injector.combination([37, 64, 41])
                    try eventually("black above and below the picture", details: { viewer.log }) {
                        let seen = try screen.capture(outputs[1])
                        // 800x560 of 800x600, with lines of cells at both ends.
                        return seen.isOnly(0, outside: (0, 20, 800, 560))
                            && [20, 579].allSatisfy { y in
                                seen.pixels[(y * 800)..<((y + 1) * 800)].contains { $0 != 0 }
                            }
                    }
                    try screen.injector.combination([37, 64, 41])
                    try eventually("the window where it was", details: { viewer.log }) {
                        try screen.capture().shows(
                            try guest.screendump(), x: place.x, y: place.y)
                    }
                }
            }
        }

        @Test("The menu lies over it, and the pointer and its buttons reach the guest")
        func input() throws {
            try TestRun.run("subsurface-input") { run in
                let screen = try TestScreen(run, .wayland)
                let guest = try TabletBench.guest(run, .ten, "801x603 still")
                try guest.refresh()
                let viewer = try SubsurfaceBench.viewer(run, screen, [guest.qmpPath])
                let place = try viewer.waitForPicture(of: guest)
                try TabletBench.point(
                    screen, guest, within: place, guest: (place.width, place.height))
                try TabletBench.buttons(screen, guest)
                let card = try viewer.picture(at: place)
                // The menu's button is left of the one that closes the window.
                try screen.injector.move(toX: place.x + place.width - 75, y: place.y - 23)
                try screen.injector.click(button: 1)
                try eventually("a menu over the picture", details: { viewer.log }) {
                    let seen = try viewer.picture(at: place)
                    return zip(seen.pixels, card.pixels).count { $0 != $1 } > 20_000
                }
                screen.note("menu", try screen.capture())
                try screen.injector.press(9)
                try screen.injector.release(9)
                try viewer.waitForPicture(of: guest)
            }
        }

        @Test("A window that nobody sees holds neither the guest nor the viewer")
        func hidden() throws {
            try TestRun.run("subsurface-hidden") { run in
                // A title bar with a button that Weston has no key for.
                let settings = run.path("config")
                for folder in ["", "/glib-2.0", "/glib-2.0/settings"] {
                    mkdir(settings + folder, 0o700)
                }
                try write(
                    "[org/gnome/desktop/wm/preferences]\nbutton-layout='minimize:close'\n",
                    to: settings + "/glib-2.0/settings/keyfile")
                let screen = try TestScreen(run, .wayland)
                let guest = try GuestMachine(run, .ten, .demo("800x600 moving"))
                try guest.refresh()
                let statistics = run.path("statistics")
                let viewer = try SubsurfaceBench.viewer(
                    run, screen, ["--stats", statistics, guest.qmpPath],
                    environment: ["XDG_CONFIG_HOME": settings, "GSETTINGS_BACKEND": "keyfile"])
                let place = try viewer.waitForCard(800, 600)
                let shown = try guest.pace()
                try screen.injector.move(toX: place.x + 24, y: place.y - 23)
                try screen.injector.click(button: 1)
                try eventually("the window is gone") {
                    try screen.capture(screen.outputs[0]).pixels[
                        (place.y + 300) * screen.outputs[0].width + place.x + 400] == 0x303030
                }
                let lines = { TestProcess.text(statistics).split(separator: "\n").count }
                let before = lines()
                let hidden = try guest.pace()
                print("subsurface: \(hidden) frames hidden, \(shown) while shown")
                try check(hidden * 2 > shown, "\(hidden) frames instead of \(shown)")
                try eventually("the viewer goes on") { lines() >= before + 3 }
                // Super+Tab.
                try screen.injector.combination([133, 23])
                try eventually("the window is back, with the newest picture") {
                    let old = try guest.frame()
                    let seen = try screen.capture()
                    guard let corner = seen.cardCorner(width: place.width, height: place.height)
                    else { return false }
                    let picture = seen.part(
                        x: corner.x, y: corner.y, width: place.width, height: place.height)
                    return try #require(picture.card?.topFrame) >= old
                }
                let last = try #require(TestProcess.text(statistics).split(separator: "\n").last)
                for stage in ["draw", "swap"] {
                    try check(!last.contains("\"\(stage)\":{\"count\":0"), "\(stage): \(last)")
                }
            }
        }

        @Test("Where it cannot be, one line says so")
        func refused() throws {
            try TestRun.run("subsurface-refused") { run in
                let x11 = try TestScreen(run, .x11)
                let wayland = try TestScreen(run, .wayland)
                for presenter in ["subsurface", "glarea"] {
                    for (screen, arguments, words) in [
                        (x11, ["--renderer", "gl"], "Wayland"), (x11, [], "Wayland"),
                        (wayland, ["--renderer", "software"], "--renderer software"),
                    ] {
                        let complaint = try ProgramResult(
                            run, "swiftvm-gtk",
                            ["--presenter", presenter] + arguments + ["qmp:/nowhere"],
                            environment: screen.environment
                        ).complaint()
                        try check(
                            complaint.contains("--presenter \(presenter)")
                                && complaint.contains(words), complaint)
                    }
                }
            }
        }
    }
}

private enum SubsurfaceBench {
    static func viewer(
        _ run: TestRun, _ screen: TestScreen, _ arguments: [String],
        environment: [String: String] = [:]
    ) throws -> ViewerUnderTest {
        try ViewerUnderTest(
            run, .gtk, screen, ["--presenter", "subsurface"] + arguments, renderer: .gl,
            environment: environment)
    }
}

extension TestScreen {
    /// What the output shows, without its last corner, where the compositor's pointer is.
    fileprivate func captureWithoutPointer() throws -> ScreenPicture {
        let output = outputs[0]
        return try capture().part(
            x: output.x, y: output.y, width: output.width - 8, height: output.height - 8)
    }
}

extension ScreenPicture {
    /// Whether every pixel outside that place, and of the margin around it, is the compositor's background.
    fileprivate func isBackground(
        outside place: (x: Int, y: Int, width: Int, height: Int), margin: Int
    ) -> Bool {
        isOnly(
            0x303030,
            outside: (
                place.x - margin, place.y - margin, place.width + 2 * margin,
                place.height + 2 * margin
            ))
    }

    /// Whether every pixel outside that place has that color.
    fileprivate func isOnly(
        _ color: UInt32, outside place: (x: Int, y: Int, width: Int, height: Int)
    ) -> Bool {
        all(outside: place) { pixels[$0] == color }
    }

    /// Whether every pixel outside that place is the other picture's.
    fileprivate func isEqual(
        to other: ScreenPicture, outside place: (x: Int, y: Int, width: Int, height: Int)
    ) -> Bool {
        other.width == width && other.height == height
            && all(outside: place) { pixels[$0] == other.pixels[$0] }
    }

    private func all(
        outside place: (x: Int, y: Int, width: Int, height: Int), _ fits: (Int) -> Bool
    ) -> Bool {
        for y in 0..<height {
            let isBeside = y < place.y || y >= place.y + place.height
            for x in 0..<width where isBeside || x < place.x || x >= place.x + place.width {
                if !fits(y * width + x) { return false }
            }
        }
        return true
    }
}
