import DisplayTesting
import Glibc
import GuestDisplay
import Testing

extension RenderNodeTests {
    /// The viewers' windows on a Wayland compositor that draws on the node, with guests whose pictures arrive as a GPU's buffers.
    @Suite(
        .serialized,
        .enabled(
            if: SwayScreen.isInstalled || RenderNode.isTestMachine,
            "sway and grim are not installed"))
    struct WindowTests {
        /// A guest's display device, and how a viewer shows it.
        struct Show: Sendable, CustomTestStringConvertible {
            let viewer: ViewerProgram
            let version: QEMUVersion
            let device: String
            let width: Int
            let height: Int
            var words = "still resize=never"
            var arguments: [String] = []

            var testDescription: String {
                "\(viewer), \(version), \(device), \(width)x\(height) \(words)"
            }

            /// The card that the demo guest draws on it.
            func card(frame: UInt32) -> ScreenPicture {
                let card = DemoCard(
                    width: width, height: height, drawsPointer: device == "VGA")
                var pixels = card.expectedPixels(frame: frame)
                for index in pixels.indices { pixels[index] &= 0xff_ffff }
                return ScreenPicture(width: width, height: height, pixels: pixels)
            }

            /// Starts the demo guest on it.
            func guest(_ run: TestRun, node: String) throws -> GuestMachine {
                let guest = try GuestMachine(
                    run, version, .demo("\(width)x\(height) \(words)"),
                    display: ["-display", "dbus,p2p=yes,gl=on,rendernode=\(node)"],
                    options: ["-vga", "none", "-device", device])
                // A window has the first picture's size, and that is then the guest's.
                try guest.refresh()
                return guest
            }
        }

        /// Each viewer with each device and each QEMU; in a window, and with a screen to itself.
        static let shows = [
            Show(viewer: .gtk, version: .seven, device: "VGA", width: 800, height: 600),
            Show(
                viewer: .gtk, version: .ten, device: "virtio-vga",
                width: SwayScreen.usualSize.width,
                height: SwayScreen.usualSize.height, arguments: ["--fullscreen"]),
            Show(
                viewer: .gtk, version: .ten, device: "VGA", width: 640, height: 480,
                arguments: ["--presenter", "glarea"]),
            Show(viewer: .sdl, version: .ten, device: "VGA", width: 800, height: 600),
            Show(
                viewer: .sdl, version: .seven, device: "virtio-vga",
                width: SwayScreen.usualSize.width,
                height: SwayScreen.usualSize.height, arguments: ["--fullscreen"]),
        ]

        @Test(
            "Pixel for pixel what the guest drew, imported and not read by the processor",
            arguments: ViewerProgram.allCases)
        func exact(program: ViewerProgram) throws {
            let node = try #require(RenderNode.path)
            try TestRun.run("node-exact-\(program)") { run in
                let screen = try SwayScreen(run, node: node)
                for show in Self.shows where show.viewer == program {
                    let guest = try show.guest(run, node: node)
                    let viewer = try ViewerProcess(
                        run, program, screen, show.arguments + [guest.qmpPath])
                    let place = try viewer.waitForExactCard(of: show)
                    try check(
                        !show.arguments.contains("--fullscreen") || place == (0, 0),
                        "full screen, but at \(place)")
                    try viewer.expectImports()
                    run.end(viewer.process)
                    run.end(guest.process)
                }
            }
        }

        @Test(
            "Pixel for pixel what the guest drew, on X11",
            .enabled(
                if: SwayScreen.hasX11 || RenderNode.isTestMachine, "Xwayland is not installed"),
            arguments: ViewerProgram.allCases)
        func x11(program: ViewerProgram) throws {
            let node = try #require(RenderNode.path)
            let show = Show(
                viewer: program, version: program == .gtk ? .seven : .ten, device: "virtio-vga",
                width: 640, height: 480)
            try TestRun.run("node-x11-\(program)") { run in
                let screen = try SwayScreen(run, node: node, forX11: true)
                let guest = try show.guest(run, node: node)
                let viewer = try ViewerProcess(run, program, screen, [guest.qmpPath])
                try viewer.waitForExactCard(of: show)
                try viewer.expectImports()
            }
        }

        /// On the card itself, without a display server. Only in the test machine: nothing else may have the card.
        @Test(
            "Pixel for pixel what the guest drew, on bare KMS",
            .enabled(if: RenderNode.isTestMachine, "only make test-vm has a card to itself"))
        func kms() throws {
            let node = try #require(RenderNode.path)
            let show = Show(
                viewer: .sdl, version: .ten, device: "virtio-vga", width: 640, height: 480,
                arguments: ["--scale", "1:1"])
            try TestRun.run("node-kms") { run in
                let screen = try KMSScreen(run, node: node)
                let guest = try show.guest(run, node: node)
                let viewer = try ViewerProcess(
                    run, show.viewer, screen, show.arguments + [guest.qmpPath])
                try viewer.waitForExactCard(of: show)
                try viewer.expectImports()
                // It leaves in order: nothing is drawn on a card that is closed.
                viewer.process.signal(SIGTERM)
                _ = try viewer.process.waitForExit()
                try check(!viewer.log.contains("error from kernel"), viewer.log)
            }
        }
    }
}

extension ViewerProcess {
    /// Waits until a frame of the demo guest is on the screen, every pixel as it was drawn, and returns where.
    @discardableResult
    func waitForExactCard(of show: RenderNodeTests.WindowTests.Show) throws -> (x: Int, y: Int) {
        var expected: (frame: UInt32, card: ScreenPicture)?
        return try eventually("\(show.testDescription) on the screen", details: { log }) {
            try check(process.exitStatus == nil, "the viewer has ended: \(log)")
            let seen = try screen.capture()
            guard let place = seen.cardCorner(width: show.width, height: show.height) else {
                return nil
            }
            let part = seen.part(
                x: place.x, y: place.y, width: show.width, height: show.height)
            guard let frame = part.card?.frame else { return nil }
            if expected?.frame != frame { expected = (frame, show.card(frame: frame)) }
            guard let card = expected?.card, part == card else { return nil }
            // It would tell.
            var pixels = part.pixels
            pixels[pixels.count / 2] ^= 1
            try check(
                ScreenPicture(width: show.width, height: show.height, pixels: pixels) != card,
                "any picture would do")
            return place
        }
    }

    /// Throws unless the guest's pictures come as dma-bufs that the node's driver imports, and the windows are drawn by it.
    func expectImports() throws {
        let lines = log.split(separator: "\n")
        let pictures = lines.filter { $0.contains("pictures as ") }
        try check(
            !pictures.isEmpty
                && pictures.allSatisfy { $0.contains("dma-buf") && $0.contains("imported") },
            "not imported: \(log)")
        let renderer = lines.first { $0.contains("renderer: GL") }
        try check(renderer != nil, "not drawn with GL: \(log)")
        if RenderNode.isTestMachine {
            try check(renderer?.contains("virgl") == true, "not drawn by the node: \(log)")
        }
    }
}
