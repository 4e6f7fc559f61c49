import DisplayTesting
import Glibc
import Testing

extension EndToEndTests {
    /// A display server that goes away while windows are open.
    @Suite(.serialized) struct LostDisplayTests {
        @Test("A guest that runs elsewhere goes on, and one line says why", arguments: Way.all)
        func foreignGuest(way: Way) throws {
            try TestRun.run("lost-display-\(way)") { run in
                let screen = try TestScreen(run, way.server)
                let guest = try GuestMachine(run, way.version, .demo("800x600 moving"))
                try guest.refresh()
                let viewer = try ViewerUnderTest(
                    run, way.viewer, screen, [guest.qmpPath], renderer: way.renderer,
                    isVerbose: false)
                try viewer.waitForCard(800, 600)
                screen.process.signal(SIGKILL)
                let status = try viewer.process.waitForExit()
                try check(status == 1, "status \(status): \(viewer.log)")
                let lines = viewer.log.split(separator: "\n")
                try check(
                    lines.count == 1 && lines[0].hasPrefix("\(way.viewer): "),
                    "expected one line: \(viewer.log)")
                try guest.expectGoingOn()
            }
        }

        @Test("A guest that was started ends with it", arguments: Desk.all)
        func startedGuest(desk: Desk) throws {
            try TestRun.run("lost-display-started-\(desk)") { run in
                let screen = try TestScreen(run, desk.server)
                let viewer = try ViewerUnderTest(
                    run, desk.viewer, screen,
                    [
                        // The firmware's picture comes first, and a window that grows later may reach out of a compositor's screen.
                        "--fullscreen", "--scale", "1:1", "--qemu", desk.version.binary, "--",
                        "-name", "e2e", "-accel", "tcg", "-m",
                        "64", "-nodefaults", "-vga", "std", "-kernel", TestEnvironment.demoGuest,
                        "-append", "800x600 moving", "-pidfile", run.path("pid"),
                    ])
                try viewer.waitForCard(800, 600)
                guard let pid = pid_t(TestProcess.text(run.path("pid")).trimmed) else {
                    throw HarnessError("no pid file")
                }
                screen.process.signal(SIGKILL)
                let status = try viewer.process.waitForExit()
                try check(status == 1, "status \(status): \(viewer.log)")
                try eventually("the guest that it started has ended") { kill(pid, 0) != 0 }
            }
        }
    }
}
