import DisplayTesting
import Glibc
import Testing

extension RenderNodeTests.WindowTests {
    /// A guest that draws all the time, while its viewer or the compositor is stopped, hidden or killed. Nobody hangs.
    @Suite(.serialized) struct FaultTests {
        typealias Show = RenderNodeTests.WindowTests.Show

        /// How long a window is hidden, in seconds: far longer than any watchdog waits.
        static let hidden = 60.0

        @Test(
            "A viewer stopped, hidden and killed: the guest goes on. A QEMU killed: its last picture stays",
            arguments: [Show.moving(.ten, "virtio-vga")])
        func viewer(show: Show) throws {
            let node = try #require(RenderNode.path)
            try TestRun.run("node-faults") { run in
                let screen = try SwayScreen(run, node: node)
                for program in ViewerProgram.allCases {
                    let guest = try show.guest(run, node: node)
                    let viewer = try ViewerProcess(run, program, screen, [guest.qmpPath])
                    try viewer.waitForFrames(of: guest, show)
                    try viewer.expectImports()

                    viewer.process.signal(SIGSTOP)
                    try guest.expectFrames(3)
                    viewer.process.signal(SIGCONT)
                    try viewer.waitForFrames(of: guest, show)

                    try screen.command("[app_id=\".*\"] move container to workspace \(program)")
                    try eventually("the window is hidden") {
                        try screen.capture().cardCorner(width: show.width, height: show.height)
                            == nil
                    }
                    let until = now() + Self.hidden
                    repeat { try guest.expectFrames(3) } while now() < until
                    try screen.command("workspace \(program)")
                    try viewer.waitForFrames(of: guest, show)

                    viewer.process.signal(SIGKILL)
                    _ = try viewer.process.waitForExit()
                    try guest.expectFrames(3)

                    let next = try ViewerProcess(run, program, screen, [guest.qmpPath])
                    let place = try next.waitForFrames(of: guest, show)
                    // In the middle of a frame, as it draws twenty a second.
                    guest.process.signal(SIGKILL)
                    try next.expectLastPicture(of: show, at: place)
                    next.process.signal(SIGTERM)
                    _ = try next.process.waitForExit()
                }
            }
        }

        @Test(
            "The compositor killed: one line says so, the guest goes on, and a new one shows it",
            arguments: [Show.moving(.seven, "VGA")])
        func compositor(show: Show) throws {
            let node = try #require(RenderNode.path)
            try TestRun.run("node-lost") { run in
                let guest = try show.guest(run, node: node)
                for program in ViewerProgram.allCases {
                    let screen = try SwayScreen(run, node: node)
                    let viewer = try ViewerProcess(
                        run, program, screen, [guest.qmpPath], isVerbose: false)
                    try viewer.waitForFrames(of: guest, show)
                    screen.process.signal(SIGKILL)
                    let status = try viewer.process.waitForExit()
                    try check(status == 1, "status \(status): \(viewer.log)")
                    // A busy machine's watchdog may have had its say before.
                    let lines = viewer.log.split(separator: "\n")
                        .filter { !$0.contains("UpdateDMABUF") }
                    try check(
                        lines.count == 1 && lines[0].hasPrefix("\(program): "),
                        "expected one line: \(viewer.log)")
                    try guest.expectFrames(3)
                }
            }
        }
    }
}

extension RenderNodeTests.WindowTests.Show {
    /// A guest that draws all the time.
    fileprivate static func moving(_ version: QEMUVersion, _ device: String) -> Self {
        Self(
            viewer: .gtk, version: version, device: device, width: 640, height: 480,
            words: "moving rate=20 flush=box")
    }
}

extension GuestMachine {
    /// Throws unless the guest runs and draws so many more frames.
    fileprivate func expectFrames(_ count: UInt32) throws {
        try check(try isRunning, "the guest does not run")
        let first = try frame()
        try eventually("the guest draws on") { try frame() >= first + count }
    }
}

extension ViewerProcess {
    /// Waits until the window shows the guest's card, with a frame that was drawn after the call, and then a later one; returns where.
    @discardableResult
    fileprivate func waitForFrames(
        of guest: GuestMachine, _ show: RenderNodeTests.WindowTests.Show
    ) throws -> (x: Int, y: Int) {
        let newest = try guest.frame()
        let place = try waitForCard(show.width, show.height)
        let first = try eventually("the newest picture", details: { log }) {
            let frame = try self.frame(at: place)
            return frame >= newest ? frame : nil
        }
        try eventually("a later picture", details: { log }) { try frame(at: place) > first }
        return (place.x, place.y)
    }

    /// Waits until it says that its guest has ended, and throws unless the guest's picture is still there then.
    fileprivate func expectLastPicture(
        of show: RenderNodeTests.WindowTests.Show, at place: (x: Int, y: Int)
    ) throws {
        try eventually("the end is told", details: { log }) { log.contains("has ended") }
        let seen = try screen.capture()
        try check(process.exitStatus == nil, "the viewer has ended, too: \(log)")
        // One of its two numbers may be half drawn, and stays so.
        let card = seen.part(x: place.x, y: place.y, width: show.width, height: show.height).card
        try check(card?.topFrame != nil || card?.bottomFrame != nil, "the picture is gone")
    }
}
