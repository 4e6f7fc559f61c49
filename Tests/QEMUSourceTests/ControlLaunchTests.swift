import CShims
import DisplayTesting
import GuestDisplay
import Logging
import Testing

@testable import QEMUSource

private let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// QEMUs that the source starts itself.
@Suite(.serialized) struct ControlLaunchTests {
    private func launch(
        _ binary: String, _ arguments: [String], logger: Logger = silent
    ) throws -> (QEMUSource, RecordingDelegate) {
        let launch = try QEMULaunch(
            binary: binary, arguments: ["-accel", "tcg", "-net", "none"] + arguments)
        let source = QEMUSource(.launch(launch), logger: logger)
        let delegate = RecordingDelegate()
        try source.connect(delegate: delegate)
        return (source, delegate)
    }

    @Test(arguments: QEMUBinary.all)
    func startShowAndQuit(_ binary: QEMUBinary) throws {
        let (source, delegate) = try launch(binary.path, ["-vga", "std"])
        #expect(source.ownsGuest)
        #expect(source.exit == nil)
        let sink = RecordingSink()
        try source.open(0, sink: sink)
        #expect(sink.wait { $0.picture != nil })
        #expect(perform(.quit, on: try #require(source.machine)) == nil)
        #expect(delegate.end() == .guestQuit)
        #expect(source.exit == .exited(0))
        source.disconnect()
        #expect(delegate.ends.count == 1)
    }

    @Test(arguments: QEMUBinary.all)
    func killed(_ binary: QEMUBinary) throws {
        let (source, delegate) = try launch(binary.path, ["-vga", "std"])
        try #require(source.launched).signal(9)
        #expect(delegate.end() == .failed("QEMU was killed by signal 9"))
        #expect(source.exit == .killed(signal: 9))
    }

    /// `quit` does not reach a stopped process, and SIGTERM neither: the last step must.
    @Test func endOfAStoppedQEMU() throws {
        var limits = QEMULimits()
        limits.quit = 200
        let source = QEMUSource(
            .launch(
                try QEMULaunch(
                    binary: QEMUBinary.all[0].path, arguments: ["-accel", "tcg", "-net", "none"])),
            limits: limits, logger: silent)
        let delegate = RecordingDelegate()
        try source.connect(delegate: delegate)
        try #require(source.launched).signal(19)
        source.endGuest()
        #expect(delegate.end() == .failed("QEMU was killed by signal 9"))
    }

    @Test(arguments: QEMUBinary.all)
    func endGuest(_ binary: QEMUBinary) throws {
        let (source, delegate) = try launch(binary.path, [])
        source.endGuest()
        #expect(delegate.end() == .guestQuit)
        #expect(source.exit == .exited(0))
    }

    /// The private monitor is there for whoever comes after us, and its folder goes with the QEMU.
    @Test(arguments: QEMUBinary.all)
    func anotherViewerAttaches(_ binary: QEMUBinary) throws {
        let words = Recorder<String>()
        let (source, delegate) = try launch(
            binary.path, [], logger: Logger(label: "test") { _ in NotingLogHandler(words) })
        let marker = "QEMU's monitor for other programs: "
        let path = try #require(words.values.first { $0.hasPrefix(marker) })
            .dropFirst(marker.count)
        source.disconnect()
        #expect(delegate.end() == .guestQuit)
        #expect(source.exit == nil)

        let second = QEMUSource(.monitor(path: String(path)), logger: silent)
        let secondDelegate = RecordingDelegate()
        try second.connect(delegate: secondDelegate)
        let sink = RecordingSink()
        try second.open(0, sink: sink)
        #expect(sink.wait { $0.picture != nil })
        #expect(perform(.quit, on: try #require(second.machine)) == nil)
        #expect(secondDelegate.end() == .guestQuit)
        #expect(try #require(source.launched).ended.wait(milliseconds: 60_000) != nil)
        #expect(swiftvm_connect_unix_now(String(path)) < 0)
        #expect(try #require(source.launched).exit == .exited(0))
    }

    /// A QEMU that was started here is taken back over its other monitor, stays ours, and its end is told.
    @Test(arguments: QEMUBinary.all)
    func takenOverAndBack(_ binary: QEMUBinary) throws {
        let words = Recorder<String>()
        let (started, delegate) = try launch(
            binary.path, [], logger: Logger(label: "test") { _ in NotingLogHandler(words) })
        let marker = "QEMU's monitor for other programs: "
        let path = String(
            try #require(words.values.first { $0.hasPrefix(marker) }).dropFirst(marker.count))
        let refused = #expect(throws: DisplayError.self) {
            try QEMUSource(.monitor(path: path), logger: silent)
                .connect(delegate: RecordingDelegate())
        }
        #expect(refused?.description.contains("shows this guest") == true)
        let taker = QEMUSource(.monitor(path: path), takesOver: true, logger: silent)
        let takerDelegate = RecordingDelegate()
        try taker.connect(delegate: takerDelegate)
        guard case .takenOver = delegate.end() else {
            Issue.record("not told as taken over")
            return
        }
        let again = try #require(started.takingBack())
        let againDelegate = RecordingDelegate()
        try again.connect(delegate: againDelegate)
        guard case .takenOver = takerDelegate.end() else {
            Issue.record("not told as taken back")
            return
        }
        #expect(again.ownsGuest)
        let sink = RecordingSink()
        try again.open(0, sink: sink)
        #expect(sink.wait { $0.picture != nil })
        again.endGuest()
        #expect(againDelegate.end() == .guestQuit)
        #expect(started.exit == .exited(0))
        let late = #expect(throws: DisplayError.self) {
            try #require(again.takingBack()).connect(delegate: RecordingDelegate())
        }
        #expect(late?.description.contains("has ended") == true)
    }

    @Test(arguments: ["/nowhere/qemu", "swiftvm-no-such-program"])
    func missingBinary(_ binary: String) {
        let error = #expect(throws: DisplayError.self) { _ = try launch(binary, []) }
        #expect(error?.description.hasPrefix("\(binary): no such program") == true)
        #expect(error?.description.contains("--qemu PATH") == true)
    }

    @Test func noProgram() {
        let error = #expect(throws: DisplayError.self) { _ = try launch("/etc/passwd", []) }
        #expect(error?.description.hasPrefix("/etc/passwd is no program") == true)
    }

    @Test(arguments: QEMUBinary.all)
    func exitsAtOnce(_ binary: QEMUBinary) {
        let error = #expect(throws: DisplayError.self) {
            _ = try launch(binary.path, ["-no-such-option"])
        }
        #expect(error?.description.contains("exited with status 1 before") == true)
    }
}

/// Notes every message.
struct NotingLogHandler: LogHandler {
    let words: Recorder<String>
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    init(_ words: Recorder<String>) {
        self.words = words
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        words.note(event.message.description)
    }
}
