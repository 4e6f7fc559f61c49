import DisplayTesting
import GuestDisplay
import Synchronization
import Testing

@testable import QEMUSource

/// What a listener tells its sink of the time that a message takes.
@Suite struct ListenerTimeTests {
    /// Accepts everything and remembers what was measured.
    private final class Watch: HeadSink {
        let noted = Mutex<[(stage: Stage, nanoseconds: UInt64)]>([])
        func receive(_ event: DisplayEvent) throws(SurfaceError) {}
        func note(_ stage: Stage, nanoseconds: UInt64) {
            noted.withLock { $0.append((stage, nanoseconds)) }
        }
    }

    @Test func `each message with a picture is timed, and no other`() throws {
        let peer = try ScriptedListenerPeer()
        let watch = Watch()
        let ends = ListenerRig.Ends()
        let connection = ListenerConnection(
            socket: peer.takeClientEnd(), sink: watch, logger: ListenerRig.silent,
            onEnd: { ends.append($0) })
        defer { connection.close() }
        connection.start()
        try peer.authenticate()
        // Its bytes come one by one: the first lies there long before the last.
        let begin = Moment.now
        let slow = WireMessage.scanout(2, 2, card(16)).encoded(serial: 900)
        for byte in slow { try peer.send(bytes: [byte]) }
        #expect(try peer.readAnswer().replySerial == 900)
        let whole = Moment.now.nanoseconds(since: begin)
        for message in [
            .update(0, 0, 2, 1, card(8)), WireMessage("MouseSet", [.i(1), .i(1), .i(1)]),
            WireMessage("Disable"), WireMessage("Ping", interface: "org.freedesktop.DBus.Peer"),
        ] {
            _ = try peer.call(message)
        }
        let noted = watch.noted.withLock { $0 }
        #expect(noted.map(\.stage) == [.receive, .receive])
        #expect(noted.allSatisfy { $0.nanoseconds > 0 })
        #expect(try #require(noted.first).nanoseconds <= whole)
    }
}
