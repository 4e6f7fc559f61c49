import DisplayTesting
import Glibc
import Testing

extension EndToEndTests {
    /// Two programs on one guest.
    @Suite(.serialized) struct TogetherTests {
        @Test(
            "A guest that a viewer shows is taken only with --take-over, and the viewer says who has it",
            arguments: ViewerProgram.allCases, QEMUVersion.allCases)
        func takeOver(program: ViewerProgram, version: QEMUVersion) throws {
            try TestRun.run("take-over-\(program)-\(version)") { run in
                let screen = try TestScreen(run, .x11)
                let second = run.path("second")
                let guest = try GuestMachine(
                    run, version, .demo("800x600 moving"),
                    options: ["-qmp", "unix:\(second),server=on,wait=off"])
                try guest.refresh()
                let viewer = try ViewerUnderTest(run, program, screen, [guest.qmpPath])
                let place = try viewer.waitForCard(800, 600)
                let name = "\(program) (pid \(viewer.process.pid))"
                for path in [guest.qmpPath, second] {
                    for arguments in [[path, run.path("no.png")], ["--list-heads", path]] {
                        let words = try ProgramResult(run, "swiftvm-snapshot", arguments)
                            .complaint()
                        try check(
                            words.contains("\(path): \(name) shows this guest")
                                && words.contains("--take-over")
                                && words.contains("-display dbus,addr="), words)
                    }
                }
                try check(access(run.path("no.png"), F_OK) != 0, "it wrote a picture")
                let first = try viewer.frame(at: place)
                try eventually("the viewer goes on") { try viewer.frame(at: place) > first }

                let taken = try ProgramResult(
                    run, "swiftvm-snapshot", ["--take-over", second, run.path("yes.png")])
                try check(taken.status == 0, "\(taken)")
                try check(PNGPicture(path: run.path("yes.png"))?.width == 800, "no picture")
                try viewer.waitForNotice(at: place)
                try check(viewer.process.exitStatus == nil, "the viewer has ended: \(viewer.log)")
                // Both monitors are free now, and the guest goes on.
                for path in [guest.qmpPath, second] {
                    let free = try ProgramResult(
                        run, "swiftvm-snapshot", [path, run.path("free.png")])
                    try check(free.status == 0, "\(free)")
                }
                try guest.expectGoingOn()

                // Ctrl+Alt+T takes it back, and it is held again.
                let last = try viewer.frame(at: place)
                try screen.injector.combination([37, 64, 28])
                try eventually("the viewer shows the guest again", details: { viewer.log }) {
                    try viewer.frame(at: place) > last
                }
                let refused = try ProgramResult(
                    run, "swiftvm-snapshot", [second, run.path("no.png")]
                ).complaint()
                try check(refused.contains("\(name) shows this guest"), refused)
                let again = try ProgramResult(
                    run, "swiftvm-snapshot",
                    ["--take-over", guest.qmpPath, run.path("yes.png")])
                try check(again.status == 0, "\(again)")
                try viewer.waitForNotice(at: place)
                try viewer.close(try viewer.window())
                let status = try viewer.process.waitForExit()
                let line = viewer.log.split(separator: "\n").last ?? ""
                try check(
                    status == 1 && line.hasPrefix("\(program): swiftvm-snapshot (pid ")
                        && line.contains("has taken this guest's display over"),
                    "status \(status): \(line)")
            }
        }

        @Test("A viewer that is stopped cannot let go, which is said; killed, it leaves nothing")
        func stoppedHolder() throws {
            try TestRun.run("stopped-holder") { run in
                let screen = try TestScreen(run, .x11)
                let second = run.path("second")
                let guest = try GuestMachine(
                    run, .ten, .demo("800x600 moving"),
                    options: ["-qmp", "unix:\(second),server=on,wait=off"])
                try guest.refresh()
                let viewer = try ViewerUnderTest(run, .gtk, screen, [guest.qmpPath])
                let place = try viewer.waitForCard(800, 600)
                let pid = viewer.process.pid
                viewer.process.signal(SIGSTOP)
                let told = try ProgramResult(
                    run, "swiftvm-snapshot", [guest.qmpPath, run.path("a.png")])
                try check(
                    try told.complaint().contains("swiftvm-gtk (pid \(pid)) shows this guest"),
                    "\(told)")
                let stuck = try ProgramResult(
                    run, "swiftvm-snapshot", ["--take-over", guest.qmpPath, run.path("a.png")])
                try check(
                    stuck.status == 1
                        && stuck.standardError.contains("does not let go of it")
                        && stuck.standardError.contains("(kill -KILL \(pid))"), "\(stuck)")
                // With a monitor of its own the taker does not need it.
                let other = try ProgramResult(
                    run, "swiftvm-snapshot", ["--take-over", second, run.path("b.png")])
                try check(other.status == 0, "\(other)")
                viewer.process.signal(SIGCONT)
                try viewer.waitForNotice(at: place)

                let next = try ViewerUnderTest(run, .gtk, screen, [guest.qmpPath])
                _ = try eventually("the next one is connected", details: { next.log }) {
                    next.log.contains("heads:") ? true : nil
                }
                next.process.signal(SIGKILL)
                _ = try next.process.waitForExit()
                let after = try ProgramResult(
                    run, "swiftvm-snapshot", [guest.qmpPath, run.path("c.png")])
                try check(after.status == 0, "\(after)")
            }
        }

        @Test(
            "A bus is watched by a viewer and a snapshot at once", arguments: QEMUVersion.allCases)
        func bus(version: QEMUVersion) throws {
            try TestRun.run("together-bus-\(version)") { run in
                let screen = try TestScreen(run, .x11)
                let bus = try MessageBus(run)
                let guest = try GuestMachine(
                    run, version, .demo("800x600 moving"),
                    display: ["-display", "dbus,addr=\(bus.address)"],
                    options: ["-monitor", "vc"])
                try guest.refresh()
                let target = "dbus:\(bus.address)"
                let viewer = try ViewerUnderTest(run, .gtk, screen, [target])
                let place = try viewer.waitForCard(800, 600)
                for take in [[], ["--take-over"]] {
                    let other = try ProgramResult(
                        run, "swiftvm-snapshot", take + [target, run.path("a.png")])
                    try check(other.status == 0, "\(other)")
                    try check(PNGPicture(path: run.path("a.png"))?.width == 800, "no picture")
                }
                let first = try viewer.frame(at: place)
                try eventually("the viewer goes on") { try viewer.frame(at: place) > first }
                let second = try ViewerUnderTest(run, .gtk, screen, [target])
                let holder = "swiftvm-gtk (pid \(viewer.process.pid)) holds this monitor"
                try eventually("the second says who has the monitor", details: { second.log }) {
                    second.log.contains(holder)
                }
                viewer.process.signal(SIGTERM)
                _ = try viewer.process.waitForExit()
                try eventually("the second has the monitor", details: { second.log }) {
                    second.log.contains("the machine is controlled over")
                }
            }
        }
    }
}
