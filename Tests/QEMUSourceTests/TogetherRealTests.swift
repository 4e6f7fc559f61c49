import Dispatch
import DisplayTesting
import Glibc
import GuestDisplay
import Logging
import Synchronization
import Testing

@testable import QEMUSource

private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// This process, as a message calls it.
private let me = PeerProgram(process: getpid(), user: geteuid()).description

/// Two programs on one real QEMU. Two sources of one process are two programs: a lease knows no better.
@Suite(.serialized, .timeLimit(.minutes(5))) struct TogetherRealTests {
    /// A QEMU with two monitors.
    private struct Guest {
        let qemu: QEMUUnderTest
        let folder: TestFolder
        var first: String { qemu.monitor }
        var second: String { folder.file("second") }

        init(_ binary: QEMUBinary) throws {
            folder = try TestFolder()
            qemu = try QEMUUnderTest(
                binary,
                arguments: [
                    "-vga", "std", "-qmp", "unix:\(folder.file("second")),server=on,wait=off",
                ])
        }
    }

    /// Limits that wait long for what must come, and shortly for what does not.
    private func source(
        _ path: String, takesOver: Bool = false, impatient: Bool = false
    ) -> QEMUSource {
        var limits = QEMULimits()
        if impatient {
            limits.greeting = 300
            limits.takeOver = 100
        } else {
            limits.takeOver = 60_000
            limits.greeting = 60_000
        }
        return QEMUSource(
            .monitor(path: path), takesOver: takesOver, limits: limits, logger: logger)
    }

    private func connect(_ source: QEMUSource) throws -> RecordingDelegate {
        let delegate = RecordingDelegate()
        try source.connect(delegate: delegate)
        return delegate
    }

    private func expectPictures(_ source: any DisplaySource) throws {
        let sink = RecordingSink()
        try source.open(0, sink: sink)
        #expect(sink.wait { $0.picture != nil })
    }

    /// The words of a display that was taken; nil for another end.
    private func taken(_ delegate: RecordingDelegate) -> String? {
        guard case .takenOver(let words) = delegate.end() else { return nil }
        return words
    }

    /// QEMU's queue for a monitor that is in use has room for two, and forgets nobody.
    @Test(arguments: QEMUBinary.all)
    func whoIsRefusedTakesNoRoomInTheQueue(_ binary: QEMUBinary) throws {
        let guest = try Guest(binary)
        let holder = source(guest.first)
        let delegate = try connect(holder)
        for _ in 0..<5 {
            let error = #expect(throws: DisplayError.self) { try connect(source(guest.first)) }
            let words = error?.description ?? ""
            #expect(words.contains("\(me) shows this guest"))
        }
        let taker = source(guest.first, takesOver: true)
        let takerDelegate = try connect(taker)
        #expect(taken(delegate) != nil)
        try expectPictures(taker)
        taker.disconnect()
        #expect(takerDelegate.end() == .guestQuit)
    }

    @Test(arguments: QEMUBinary.all)
    func theSecondIsToldSo(_ binary: QEMUBinary) throws {
        let guest = try Guest(binary)
        let holder = source(guest.first)
        let delegate = try connect(holder)
        for path in [guest.first, guest.second] {
            let error = #expect(throws: DisplayError.self) { try connect(source(path)) }
            let words = error?.description ?? ""
            #expect(words.hasPrefix("\(path): \(me) shows this guest"))
            #expect(words.contains("--take-over"))
            #expect(words.contains("-display dbus,addr="))
            #expect(!words.contains("\n"))
        }
        // And the first has noticed nothing.
        try expectPictures(holder)
        #expect(perform(.pause, on: try #require(holder.machine)) == nil)
        #expect(delegate.ends.isEmpty)
        holder.disconnect()
        #expect(delegate.end() == .guestQuit)
        // Free again, for either monitor.
        let next = source(guest.second)
        let nextDelegate = try connect(next)
        next.disconnect()
        #expect(nextDelegate.end() == .guestQuit)
    }

    @Test(arguments: QEMUBinary.all)
    func takenOverAndBack(_ binary: QEMUBinary) throws {
        let guest = try Guest(binary)
        for path in [guest.first, guest.second] {
            let holder = source(guest.first)
            let delegate = try connect(holder)
            try expectPictures(holder)
            let taker = source(path, takesOver: true)
            let takerDelegate = try connect(taker)
            let words = taken(delegate) ?? ""
            #expect(words.hasPrefix("\(me) has taken this guest's display over"))
            try expectPictures(taker)
            #expect(perform(.pause, on: try #require(taker.machine)) == nil)
            #expect(perform(.pause, on: try #require(holder.machine)) != nil)

            let again = try #require(holder.takingBack())
            let againDelegate = RecordingDelegate()
            try again.connect(delegate: againDelegate)
            #expect(taken(takerDelegate)?.hasPrefix(me) == true)
            try expectPictures(again)
            #expect(perform(.resume, on: try #require(again.machine)) == nil)
            again.disconnect()
            #expect(againDelegate.end() == .guestQuit)
            #expect(delegate.ends.count == 1 && takerDelegate.ends.count == 1)
        }
        #expect(try guest.qemu.command(#"{"execute":"query-status"}"#).contains("running"))
    }

    @Test(arguments: QEMUBinary.all)
    func takingFromNobody(_ binary: QEMUBinary) throws {
        let guest = try Guest(binary)
        let only = source(guest.first, takesOver: true)
        let delegate = try connect(only)
        try expectPictures(only)
        only.disconnect()
        #expect(delegate.end() == .guestQuit)
    }

    /// Of programs that start at the same moment one wins, whichever monitor they use; the others are told so.
    @Test(arguments: QEMUBinary.all)
    func atTheSameMoment(_ binary: QEMUBinary) throws {
        let guest = try Guest(binary)
        for _ in 0..<5 {
            let won = Recorder<QEMUSource>()
            let lost = Recorder<String>()
            DispatchQueue.concurrentPerform(iterations: 4) { number in
                let source = source(number % 2 == 0 ? guest.first : guest.second)
                do {
                    _ = try connect(source)
                    won.note(source)
                } catch {
                    lost.note("\(error)")
                }
            }
            #expect(won.values.count == 1)
            #expect(lost.values.filter { $0.contains("\(me) shows this guest") }.count == 3)
            for source in won.values {
                try expectPictures(source)
                source.disconnect()
            }
            // The lease is given back on the source's thread.
            let next = source(guest.first, takesOver: true)
            let delegate = try connect(next)
            next.disconnect()
            #expect(delegate.end() == .guestQuit)
        }
    }

    /// A program that has the lease and does not answer, as one that is stopped.
    @Test(arguments: QEMUBinary.all)
    func aHolderThatDoesNotAnswer(_ binary: QEMUBinary) throws {
        let guest = try Guest(binary)
        let monitor = swiftvmConnect(guest.first)
        let identity = try #require(GuestIdentity(monitor: monitor.rawValue, path: nil))
        guard case .held(let lease) = GuestLease.take(identity, onRequest: { _ in }) else {
            Issue.record("no lease")
            return
        }
        // With the same monitor there is nothing to be done.
        let error = #expect(throws: DisplayError.self) {
            try connect(source(guest.first, takesOver: true, impatient: true))
        }
        #expect(error?.description.contains("\(me) holds this monitor and does not let go") == true)
        #expect(error?.description.contains("kill -KILL \(getpid())") == true)
        // With another the display is taken, and the lease as soon as it is free.
        let taker = source(guest.second, takesOver: true, impatient: true)
        let delegate = try connect(taker)
        try expectPictures(taker)
        lease.release()
        lease.waitUntilFree()
        while LeaseHolder(of: identity) == nil { usleep(1000) }
        let third = #expect(throws: DisplayError.self) { try connect(source(guest.first)) }
        #expect(third?.description.contains("shows this guest") == true)
        taker.disconnect()
        #expect(delegate.end() == .guestQuit)
        _ = consume monitor
    }
}
