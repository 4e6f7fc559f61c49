import DisplayTesting
import GuestDisplay
import Logging
import QEMUSource
import Testing

/// What every source must do, over a real QEMU.
@Suite(.serialized) struct ControlConformanceTests {
    @Test(arguments: QEMUBinary.all)
    func conformance(_ binary: QEMUBinary) throws {
        let guests = Recorder<QEMUUnderTest>()
        try DisplaySourceConformance {
            let qemu = try QEMUUnderTest(binary)
            guests.note(qemu)
            let source = QEMUSource(
                .monitor(path: qemu.monitor),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            return DisplaySourceConformance.Subject(source: source, head: 0)
        }.run()
        let qemu = try QEMUUnderTest(binary)
        let source = QEMUSource(
            .monitor(path: qemu.monitor),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let delegate = RecordingDelegate()
        try source.connect(delegate: delegate)
        defer { source.disconnect() }
        try MachineControlConformance(try #require(source.machine)).run()
        for qemu in guests.values {
            #expect(try qemu.command(#"{"execute":"query-status"}"#).contains("running"))
        }
    }
}
