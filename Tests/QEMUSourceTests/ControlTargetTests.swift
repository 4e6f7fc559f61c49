import GuestDisplay
import Testing

@testable import QEMUSource

@Suite struct ControlTargetTests {
    @Test(arguments: [
        ("qmp:/run/vm", QEMUTarget.monitor(path: "/run/vm")),
        ("/run/vm", .monitor(path: "/run/vm")), ("vm.sock", .monitor(path: "vm.sock")),
        ("qmp:dbus:", .monitor(path: "dbus:")), ("dbus:", .bus(address: nil)),
        ("dbus:unix:path=/run/bus", .bus(address: "unix:path=/run/bus")),
    ])
    func targets(_ text: String, _ expected: QEMUTarget) throws {
        #expect(try QEMUTarget(parsing: text) == expected)
    }

    @Test(arguments: [
        "spice://host", "spice+unix:///run/s", "vnc://host:1", "vnc+unix:///run/v",
        "libvirt:domain", "console.vv",
    ])
    func laterSources(_ text: String) {
        let error = #expect(throws: DisplayError.self) { try QEMUTarget(parsing: text) }
        #expect(error?.description.contains("this version cannot") == true)
        #expect(error?.description.contains(text) == true)
    }

    @Test(arguments: ["", "qmp:"])
    func empty(_ text: String) {
        #expect(throws: DisplayError.self) { try QEMUTarget(parsing: text) }
    }

    @Test(arguments: ["-display", "--display", "-nographic", "-daemonize"])
    func argumentsThatAreOurs(_ argument: String) {
        let error = #expect(throws: DisplayError.self) {
            try QEMULaunch(arguments: ["-m", "1G", argument, "x"])
        }
        #expect(error?.description.contains(argument) == true)
    }

    @Test func launchArguments() throws {
        let launch = try QEMULaunch(arguments: ["-qmp", "stdio", "-vga", "std"])
        let all = launch.arguments(control: "/run/a,b/control", monitor: "/run/monitor")
        #expect(all.starts(with: ["-qmp", "stdio", "-vga", "std", "-display", "dbus,p2p=yes"]))
        #expect(all.contains("socket,id=swiftvm-control,path=/run/a,,b/control"))
        #expect(all.contains("socket,id=swiftvm-monitor,path=/run/monitor,server=on,wait=off"))
    }

    @Test(arguments: [
        ("virtio-vga-gl", "dbus,p2p=yes,gl=on"),
        ("virtio-gpu-gl-pci,max_outputs=2", "dbus,p2p=yes,gl=on"),
        ("virtio-vga", "dbus,p2p=yes"), ("usb-tablet", "dbus,p2p=yes"),
    ])
    func devicesThatNeedGLGetIt(_ device: String, _ display: String) throws {
        let all = try QEMULaunch(arguments: ["-device", device])
            .arguments(control: "/run/control", monitor: "/run/monitor")
        #expect(all.starts(with: ["-device", device, "-display", display]))
    }
}

@Suite struct ControlJSONTests {
    @Test func roundTrip() throws {
        let value = JSONValue.object([
            "a": .array([.integer(1), .integer(-9_007_199_254_740_993), .double(1.5), .null]),
            "b": .object(["c": .bool(true), "d": .bool(false)]), "e": .string("\"ü\n\u{0001}"),
        ])
        #expect(!value.text.contains("\n"))
        #expect(JSONValue(parsing: value.text.utf8) == value)
    }

    @Test(arguments: ["", "{", "nonsense", "{\"a\"}", "[1,]x", "{\"a\": \"\u{0}\"}"])
    func broken(_ text: String) {
        #expect(JSONValue(parsing: text.utf8) == nil)
    }

    @Test func invalidUTF8() {
        #expect(JSONValue(parsing: [0x22, 0xff, 0xfe, 0x22]) == nil)
    }

    @Test func depth() {
        let deep = { String(repeating: "[", count: $0) + String(repeating: "]", count: $0) }
        #expect(JSONValue(parsing: deep(64).utf8) != nil)
        #expect(JSONValue(parsing: deep(65).utf8) == nil)
        #expect(JSONValue(parsing: "\"\(deep(100))\\\"[\"".utf8) != nil)
    }

    @Test func lines() {
        var lines = LineBuffer(maximum: 8)
        var cut: [String] = []
        var fitted: [Bool] = []
        for part in ["one\ntwo\nthr", "ee\n", "12345678", "9"] {
            fitted.append(lines.append(Array(part.utf8)))
            while let line = lines.next() { cut.append(String(decoding: line, as: UTF8.self)) }
        }
        #expect(cut == ["one", "two", "three"])
        #expect(fitted == [true, true, true, false])
    }

    @Test func terminalText() {
        var text = TerminalText()
        text.append(Array("QEMU\r\n(qemu) s\u{1b}[K\u{1b}[Dst".utf8))
        #expect(text.lastLine == "(qemu) sst")
        text.append(Array("op\r\n(qemu) ".utf8))
        let lines = text.takeLines()
        #expect(lines == ["QEMU", "(qemu) sstop"])
    }
}

@Suite struct ControlObjectsTests {
    private let managed = """
        ({objectpath '/org/qemu/Display1/Console_1': {'org.qemu.Display1.Console':
        {'Label': <'a<b>'>, 'Head': <uint32 1>, 'Type': <'Graphic'>, 'Width': <uint32 640>,
        'Height': <uint32 480>, 'DeviceAddress': <'pci/0000/04.0'>},
        'org.qemu.Display1.Mouse': {'IsAbsolute': <true>}},
        '/org/qemu/Display1/Console_0': {'org.qemu.Display1.Console':
        {'Label': <'vc0'>, 'Head': <uint32 0>, 'Type': <'Text'>, 'Width': <uint32 4294967295>,
        'Height': <'wrong'>}},
        '/org/qemu/Display1/Console_x': {'org.qemu.Display1.Console': {'Label': <'no'>}},
        '/org/qemu/Display1/Chardev_m': {'org.qemu.Display1.Chardev':
        {'Name': <'org.qemu.monitor.hmp.0'>}},
        '/org/qemu/Display1/VM': {'org.qemu.Display1.VM': {'Name': <'guest'>}}},)
        """

    @Test func reading() throws {
        let objects = DisplayObjects(managed: try #require(Variant.parse(managed)))
        #expect(objects.guestName == "guest")
        #expect(
            objects.heads == [
                Head(id: 0, label: "vc0", kind: .text),
                Head(
                    id: 1, label: "a<b>", kind: .graphic, output: 1,
                    deviceAddress: "pci/0000/04.0", size: Size(width: 640, height: 480)),
            ])
        #expect(objects.consoles[1]?.mode == .absolute)
        #expect(objects.consoles[0]?.mode == .relative)
        #expect(
            objects.chardevs == [
                .init(path: "/org/qemu/Display1/Chardev_m", name: "org.qemu.monitor.hmp.0")
            ])
        #expect(objects.listing == "0 (vc0, text), 1 (a<b>, graphic)")
    }

    @Test(arguments: ["()", "(uint32 1,)", "({'a': <1>},)", "('text',)"])
    func nonsense(_ text: String) throws {
        #expect(DisplayObjects(managed: try #require(Variant.parse(text))).heads == [])
    }

    @Test func changes() throws {
        var objects = DisplayObjects(managed: try #require(Variant.parse(managed)))
        let path = DisplayName.consolePath(1)
        objects.update(
            path, interface: DisplayName.console,
            changed: ["Width": .uint32(800), "Height": .uint32(70000)])
        #expect(objects.consoles[1]?.head.size == Size(width: 800, height: 480))
        objects.update(
            path, interface: DisplayName.mouse, changed: ["IsAbsolute": .bool(false)])
        #expect(objects.consoles[1]?.mode == .relative)
        objects.update(
            DisplayName.consolePath(7), interface: DisplayName.console, changed: [:])
        #expect(objects.heads.count == 2)
    }
}

@Suite struct ControlInputTests {
    private func call(_ event: InputEvent, _ mode: PointerMode) -> String? {
        let console = DisplayObjects.Console(
            head: Head(
                id: 0, label: "", kind: .graphic, size: Size(width: 640, height: 480)), mode: mode)
        guard let call = QEMUInput.call(for: event, console: console) else { return nil }
        let values = call.arguments.map { argument in
            argument.uint32.map { "\($0)" } ?? argument.text
        }
        return
            "\(call.interface.split(separator: ".").last!).\(call.method)(\(values.joined(separator: ",")))"
    }

    @Test func calls() {
        // KEY_A 30, KEY_RIGHTCTRL 97
        #expect(call(.key(EvdevKey(30), isPressed: true), .relative) == "Keyboard.Press(30)")
        #expect(call(.key(EvdevKey(97), isPressed: false), .absolute) == "Keyboard.Release(157)")
        #expect(call(.key(EvdevKey(0xffff), isPressed: true), .absolute) == nil)
        #expect(call(.button(.wheelDown, isPressed: true), .absolute) == "Mouse.Press(4)")
        #expect(call(.pointerPosition(x: 7, y: 9), .absolute) == "Mouse.SetAbsPosition(7,9)")
        #expect(
            call(.pointerPosition(x: -1, y: 5000), .absolute) == "Mouse.SetAbsPosition(0,479)")
        #expect(call(.pointerPosition(x: 7, y: 9), .relative) == nil)
        #expect(call(.pointerMotion(dx: -3, dy: 4), .relative) == "Mouse.RelMotion(-3,4)")
        #expect(
            call(.pointerMotion(dx: .min, dy: .max), .relative)
                == "Mouse.RelMotion(-2147483648,2147483647)")
        #expect(call(.pointerMotion(dx: -3, dy: 4), .absolute) == nil)
        #expect(call(.pointerMotion(dx: 0, dy: 0), .relative) == nil)
    }

    @Test func buttonNumbers() {
        #expect(
            PointerButton.allCases.map { QEMUInput.number(of: $0) } == [0, 1, 2, 3, 4, 7, 8, 5, 6])
    }

    @Test func layout() {
        let layout = HeadLayout(
            frame: Rect(x: -5, y: 0, width: 100_000, height: 600),
            millimetres: Size(width: 70_000, height: 300))
        #expect(Variant.tuple(QEMUInput.uiInfo(layout)).type == "(qqiiuu)")
        #expect(QEMUInput.uiInfo(layout)[4].uint32 == 16384)
        let off = QEMUInput.uiInfo(HeadLayout(frame: .zero))
        #expect(off[4].uint32 == 0 && off[5].uint32 == 0)
    }
}

@Suite struct ControlEndTests {
    /// What is known after those facts, and what would be presumed.
    private func end(
        launched: Bool = false, monitor: Bool = true, _ facts: EndDetector.Fact...
    ) -> (known: SourceEnd?, presumed: SourceEnd?, isEnding: Bool) {
        var detector = EndDetector(isLaunched: launched, hasMonitor: monitor)
        var known: SourceEnd?
        for fact in facts { known = detector.take(fact) }
        return (known, detector.presumed, detector.isEnding)
    }

    private let lost = SourceEnd.failed(
        "the connection to QEMU was lost: it was killed or has crashed")

    @Test func launched() {
        let waiting = end(launched: true, .shutdown, .displayLost, .monitorLost)
        #expect(waiting.known == nil && waiting.isEnding)
        #expect(waiting.presumed == nil)
        #expect(end(launched: true, .displayLost).presumed != nil)
        #expect(end(launched: true, .displayLost, .exited(.exited(0))).known == .guestQuit)
        #expect(
            end(launched: true, .exited(.killed(signal: 9))).known
                == .failed("QEMU was killed by signal 9"))
        #expect(
            end(launched: true, .shutdown, .exited(.exited(3))).known
                == .failed("QEMU exited with status 3"))
    }

    @Test func attached() throws {
        #expect(!end(.shutdown, .monitorLost).isEnding)
        #expect(end(.shutdown, .monitorLost, .displayLost).known == .guestQuit)
        #expect(end(.shutdown, .displayLost, .monitorLost).known == .guestQuit)
        #expect(end(.displayLost, .monitorLost).known == lost)
        #expect(end(.shutdown, .resumed, .displayLost, .monitorLost).known == lost)
        let taken = end(.displayLost)
        #expect(taken.known == nil)
        let presumed = try #require(taken.presumed)
        #expect("\(presumed)".contains("taken the display over"))
    }

    @Test func bus() {
        #expect(end(monitor: false, .displayLost).known == .guestQuit)
        #expect(end(.busLost).known == .failed("the connection to the bus was lost"))
    }
}
