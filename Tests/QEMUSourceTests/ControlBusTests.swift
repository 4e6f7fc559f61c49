import DisplayTesting
import Glibc
import GuestDisplay
import Logging
import Testing

@testable import QEMUSource

private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// QEMUs on a message bus of the test's own.
@Suite(.serialized) struct ControlBusTests {
    /// QEMU takes its name on the bus a moment after its monitors are there, and tells nobody: tried again until then.
    private func connect(_ bus: BusUnderTest) throws -> (QEMUSource, RecordingDelegate) {
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            let source = QEMUSource(.bus(address: bus.address), logger: logger)
            let delegate = RecordingDelegate()
            let result = Result { try source.connect(delegate: delegate) }
            guard case .failure(let error) = result else { return (source, delegate) }
            guard "\(error)".hasPrefix("no org.qemu"), ContinuousClock.now < deadline else {
                throw error
            }
        }
    }

    private func qemu(
        _ binary: QEMUBinary, on bus: BusUnderTest, _ arguments: [String] = []
    ) throws -> QEMUUnderTest {
        try QEMUUnderTest(
            binary, display: "dbus,addr=\(bus.address)", arguments: ["-vga", "std"] + arguments)
    }

    private let qmp = [
        "-chardev", "dbus,id=m,name=org.qemu.monitor.qmp.0", "-mon", "chardev=m,mode=control",
    ]

    @Test(arguments: QEMUBinary.all)
    func picturesAndControlOverQMP(_ binary: QEMUBinary) throws {
        let bus = try BusUnderTest()
        let qemu = try qemu(binary, on: bus, qmp)
        let (source, delegate) = try connect(bus)
        #expect(source.heads.map(\.id) == [0])
        let machine = try #require(source.machine)
        #expect(machine.state == .running)
        let sink = RecordingSink()
        try source.open(0, sink: sink)
        #expect(sink.wait { $0.picture != nil })
        // The same head again: a bus knows its clients by name.
        let again = RecordingSink()
        try source.open(0, sink: again)
        #expect(again.wait { $0.picture != nil })
        #expect(perform(.pause, on: machine) == nil)
        #expect(delegate.wait { $0.states.contains(.paused) })
        let truth = try qemu.screendump()
        let still = RecordingSink()
        try source.open(0, sink: still)
        #expect(still.wait { $0.picture?.withoutAlpha == truth })

        // Somebody else looks at the same time, and cannot have the monitor too.
        let (second, secondDelegate) = try connect(bus)
        let other = RecordingSink()
        try second.open(0, sink: other)
        #expect(other.wait { $0.picture?.withoutAlpha == truth })
        #expect(second.machine == nil)
        second.disconnect()
        #expect(secondDelegate.end() == .guestQuit)

        #expect(perform(.quit, on: machine) == nil)
        #expect(delegate.end() == .guestQuit)
        #expect(qemu.process.wait() == 0)
    }

    @Test(arguments: QEMUBinary.all)
    func controlOverTheHumanMonitor(_ binary: QEMUBinary) throws {
        let bus = try BusUnderTest()
        let qemu = try qemu(binary, on: bus, ["-monitor", "vc"])
        let (source, delegate) = try connect(bus)
        let machine = try #require(source.machine)
        #expect(machine is HMPMachine)
        #expect(machine.state == .running)
        #expect(perform(.pause, on: machine) == nil)
        #expect(machine.state == .paused)
        #expect(try qemu.command(#"{"execute":"query-status"}"#).contains("paused"))
        #expect(perform(.resume, on: machine) == nil)
        #expect(machine.state == .running)
        #expect(perform(.reset, on: machine) == nil)
        #expect(perform(.powerButton, on: machine) == nil)
        // States are told after the command that brought them.
        #expect(delegate.wait { $0.states == [.paused, .running] })
        try MachineControlConformance(machine).run()
        #expect(perform(.quit, on: machine) == nil)
        #expect(delegate.end() == .guestQuit)
        #expect(qemu.process.wait() == 0)
    }

    /// Two viewers watch all heads at once; the second learns who holds the monitor, and gets it when that lets go.
    @Test(arguments: QEMUBinary.all, [true, false])
    func twoViewers(_ binary: QEMUBinary, speaksQMP: Bool) throws {
        let bus = try BusUnderTest()
        let qemu = try qemu(binary, on: bus, speaksQMP ? qmp : ["-monitor", "vc"])
        let (first, firstDelegate) = try connect(bus)
        #expect(first.machine != nil)
        let lines = Recorder<String>()
        let second = QEMUSource(
            .bus(address: bus.address),
            logger: Logger(label: "test") { _ in NotingLogHandler(lines) })
        let secondDelegate = RecordingDelegate()
        try second.connect(delegate: secondDelegate)
        #expect(second.machine == nil)
        let holder = PeerProgram(process: getpid(), user: geteuid())
        #expect(lines.values.contains { $0.contains("\(holder) holds this monitor") })
        let sinks = [RecordingSink(), RecordingSink(), RecordingSink()]
        try first.open(0, sink: sinks[0])
        try second.open(0, sink: sinks[1])
        for sink in sinks.prefix(2) { #expect(sink.wait { $0.picture != nil }) }
        first.disconnect()
        #expect(firstDelegate.end() == .guestQuit)
        #expect(secondDelegate.wait { _ in second.machine != nil })
        #expect(secondDelegate.wait { $0.states == [.running] })
        #expect(perform(.pause, on: try #require(second.machine)) == nil)
        #expect(try qemu.command(#"{"execute":"query-status"}"#).contains("paused"))
        // One that comes now finds it held, and a snapshot does not ask for it.
        let third = QEMUSource(.bus(address: bus.address), logger: logger)
        try third.connect(delegate: RecordingDelegate())
        #expect(third.machine == nil)
        let looking = QEMUSource(
            .bus(address: bus.address), controlsMachine: false, logger: logger)
        try looking.connect(delegate: RecordingDelegate())
        try looking.open(0, sink: sinks[2])
        #expect(sinks[2].wait { $0.picture != nil })
        #expect(perform(.resume, on: try #require(second.machine)) == nil)
        for source in [looking, third, second] { source.disconnect() }
    }

    @Test(arguments: QEMUBinary.all)
    func withoutAMonitor(_ binary: QEMUBinary) throws {
        let bus = try BusUnderTest()
        let qemu = try qemu(binary, on: bus)
        let (source, delegate) = try connect(bus)
        #expect(source.machine == nil)
        _ = try? qemu.command(#"{"execute":"quit"}"#)
        #expect(delegate.end() == .guestQuit)
    }

    @Test func noQEMUOnTheBus() throws {
        let bus = try BusUnderTest()
        let source = QEMUSource(.bus(address: bus.address), logger: logger)
        let error = #expect(throws: DisplayError.self) {
            try source.connect(delegate: RecordingDelegate())
        }
        #expect(error?.description.hasPrefix("no org.qemu on the bus at \(bus.address)") == true)
        #expect(error?.description.contains("-display dbus,addr=") == true)
    }

    @Test(arguments: ["unix:path=/nowhere/bus", "nonsense", "unix:"])
    func noBus(_ address: String) {
        let source = QEMUSource(.bus(address: address), logger: logger)
        let error = #expect(throws: DisplayError.self) {
            try source.connect(delegate: RecordingDelegate())
        }
        #expect(error?.description.contains("the bus at \(address)") == true)
    }

    @Test func theBusEnds() throws {
        let bus = try BusUnderTest()
        let qemu = try qemu(QEMUBinary.all[0], on: bus)
        let (source, delegate) = try connect(bus)
        bus.end()
        #expect(delegate.end() == .failed("the connection to the bus was lost"))
        withExtendedLifetime((qemu, source)) {}
    }
}
