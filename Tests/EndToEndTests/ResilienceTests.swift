import DisplayTesting
import Glibc
import Testing

extension EndToEndTests {
    /// Either side killed or stopped while the guest draws.
    @Suite(.serialized) struct ResilienceTests {
        @Test(
            "QEMU killed while drawing: the window stays, with the last picture",
            arguments: Desk.all)
        func killedQEMU(desk: Desk) throws {
            try TestRun.run("killed-qemu-\(desk)") { run in
                let server = desk.server
                let renderer = server == .x11 ? RendererOption.gl : .software
                let screen = try TestScreen(run, server)
                let guest = try GuestMachine(run, .ten, .demo("800x600 moving"))
                try guest.refresh()
                let viewer = try ViewerUnderTest(
                    run, desk.viewer, screen, [guest.qmpPath], renderer: renderer)
                let place = try viewer.waitForCard(800, 600)
                try viewer.waitForMotion(at: place)
                guest.process.signal(SIGKILL)
                try viewer.waitForNotice(at: place)
                // Still there and alive: it draws again at another size, and then takes its leave.
                try check(viewer.process.exitStatus == nil, "it has ended")
                let picture = try viewer.picture(at: place)
                // QEMU reads a VGA's memory while the guest draws: one of the numbers may be half drawn, and stays so.
                try check(
                    picture.card?.topFrame != nil || picture.card?.bottomFrame != nil,
                    "the last picture is gone")
                if server == .x11 {
                    let window = try viewer.window()
                    try screen.xServer.command(
                        "xdotool", ["windowsize", "--sync", window, "1000", "900"])
                    try eventually("it draws at the new size") {
                        let frame = try screen.xServer.frame(of: window)
                        let now = try screen.capture().part(
                            x: frame.x, y: frame.y, width: frame.width, height: frame.height)
                        return frame.width >= 1000 && now.position(of: picture) == nil
                            && Set(now.pixels[(now.pixels.count / 2)...].prefix(1000)).count > 3
                    }
                    try viewer.close(window)
                    let status = try viewer.process.waitForExit()
                    try check(status == 1, "status \(status)")
                }
            }
        }

        @Test(
            "A viewer killed while drawing: the guest goes on, and the other viewer shows it",
            arguments: QEMUVersion.allCases)
        func killedViewer(version: QEMUVersion) throws {
            try TestRun.run("killed-viewer-\(version)") { run in
                let screen = try TestScreen(run, .x11)
                let guest = try GuestMachine(run, version, .demo("800x600 moving"))
                for program in ViewerProgram.allCases + ViewerProgram.allCases {
                    try guest.refresh()
                    let viewer = try ViewerUnderTest(run, program, screen, [guest.qmpPath])
                    let place = try viewer.waitForCard(800, 600)
                    try viewer.waitForMotion(at: place)
                    viewer.process.signal(SIGKILL)
                    _ = try viewer.process.waitForExit()
                    try guest.expectGoingOn()
                }
            }
        }

        @Test(
            "A viewer stopped while drawing: QEMU answers, and afterwards the picture is the newest",
            arguments: ViewerProgram.allCases, QEMUVersion.allCases)
        func stoppedViewer(program: ViewerProgram, version: QEMUVersion) throws {
            try TestRun.run("stopped-viewer-\(program)-\(version)") { run in
                let screen = try TestScreen(run, .x11)
                let guest = try GuestMachine(run, version, .demo("800x600 moving"))
                try guest.refresh()
                let viewer = try ViewerUnderTest(run, program, screen, [guest.qmpPath])
                let place = try viewer.waitForCard(800, 600)
                viewer.process.signal(SIGSTOP)
                let before = try guest.frame()
                var longest = 0.0
                let until = now() + 5
                while now() < until {
                    let start = now()
                    try check(try guest.isRunning, "the guest does not run")
                    longest = max(longest, now() - start)
                }
                let after = try guest.frame()
                print(
                    "\(version), \(program) stopped while drawing: QMP answered within \(Int(longest * 1000)) ms, \(after - before) frames in 5 s"
                )
                try check(after > before + 10, "the guest drew \(after - before) frames")
                viewer.process.signal(SIGCONT)
                try eventually("the window is current again") {
                    let old = try guest.frame()
                    return try viewer.frame(at: place) >= old
                }
                try check(viewer.process.exitStatus == nil, "the viewer has ended")
            }
        }

        @Test(
            "A viewer stopped at moments of connecting holds QEMU no longer than it is stopped",
            arguments: QEMUVersion.allCases)
        func stoppedWhileConnecting(version: QEMUVersion) throws {
            try TestRun.run("stopped-connecting-\(version)") { run in
                let screen = try TestScreen(run, .x11)
                let guest = try GuestMachine(run, version, .demo("640x480 moving"))
                // As soon as its log says that it has come so far, and, as QEMU's own waiting begins somewhere between, a little later.
                let moments = ["renderer:", "QEMU ", "heads:", "heads:", "heads:", "authenticated"]
                var longest = 0.0
                var unanswered = 0
                for (step, moment) in (moments + moments + moments).enumerated() {
                    try guest.refresh()
                    let viewer = try ViewerUnderTest(run, .gtk, screen, [guest.qmpPath])
                    try eventually("the log says \(moment)") { viewer.log.contains(moment) }
                    usleep(useconds_t(step % 6 * 500))
                    viewer.process.signal(SIGSTOP)
                    let start = now()
                    let answer = try? guest.execute("query-status", within: 2)
                    if answer == nil { unanswered += 1 }
                    longest = max(longest, now() - start)
                    viewer.process.signal(SIGKILL)
                    _ = try viewer.process.waitForExit()
                    if answer == nil {
                        // The answer that came late, after the kill, is the next one's business no more.
                        try guest.skipLateAnswer()
                    }
                }
                print(
                    "\(version), viewer stopped while connecting: \(unanswered) of \(moments.count * 3) moments held QMP until the kill, the longest wait was \(Int(longest * 1000)) ms"
                )
                try guest.expectGoingOn()
                try guest.refresh()
                let viewer = try ViewerUnderTest(run, .gtk, screen, [guest.qmpPath])
                try viewer.waitForCard(640, 480)
            }
        }

        @Test(
            "A window that another program destroys: a viewer ends as if it was closed, but a guest that it started gets another",
            arguments: ViewerProgram.allCases, RendererOption.allCases)
        func destroyedWindow(program: ViewerProgram, renderer: RendererOption) throws {
            try TestRun.run("destroyed-window-\(program)-\(renderer)") { run in
                let screen = try TestScreen(run, .x11)
                let guest = try GuestMachine(run, .seven, .demo("800x600 moving"))
                try guest.refresh()
                let attached = try ViewerUnderTest(
                    run, program, screen, [guest.qmpPath], renderer: renderer)
                try attached.waitForCard(800, 600)
                try screen.xServer.command("xdotool", ["windowclose", try attached.window()])
                let status = try attached.process.waitForExit()
                try check(status == 0, "status \(status): \(attached.log)")
                try guest.expectGoingOn()

                let starter = try ViewerUnderTest(
                    run, program, screen,
                    [
                        "--", "-name", "e2e", "-accel", "tcg", "-m", "64", "-nodefaults", "-vga",
                        "std", "-kernel", TestEnvironment.demoGuest, "-append", "800x600 moving",
                    ], renderer: renderer)
                try starter.waitForCard(800, 600)
                let first = try starter.window()
                try screen.xServer.command("xdotool", ["windowclose", first])
                try eventually("another window", details: { starter.log }) {
                    try screen.xServer.windows(named: "e2e").contains { $0 != first }
                }
                try starter.waitForMotion(at: try starter.waitForCard(800, 600))
                starter.process.signal(SIGTERM)
                let end = try starter.process.waitForExit()
                try check(end == 0, "status \(end): \(starter.log)")
            }
        }

        @Test(
            "All windows of a viewer destroyed at once by another program: it ends, the guest goes on",
            arguments: ViewerProgram.allCases, RendererOption.allCases)
        func destroyedWindows(program: ViewerProgram, renderer: RendererOption) throws {
            try TestRun.run("destroyed-windows-\(program)-\(renderer)") { run in
                let screen = try TestScreen(run, .x11)
                let guest = try GuestMachine(
                    run, .ten, .demo("640x480 moving"),
                    options: VirtioBench.gpu(heads: 2))
                try guest.refresh()
                let viewer = try ViewerUnderTest(
                    run, program, screen, [guest.qmpPath], renderer: renderer)
                let windows = try eventually("two windows", details: { viewer.log }) {
                    let windows = try screen.xServer.windows(named: "e2e")
                    return windows.count == 2 ? windows : nil
                }
                try screen.xServer.command(
                    "xdotool", windows.flatMap { ["windowclose", $0] })
                let status = try viewer.process.waitForExit()
                try check(status == 0, "status \(status): \(viewer.log)")
                try guest.expectGoingOn()
            }
        }

        @Test(
            "A started guest that is killed: the exit status says so",
            arguments: ViewerProgram.allCases)
        func startedGuest(program: ViewerProgram) throws {
            try TestRun.run("started-guest-\(program)") { run in
                let screen = try TestScreen(run, .x11)
                for version in QEMUVersion.allCases {
                    let viewer = try ViewerUnderTest(
                        run, program, screen,
                        [
                            "--qemu", version.binary, "--", "-name", "e2e", "-accel", "tcg", "-m",
                            "64", "-nodefaults", "-vga", "std", "-kernel",
                            TestEnvironment.demoGuest, "-append", "800x600 moving", "-pidfile",
                            run.path("pid"),
                        ])
                    let place = try viewer.waitForCard(800, 600)
                    let pid = TestProcess.text(run.path("pid")).trimmed
                    guard let number = pid_t(pid) else { throw HarnessError("no pid: \(pid)") }
                    kill(number, SIGKILL)
                    try viewer.waitForNotice(at: place)
                    try viewer.close(try viewer.window())
                    let status = try viewer.process.waitForExit()
                    try check(
                        status == 1, "status \(status) after QEMU was killed: \(viewer.log)")
                }
            }
        }
    }
}

extension ViewerUnderTest {
    /// Waits until the card shows a newer frame than now.
    func waitForMotion(at place: (x: Int, y: Int, width: Int, height: Int)) throws {
        let first = try frame(at: place)
        try eventually("frames in the window", details: { log }) { try frame(at: place) > first }
    }

    /// Waits until something lies over the middle of the card that the guest did not draw: a notice.
    func waitForNotice(at place: (x: Int, y: Int, width: Int, height: Int)) throws {
        let card = DemoCard(width: place.width, height: place.height)
        let box = (x: place.width / 2 - 20, y: place.height / 2 - 4, width: 40, height: 8)
        try eventually("the window says that the guest has quit", details: { log }) {
            let now = try picture(at: place)
            // The last picture of a guest that was killed may have one of its numbers half drawn.
            guard let frame = now.card?.topFrame ?? now.card?.bottomFrame else { return false }
            let shown = now.part(x: box.x, y: box.y, width: box.width, height: box.height)
            return (max(frame, 1) - 1...frame + 1).allSatisfy { frame in
                let drawn = ScreenPicture(
                    width: place.width, height: place.height,
                    pixels: card.expectedPixels(frame: frame))
                return shown
                    != drawn.part(x: box.x, y: box.y, width: box.width, height: box.height)
            }
        }
    }

    /// Closes a window as its user does: by the button at the end of its bar, which is GTK's own or the window manager's. (Not by Alt+F4:
    /// as the first keys that were injected on a server, they were seen not to reach openbox.)
    func close(_ window: String) throws {
        let frame = try screen.xServer.frame(of: window)
        let isOwn = program == .gtk
        // Left, right, top and bottom: shadows within the window, or bar and borders around it.
        let text = try screen.xServer.command(
            "xprop", ["-id", window, isOwn ? "_GTK_FRAME_EXTENTS" : "_NET_FRAME_EXTENTS"])
        let extents = text.split(whereSeparator: { !$0.isNumber }).compactMap { Int($0) }
        let (right, top) = extents.count == 4 ? (extents[1], extents[2]) : (0, 0)
        let button =
            isOwn
            ? (x: frame.width - right - 24, y: top + 23) : (x: frame.width - 10, y: -top / 2)
        try screen.injector.move(toX: frame.x + button.x, y: frame.y + button.y)
        try screen.injector.click(button: 1)
    }
}
