import DisplayTesting
import Testing

extension EndToEndTests {
    /// What a screen shows of a viewer at 1:1, against QEMU's `screendump`, pixel for pixel.
    @Suite(.serialized) struct WindowPictureTests {
        @Test("The demo guest, through five mode changes", arguments: Way.all)
        func demoGuest(way: Way) throws {
            try TestRun.run("window-demo-\(way)") { run in
                let screen = try TestScreen(run, way.server)
                let guest = try GuestMachine(
                    run, way.version,
                    .demo("1366x768 still modes=1280x720,800x600,1023x767,1366x768"),
                    options: ["-vga", "none", "-device", "bochs-display"])
                try guest.refresh()
                let viewer = try ViewerUnderTest(
                    run, way.viewer, screen, [guest.qmpPath], renderer: way.renderer)
                let first = try viewer.waitForPicture(of: guest)
                try check(first.width == 1366 && first.height == 768, "\(first)")
                for _ in 0..<5 {
                    let mode = try guest.nextMode()
                    let place = try viewer.waitForPicture(of: guest)
                    try check(
                        place.width == mode.width && place.height == mode.height, "\(place)")
                }
                let name = try #require(
                    viewer.process.standardError.split(separator: "\n").first {
                        $0.contains("renderer: ")
                    })
                let isGL = name.contains("renderer: GL")
                try check(isGL == (way.renderer == .gl), "--verbose: \(name)")
                try check(viewer.process.exitStatus == nil, "the viewer has ended")
            }
        }

        // RenderNodeTests has the other half.
        @Test("Without --renderer, no GL where no GPU draws it", arguments: Desk.all)
        func automatic(desk: Desk) throws {
            try TestRun.run("window-automatic-\(desk)") { run in
                let screen = try TestScreen(run, desk.server)
                let guest = try GuestMachine(run, .ten, .demo("800x600 still"))
                try guest.refresh()
                let viewer = try ViewerUnderTest(run, desk.viewer, screen, [guest.qmpPath])
                try viewer.waitForPicture(of: guest)
                let words = viewer.process.standardError
                try check(
                    words.contains("renderer: software") && words.contains("processor"), words)
            }
        }

        @Test("On an X server that shares no memory", arguments: ViewerProgram.allCases)
        func remote(program: ViewerProgram) throws {
            try TestRun.run("window-no-shm-\(program)") { run in
                let screen = try TestScreen(run, .x11, xOptions: ["-extension", "MIT-SHM"])
                let guest = try GuestMachine(
                    run, .seven, .demo("800x600 still modes=640x480"))
                try guest.refresh()
                let viewer = try ViewerUnderTest(
                    run, program, screen, [guest.qmpPath], renderer: .software)
                try viewer.waitForPicture(of: guest)
                _ = try guest.nextMode()
                try viewer.waitForPicture(of: guest)
                try check(!viewer.log.contains("MIT-SHM"), viewer.log)
            }
        }

        @Test("The firmware's text, its cursor blinking", arguments: Way.all)
        func firmware(way: Way) throws {
            try TestRun.run("window-firmware-\(way)") { run in
                let screen = try TestScreen(run, way.server)
                let guest = try GuestMachine(run, way.version, .firmware)
                let blank = try guest.screendump()
                try eventually("SeaBIOS writes") { try guest.screendump() != blank }
                try guest.refresh()
                let viewer = try ViewerUnderTest(
                    run, way.viewer, screen, [guest.qmpPath], renderer: way.renderer)
                try viewer.waitForPicture(of: guest)
            }
        }

        @Test("memtest86+", arguments: QEMUVersion.allCases)
        func memtest(version: QEMUVersion) throws {
            try TestRun.run("window-memtest-\(version)") { run in
                let guest = try GuestMachine(run, version, .memtest)
                try guest.waitForMemtest()
                for way in Way.all where way.version == version {
                    let screen = try TestScreen(run, way.server)
                    try guest.refresh()
                    let viewer = try ViewerUnderTest(
                        run, way.viewer, screen, [guest.qmpPath], renderer: way.renderer)
                    // Its numbers keep changing: seen to be equal three times, with other pictures between.
                    for _ in 0..<3 {
                        try viewer.waitForPicture(of: guest)
                        let before = try guest.screendump()
                        try eventually("memtest86+ goes on") { try guest.screendump() != before }
                    }
                    run.end(viewer.process)
                }
            }
        }

        @Test("A guest on a bus, in two viewers at once", arguments: ViewerProgram.allCases)
        func bus(program: ViewerProgram) throws {
            try TestRun.run("window-bus-\(program)") { run in
                let bus = try MessageBus(run)
                let screen = try TestScreen(run, .x11)
                let guest = try GuestMachine(
                    run, .ten, .demo("640x480 still"),
                    display: ["-display", "dbus,addr=\(bus.address)"])
                let viewer = try ViewerUnderTest(
                    run, program, screen, ["dbus:\(bus.address)"])
                try viewer.waitForPicture(of: guest)
                let picture = try snapshot(run, ["dbus:\(bus.address)"])
                try expectEqual(picture, try guest.screendump(), "beside a window")
                try viewer.waitForPicture(of: guest)
            }
        }
    }
}
