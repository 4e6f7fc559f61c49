import Testing

extension EndToEndTests {
    /// What a screen shows of `swiftvm-gtk` at 1:1, against QEMU's `screendump`, pixel for pixel.
    @Suite(.serialized) struct WindowPictureTests {
        /// A display server and a renderer.
        struct Way: Sendable, CustomStringConvertible {
            let server: DisplayServer
            let renderer: RendererOption
            var description: String { "\(server)-\(renderer)" }

            static let all = DisplayServer.allCases.flatMap { server in
                RendererOption.allCases.map { Way(server: server, renderer: $0) }
            }
        }

        @Test("The demo guest, through five mode changes", arguments: Way.all, QEMUVersion.allCases)
        func demoGuest(way: Way, version: QEMUVersion) throws {
            try TestRun.run("window-demo-\(way)-\(version)") { run in
                let screen = try TestScreen(run, way.server)
                let guest = try GuestMachine(
                    run, version, .demo("1366x768 still modes=1280x720,800x600,1023x767,1366x768"),
                    options: ["-vga", "none", "-device", "bochs-display"])
                try guest.refresh()
                let viewer = try ViewerUnderTest(
                    run, screen, [guest.qmpPath], renderer: way.renderer)
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

        @Test("Without --renderer, GL where it works", arguments: DisplayServer.allCases)
        func automatic(server: DisplayServer) throws {
            try TestRun.run("window-automatic-\(server)") { run in
                let screen = try TestScreen(run, server)
                let guest = try GuestMachine(run, .ten, .demo("800x600 still"))
                try guest.refresh()
                let viewer = try ViewerUnderTest(run, screen, [guest.qmpPath])
                try viewer.waitForPicture(of: guest)
                let words = viewer.process.standardError
                try check(words.contains("renderer: GL"), words)
            }
        }

        @Test("The firmware's text, its cursor blinking", arguments: Way.all)
        func firmware(way: Way) throws {
            for version in QEMUVersion.allCases {
                try TestRun.run("window-firmware-\(way)-\(version)") { run in
                    let screen = try TestScreen(run, way.server)
                    let guest = try GuestMachine(run, version, .firmware)
                    let blank = try guest.screendump()
                    try eventually("SeaBIOS writes") { try guest.screendump() != blank }
                    try guest.refresh()
                    let viewer = try ViewerUnderTest(
                        run, screen, [guest.qmpPath], renderer: way.renderer)
                    try viewer.waitForPicture(of: guest)
                }
            }
        }

        @Test("memtest86+", arguments: Way.all)
        func memtest(way: Way) throws {
            let version = way.renderer == .gl ? QEMUVersion.ten : .seven
            try TestRun.run("window-memtest-\(way)") { run in
                let screen = try TestScreen(run, way.server)
                let guest = try GuestMachine(run, version, .memtest)
                try guest.waitForMemtest()
                try guest.refresh()
                let viewer = try ViewerUnderTest(
                    run, screen, [guest.qmpPath], renderer: way.renderer)
                // Its numbers keep changing: seen to be equal three times, with other pictures between.
                for _ in 0..<3 {
                    try viewer.waitForPicture(of: guest)
                    let before = try guest.screendump()
                    try eventually("memtest86+ goes on") { try guest.screendump() != before }
                }
            }
        }

        @Test("A guest on a bus, in two viewers at once")
        func bus() throws {
            try TestRun.run("window-bus") { run in
                let bus = try MessageBus(run)
                let screen = try TestScreen(run, .x11)
                let guest = try GuestMachine(
                    run, .ten, .demo("640x480 still"),
                    display: ["-display", "dbus,addr=\(bus.address)"])
                let viewer = try ViewerUnderTest(run, screen, ["dbus:\(bus.address)"])
                try viewer.waitForPicture(of: guest)
                let picture = try snapshot(run, ["dbus:\(bus.address)"])
                try expectEqual(picture, try guest.screendump(), "beside a window")
                try viewer.waitForPicture(of: guest)
            }
        }
    }
}
