import DisplayTesting
import GuestDisplay
import Logging
import Testing

@testable import QEMUSource

private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// The control side with real QEMUs. One at a time: each is a whole machine.
@Suite(.serialized) struct ControlRealTests {
    /// Connects to the QEMU's monitor.
    private func connect(_ qemu: QEMUUnderTest) throws -> (QEMUSource, RecordingDelegate) {
        let source = QEMUSource(.monitor(path: qemu.monitor), logger: logger)
        let delegate = RecordingDelegate()
        try source.connect(delegate: delegate)
        return (source, delegate)
    }

    /// Lets the firmware print, stops the clock (a text cursor blinks with it), and compares with QEMU's own picture.
    private func comparePictures(
        _ qemu: QEMUUnderTest, _ source: QEMUSource, head: Head.ID = 0
    ) throws {
        let early = RecordingSink()
        try source.open(head, sink: early)
        #expect(
            early.wait(seconds: 120) {
                ($0.picture?.size.width ?? 0) >= 640 && ($0.picture?.colours ?? 0) > 1
            }, "the firmware prints something")
        _ = try qemu.command(#"{"execute":"stop"}"#)
        let sink = RecordingSink()
        try source.open(head, sink: sink)
        let truth = try qemu.screendump()
        #expect(truth.colours > 1)
        #expect(sink.wait { $0.picture?.withoutAlpha == truth })
        let count = early.eventCount
        source.close(head)
        _ = try qemu.command(#"{"execute":"cont"}"#)
        #expect(early.eventCount == count, "a replaced sink hears nothing")
    }

    @Test(arguments: QEMUBinary.all)
    func picturesPeerToPeer(_ binary: QEMUBinary) throws {
        let qemu = try QEMUUnderTest(binary, arguments: ["-vga", "std", "-name", "a <b>&"])
        let (source, delegate) = try connect(qemu)
        #expect(source.guestName == "a <b>&")
        #expect(source.heads.map(\.id) == [0])
        #expect(source.heads.first?.kind == .graphic)
        #expect(source.heads.first?.deviceAddress == "pci/0000/02.0")
        #expect(!source.ownsGuest)
        try comparePictures(qemu, source)
        source.disconnect()
        #expect(delegate.end() == .guestQuit)

        // The guest goes on, and another may come.
        #expect(try qemu.command(#"{"execute":"query-status"}"#).contains("running"))
        let (second, _) = try connect(qemu)
        #expect(second.heads.count == 1)
        second.disconnect()
        #expect(delegate.ends.count == 1)
    }

    @Test(arguments: QEMUBinary.all)
    func machineOverQMP(_ binary: QEMUBinary) throws {
        let qemu = try QEMUUnderTest(binary)
        let (source, delegate) = try connect(qemu)
        let machine = try #require(source.machine)
        #expect(machine.state == .running)
        #expect(perform(.pause, on: machine) == nil)
        #expect(delegate.wait { $0.states.contains(.paused) })
        #expect(try qemu.command(#"{"execute":"query-status"}"#).contains("paused"))
        #expect(perform(.reset, on: machine) == nil)
        #expect(perform(.powerButton, on: machine) == nil)
        // Somebody else's doing is heard too.
        _ = try qemu.command(#"{"execute":"cont"}"#)
        #expect(delegate.wait { $0.states.last == .running })
        #expect(machine.state == .running)
        #expect(perform(.quit, on: machine) == nil)
        #expect(delegate.end() == .guestQuit)
        #expect(qemu.process.wait() == 0)
        #expect(delegate.ends.count == 1)
    }

    @Test(arguments: QEMUBinary.all)
    func killed(_ binary: QEMUBinary) throws {
        let qemu = try QEMUUnderTest(binary)
        let (source, delegate) = try connect(qemu)
        let sink = RecordingSink()
        try source.open(0, sink: sink)
        qemu.process.send(9)
        guard case .failed(let words) = delegate.end() else {
            Issue.record("not told as a failure")
            return
        }
        #expect(words.contains("connection to QEMU was lost"))
        // Everything may still be called.
        source.send(.pointerMotion(dx: 1, dy: 1), to: 0)
        #expect(throws: DisplayError.self) { try source.open(0, sink: sink) }
        source.disconnect()
        #expect(delegate.ends.count == 1)
    }

    @Test(arguments: QEMUBinary.all)
    func takenOver(_ binary: QEMUBinary) throws {
        let qemu = try QEMUUnderTest(binary)
        var limits = QEMULimits()
        limits.end = 300
        let source = QEMUSource(.monitor(path: qemu.monitor), limits: limits, logger: logger)
        let delegate = RecordingDelegate()
        try source.connect(delegate: delegate)
        // A second client, as another viewer with a monitor of its own would add one.
        #expect(try qemu.addDisplayClient())
        guard case .takenOver(let words) = delegate.end() else {
            Issue.record("not told as taken over")
            return
        }
        #expect(words.contains("taken the display over"))
    }

    @Test(arguments: QEMUBinary.all)
    func headsThatAreNotThere(_ binary: QEMUBinary) throws {
        let qemu = try QEMUUnderTest(
            binary, arguments: ["-vga", "std", "-device", "virtio-vga,max_outputs=2"])
        let (source, _) = try connect(qemu)
        #expect(source.heads.map(\.id) == [0, 1, 2])
        #expect(source.heads.map(\.output) == [0, 0, 1])
        let error = #expect(throws: DisplayError.self) {
            try source.open(7, sink: RecordingSink())
        }
        #expect(error?.description.contains("there is no head 7") == true)
        #expect(error?.description.contains("2 (virtio-vga.1, graphic)") == true)
        source.close(7)
        // Every head at once.
        let sinks = source.heads.map { _ in RecordingSink() }
        for (head, sink) in zip(source.heads, sinks) { try source.open(head.id, sink: sink) }
        for sink in sinks { #expect(sink.wait { $0.eventCount > 0 }) }
        source.disconnect()
    }

    /// A tablet that comes and goes changes the pointer's mode; a position outside the picture, or of the wrong kind, hurts nobody.
    @Test(arguments: QEMUBinary.all)
    func pointerModes(_ binary: QEMUBinary) throws {
        // No PS/2 mouse: a tablet counts only when a guest drives it, or when it is the only pointing device.
        let qemu = try QEMUUnderTest(
            binary,
            arguments: ["-M", "pc,i8042=off", "-vga", "std", "-device", "qemu-xhci,id=usb"])
        let (source, delegate) = try connect(qemu)
        #expect(source.pointerMode(of: 0) == .relative)
        source.send(.pointerPosition(x: 5, y: 5), to: 0)
        source.send(.pointerMotion(dx: 1, dy: -1), to: 0)
        _ = try qemu.command(
            #"{"execute":"device_add","arguments":{"driver":"usb-tablet","id":"t"}}"#)
        #expect(delegate.wait { $0.modes.contains { $0 == (.absolute, 0) } })
        #expect(source.pointerMode(of: 0) == .absolute)
        source.send(.pointerPosition(x: 100_000, y: -3), to: 0)
        source.send(.button(.left, isPressed: true), to: 0)
        source.send(.button(.left, isPressed: false), to: 0)
        source.send(.key(EvdevKey(30), isPressed: true), to: 0)
        source.send(.key(EvdevKey(30), isPressed: false), to: 0)
        source.setLayout(
            HeadLayout(frame: Rect(x: 0, y: 0, width: 800, height: 600)), of: 0)
        _ = try qemu.command(#"{"execute":"device_del","arguments":{"id":"t"}}"#)
        #expect(delegate.wait { $0.modes.contains { $0 == (.relative, 0) } })
        #expect(source.pointerMode(of: 0) == .relative)
        #expect(try qemu.command(#"{"execute":"query-status"}"#).contains("running"))
        source.disconnect()
    }

    @Test(arguments: QEMUBinary.all)
    func withoutADBusDisplay(_ binary: QEMUBinary) throws {
        let qemu = try QEMUUnderTest(binary, display: "none")
        let error = #expect(throws: DisplayError.self) { _ = try connect(qemu) }
        #expect(error?.description.contains("start it with -display dbus,p2p=yes") == true)
    }

    @Test(arguments: QEMUBinary.all)
    func monitorOfAnotherProgram(_ binary: QEMUBinary) throws {
        let qemu = try QEMUUnderTest(binary)
        var limits = QEMULimits()
        limits.greeting = 300
        // One that is none of ours.
        do {
            let other = swiftvmConnect(qemu.monitor)
            let first = QEMUSource(.monitor(path: qemu.monitor), limits: limits, logger: logger)
            let error = #expect(throws: DisplayError.self) {
                try first.connect(delegate: RecordingDelegate())
            }
            #expect(error?.description.contains("another program holds this monitor") == true)
            #expect(error?.description.contains("-qmp unix:PATH") == true)
            _ = consume other
        }
        let (source, _) = try connect(qemu)
        let second = QEMUSource(.monitor(path: qemu.monitor), limits: limits, logger: logger)
        let error = #expect(throws: DisplayError.self) {
            try second.connect(delegate: RecordingDelegate())
        }
        #expect(error?.description.contains("shows this guest") == true)
        #expect(perform(.pause, on: try #require(source.machine)) == nil)
        source.disconnect()
    }
}
