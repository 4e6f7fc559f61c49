import DisplayTesting
import Glibc
import GuestDisplay
import Testing

extension EndToEndTests {
    /// Several heads on several monitors.
    @Suite(.serialized) struct MultiheadTests {
        @Test(
            "Two heads, each full screen on its monitor, as they are and swapped",
            arguments: Way.all)
        func fullScreen(way: Way) throws {
            try TestRun.run("multihead-\(way)") { run in
                let bench = try MultiheadBench(run, way, ["--fullscreen"])
                try bench.waitForHeads(on: bench.screen.outputs)
                bench.viewer.process.signal(SIGTERM)
                let status = try bench.viewer.process.waitForExit()
                try check(status == 0, "status \(status): \(bench.viewer.log)")

                let monitors = try bench.screen.monitors(run, way.viewer)
                try check(monitors.count == 2, "--list-monitors: \(monitors)")
                for (monitor, output) in zip(monitors, bench.screen.outputs) {
                    try check(
                        monitor.size == "\(output.width)x\(output.height)"
                            && monitor.place == "+\(output.x)+\(output.y)",
                        "--list-monitors: \(monitor) for \(output)")
                }
                try bench.restart(
                    run, way,
                    ["--fullscreen", "--monitors", "0:\(monitors[1].name),1:\(monitors[0].name)"])
                try bench.waitForHeads(on: bench.screen.outputs.reversed())
            }
        }

        @Test(
            "A head that goes while full screen, and comes again, leaves the other alone",
            arguments: Desk.all)
        func headGoes(desk: Desk) throws {
            let way = Way(viewer: desk.viewer, server: desk.server, renderer: .gl)
            try TestRun.run("multihead-goes-\(desk)") { run in
                let bench = try MultiheadBench(run, way, ["--fullscreen"])
                let outputs = bench.screen.outputs
                try bench.waitForHeads(on: outputs)
                for _ in 0..<2 {
                    try bench.guest.order("head 1 off")
                    // QEMU 7.2 puts a picture of its own in the head's place and tells no viewer of it (ui/dbus-listener.c,
                    // `dbus_gfx_switch` sends nothing).
                    if way.version == .ten {
                        try eventually("head 1 is gone", details: { bench.viewer.log }) {
                            try bench.screen.capture(outputs[1]).card?.head == nil
                        }
                    }
                    try bench.guest.order("fill 0 300 400 7 5 aabbcc")
                    try bench.waitForHead(0, on: outputs[0])
                    try bench.guest.order("head 1 on")
                    try bench.waitForHeads(on: outputs)
                }
                try check(bench.viewer.process.exitStatus == nil, bench.viewer.log)
            }
        }

        @Test("More heads than monitors: the rest are windows, and it says so", arguments: Desk.all)
        func tooFewMonitors(desk: Desk) throws {
            try TestRun.run("multihead-one-monitor-\(desk)") { run in
                let screen = try TestScreen(run, desk.server)
                let guest = try GuestMachine(
                    run, desk.version, .demo("1024x768 still"),
                    options: VirtioBench.gpu(heads: 2))
                let viewer = try ViewerUnderTest(
                    run, desk.viewer, screen, ["--fullscreen", guest.qmpPath])
                try eventually("it says that head 1 is in a window", details: { viewer.log }) {
                    viewer.log.contains("there is 1 monitor: head 1 is shown in a window")
                }
                try guest.line("head 0 has the monitor's size") {
                    $0.hasPrefix("head 0 on 1600x1200") ? true : nil
                }
                try guest.line("head 1 is on") { $0.hasPrefix("head 1 on ") ? true : nil }
                try check(viewer.process.exitStatus == nil, viewer.log)
            }
        }

        @Test("A monitor that does not exist: those that do are listed", arguments: Desk.all)
        func unknownMonitor(desk: Desk) throws {
            try TestRun.run("multihead-unknown-monitor-\(desk)") { run in
                let screen = try TestScreen(run, desk.server, outputs: TestOutput.two)
                let guest = try GuestMachine(
                    run, desk.version, .demo("800x600 moving"), options: VirtioBench.gpu(heads: 2))
                let names = try screen.monitors(run, desk.viewer).map(\.name)
                let words = try ProgramResult(
                    run, desk.viewer.rawValue,
                    ["--fullscreen", "--monitors", "0:nowhere", guest.qmpPath],
                    environment: screen.environment
                ).complaint()
                try check(
                    words.contains("no monitor nowhere") && names.allSatisfy(words.contains),
                    "\(words) should list \(names)")
                try guest.expectGoingOn()
            }
        }

        @Test(
            "What the guest is told of sizes and places is how the monitors lie",
            arguments: Desk.all)
        func layout(desk: Desk) throws {
            try TestRun.run("multihead-layout-\(desk)") { run in
                let screen = try TestScreen(run, desk.server, outputs: TestOutput.two)
                // QEMU keeps places to itself, so it is a scripted one that hears them.
                let console = ScriptedQEMU.Console(width: 640, height: 480)
                let qemu = try ScriptedQEMU(name: "e2e", consoles: [console, console])
                defer { qemu.end() }
                let monitors = try screen.monitors(run, desk.viewer)
                for names in [monitors.map(\.name), monitors.map(\.name).reversed()] {
                    let viewer = try ViewerUnderTest(
                        run, desk.viewer, screen,
                        [
                            "--fullscreen", "--monitors", "0:\(names[0]),1:\(names[1])",
                            qemu.monitor,
                        ])
                    let start = qemu.calls.count
                    var peers: [ScriptedListenerPeer] = []
                    for head in 0...1 {
                        let peer = try qemu.nextListener(of: head)
                        let picture = RandomPicture("x8r8g8b8", width: 640, height: 480, seed: 1)
                        _ = try peer.call(picture.scanout)
                        peers.append(peer)
                    }
                    for head in 0...1 {
                        let output = screen.outputs[
                            monitors.firstIndex { $0.name == names[head] } ?? 0]
                        try eventually(
                            "head \(head) is told of \(output)",
                            details: { "\(qemu.layouts(ofHead: head, from: start))" }
                        ) {
                            qemu.layouts(ofHead: head, from: start).last
                                == [output.x, output.y, output.width, output.height]
                        }
                    }
                    viewer.process.signal(SIGTERM)
                    _ = try viewer.process.waitForExit()
                    withExtendedLifetime(peers) {}
                }
            }
        }

        @Test("500 times off and on leave nothing behind", arguments: ViewerProgram.allCases)
        func cycles(program: ViewerProgram) throws {
            let server = program == .gtk ? DisplayServer.wayland : .x11
            let way = Way(viewer: program, server: server, renderer: .gl)
            try TestRun.run("multihead-cycles-\(program)") { run in
                let bench = try MultiheadBench(run, way, ["--fullscreen"])
                let (guest, viewer) = (bench.guest, bench.viewer)
                try bench.waitForHeads(on: bench.screen.outputs)
                try bench.toggle(times: 50)
                let memory = try viewer.process.residentKiB
                let descriptors = try viewer.process.descriptorCount
                let qemuMemory = try guest.process.residentKiB
                let qemuDescriptors = try guest.process.descriptorCount
                try bench.toggle(times: 450)
                let grown = try viewer.process.residentKiB - memory
                let qemuGrown = try guest.process.residentKiB - qemuMemory
                print(
                    "\(program), \(way.version), 450 times off and on: the viewer grew by \(grown) KiB, QEMU by \(qemuGrown) KiB"
                )
                // One picture of a head is 3 MiB: a leak of each would be 1 GiB.
                try check(grown < 24 << 10, "the viewer grew by \(grown) KiB from \(memory)")
                try check(qemuGrown < 24 << 10, "QEMU grew by \(qemuGrown) KiB")
                let kept = try viewer.process.descriptorCount
                try check(kept <= descriptors + 4, "\(descriptors) descriptors became \(kept)")
                let qemuKept = try guest.process.descriptorCount
                try check(
                    qemuKept <= qemuDescriptors + 4,
                    "\(qemuDescriptors) descriptors of QEMU became \(qemuKept)")
            }
        }

        @Test(
            "One window that is not drawn holds neither the guest nor the other window",
            arguments: ViewerProgram.allCases, QEMUVersion.allCases)
        func oneHidden(program: ViewerProgram, version: QEMUVersion) throws {
            try TestRun.run("multihead-hidden-\(program)-\(version)") { run in
                let screen = try TestScreen(run, .x11)
                let guest = try GuestMachine(
                    run, version, .demo("640x480 moving rate=30 flush=box"),
                    options: VirtioBench.gpu(heads: 2))
                let viewer = try ViewerUnderTest(
                    run, program, screen, ["--no-resize-guest", guest.qmpPath])
                try guest.order("mode 1 800x600")
                let windows = try eventually("two windows", details: { viewer.log }) {
                    let windows = try screen.xServer.windows(named: "e2e")
                    return windows.count == 2 ? windows : nil
                }
                let second = try eventually("a window of 800x600", details: { viewer.log }) {
                    try windows.first { try screen.xServer.frame(of: $0).width >= 800 }
                }
                let both = try guest.pace()
                try screen.xServer.command("xdotool", ["windowunmap", second])
                try eventually("one window is gone") {
                    try screen.xServer.windows(named: "e2e") != windows
                }
                let place = try viewer.waitForCard(640, 480)
                let one = try guest.pace()
                print("\(program), \(version): \(one) frames with one window, \(both) with two")
                try check(one * 2 > both, "\(one) frames instead of \(both)")
                for _ in 0..<5 {
                    let old = try guest.frame()
                    try eventually("the other window is current") {
                        try viewer.frame(at: place) >= old
                    }
                }
                try screen.xServer.command("xdotool", ["windowmap", second])
                try viewer.waitForCard(800, 600)
            }
        }
    }
}

/// The demo guest with two heads, on two monitors.
final class MultiheadBench {
    let screen: TestScreen
    let guest: GuestMachine
    private(set) var viewer: ViewerUnderTest

    init(_ run: TestRun, _ way: Way, _ options: [String]) throws {
        screen = try TestScreen(run, way.server, outputs: TestOutput.two)
        guest = try GuestMachine(
            run, way.version, .demo("1024x768 still resize=host"),
            options: VirtioBench.gpu(heads: 2))
        viewer = try ViewerUnderTest(
            run, way.viewer, screen, options + [guest.qmpPath], renderer: way.renderer)
    }

    /// Starts the viewer anew.
    func restart(_ run: TestRun, _ way: Way, _ options: [String]) throws {
        viewer = try ViewerUnderTest(
            run, way.viewer, screen, options + [guest.qmpPath], renderer: way.renderer)
    }

    /// Waits until each head fills its output, in that order, every pixel what QEMU says that the guest shows.
    func waitForHeads(on outputs: [TestOutput]) throws {
        for (head, output) in outputs.enumerated() { try waitForHead(head, on: output) }
    }

    func waitForHead(_ head: Int, on output: TestOutput) throws {
        // A compositor's pointer is part of what it shows: not on this output.
        let other = screen.outputs.first { $0.x != output.x } ?? output
        try screen.injector.move(toX: other.x + other.width / 2, y: other.y + other.height / 2)
        try eventually(
            "head \(head) fills \(output)", within: 60,
            details: { "\((try? guest.lines(from: 0)) ?? []) \(viewer.log)" }
        ) {
            try check(viewer.process.exitStatus == nil, "the viewer has ended: \(viewer.log)")
            let dump = try guest.screendump(device: "gpu", head: head)
            return try dump.width == output.width && dump.height == output.height
                && dump.card?.head == head && screen.capture(output) == dump
        }
    }

    /// Turns head 1 off and on.
    func toggle(times: Int) throws {
        for _ in 0..<times {
            try guest.order("head 1 off")
            try guest.order("head 1 on")
        }
        try waitForHeads(on: screen.outputs)
    }
}

/// A line of `--list-monitors`.
struct ListedMonitor {
    let name: String
    let size: String
    let place: String
}

extension TestScreen {
    /// What a viewer says of the monitors.
    func monitors(_ run: TestRun, _ program: ViewerProgram) throws -> [ListedMonitor] {
        let result = try ProgramResult(
            run, program.rawValue, ["--list-monitors"], environment: environment)
        try check(result.status == 0, "--list-monitors: \(result)")
        return try result.standardOutput.split(separator: "\n").map { line in
            let words = line.split(separator: "\t", omittingEmptySubsequences: false)
            try check(words.count >= 3, "--list-monitors: \(line)")
            return ListedMonitor(
                name: String(words[0]), size: String(words[1]), place: String(words[2]))
        }
    }
}

extension ScriptedQEMU {
    /// What a program told a head of its place and size with SetUIInfo (`qqiiuu`), from call number `start` on: x, y, width, height.
    func layouts(ofHead head: Int, from start: Int) -> [[Int]] {
        calls.dropFirst(start).compactMap { call in
            guard call.member == "SetUIInfo", call.path.hasSuffix("Console_\(head)"),
                let numbers = call.numbers, numbers.count == 6
            else { return nil }
            return Array(numbers[2...])
        }
    }
}
