import DisplayTesting
import Glibc
import GuestDisplay
import Testing

@testable import QEMUSource

/// Streams that are broken: the connection ends with words that name what was wrong, and the last picture stays.
@Suite struct ListenerWireTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let message: WireMessage
        let words: String

        init(_ name: String, _ words: String, _ change: (inout WireMessage) -> Void) {
            testDescription = name
            message = WireMessage.scanout(1, 1, card(4)).with(change)
            self.words = words
        }
    }

    static let cases = [
        Case("byte order", "byte order: 88") { $0.orderByte = 88 },
        Case("protocol version", "protocol version: 2") { $0.version = 2 },
        Case("type 0", "type: 0") { $0.type = 0 },
        Case("serial 0", "serial: 0") { $0.serial = 0 },
        Case("giant body", "body length") { $0.claimedBodyLength = .max },
        Case("body just too long", "body length") { $0.claimedBodyLength = 1 << 27 },
        Case("giant fields", "fields length") { $0.claimedFieldsLength = .max },
        Case("fields end in the middle of one", "header:") { $0.claimedFieldsLength = 13 },
        Case("no path", "path: missing") { $0.path = nil },
        Case("no member", "member: missing") { $0.member = nil },
        Case("field 0", "field code: 0") { $0.trailingFields = padded([0, 1, 115, 0], $0) },
        Case("field of a wrong type", "field 3: type 'u'") {
            $0.trailingFields = padded([3, 1, 117, 0, 1, 0, 0, 0], $0)
        },
        Case("string longer than the header", "path: 1000 bytes, cut off") {
            $0.trailingFields = padded([1, 1, 111, 0, 232, 3, 0, 0], $0)
        },
        Case("text that is no UTF-8", "member: no valid UTF-8") {
            $0.trailingFields = padded([3, 1, 115, 0, 1, 0, 0, 0, 255, 0], $0)
        },
        Case("text with a NUL inside", "member: no valid UTF-8") {
            $0.trailingFields = padded([3, 1, 115, 0, 2, 0, 0, 0, 65, 0, 0], $0)
        },
        Case("text without an end", "member: no NUL") {
            $0.trailingFields = padded([3, 1, 115, 0, 1, 0, 0, 0, 65, 66], $0)
        },
    ]

    /// A field's bytes with what aligns them behind the message's own fields.
    private static func padded(_ field: [UInt8], _ message: WireMessage) -> [UInt8] {
        let bytes = message.encoded(serial: 1)
        let length = Int(bytes[12]) | Int(bytes[13]) << 8
        return [UInt8](repeating: 0, count: (8 - length % 8) % 8) + field
    }

    @Test(arguments: cases)
    func `a broken message ends the connection`(_ broken: Case) throws {
        let rig = try ListenerRig()
        try rig.good(.scanout(2, 2, card(16)))
        try rig.peer.send(broken.message)
        guard case .failed(let text) = try rig.ends.wait() else {
            Issue.record("did not fail")
            return
        }
        #expect(text.contains(broken.words), "\(text)")
        #expect(rig.sink.picture?.bytes == card(16))
        #expect(rig.sink.eventCount == 1)
        try rig.peer.expectEnd()
    }

    @Test func `a stream that ends in a message is an error, between two it is not`() throws {
        for cut in [1, 15, 16, 40, 200] {
            let rig = try ListenerRig()
            let message = WireMessage.scanout(8, 8, card(256)).encoded(serial: 1)
            try rig.peer.send(bytes: Array(message[..<cut]))
            rig.peer.hangUp()
            guard case .failed(let text) = try rig.ends.wait() else {
                Issue.record("did not fail at \(cut)")
                continue
            }
            #expect(text.contains("middle of a message"), "\(text)")
            #expect(rig.sink.eventCount == 0)
        }
        let rig = try ListenerRig()
        try rig.good(.scanout(1, 1, card(4)))
        rig.peer.hangUp()
        #expect(try rig.ends.wait() == .peerClosed)
    }

    @Test func `random bytes neither crash nor hang`() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let rig = try ListenerRig()
            var message = WireMessage.scanout(4, 4, card(64)).encoded(serial: 1)
            for _ in 0..<4 {
                message[Int.random(in: 0..<message.count, using: &random)] =
                    .random(in: 0...255, using: &random)
            }
            // The change may claim a longer body: what follows belongs to it, then the stream ends.
            try rig.peer.send(bytes: message)
            rig.peer.hangUp()
            _ = try rig.ends.wait()
        }
    }

    @Test func `what is no authentication ends the connection`() throws {
        let answers = [
            ("REJECTED EXTERNAL", "REJECTED"), ("ERROR no", "ERROR no"), ("", "\"\""),
            (String(repeating: "x", count: 5000), "no line"), ("\u{1}\u{2}", "no line"),
            ("OKAY", "OKAY"),
        ]
        for (answer, words) in answers {
            let rig = try ListenerRig(authenticate: false)
            _ = try rig.peer.readAuthentication()
            try? rig.peer.send(line: answer)
            guard case .failed(let text) = try rig.ends.wait() else {
                Issue.record("did not fail")
                continue
            }
            #expect(text.contains("authentication"), "\(text)")
            #expect(text.contains(words), "\(text)")
        }
        let rig = try ListenerRig(authenticate: false)
        _ = try rig.peer.readAuthentication()
        try rig.peer.send(line: "OK 00")
        _ = try rig.peer.readLine()
        try rig.peer.send(line: "ERROR")
        #expect(
            try rig.ends.wait()
                == .failed(
                    "listener: authentication: the peer answered \"ERROR\" to NEGOTIATE_UNIX_FD, expected AGREE_UNIX_FD"
                ))
    }

    @Test func `a silent peer is given up`() throws {
        let rig = try ListenerRig(
            authenticate: false, authenticationTimeout: .milliseconds(50))
        guard case .failed(let text) = try rig.ends.wait() else {
            Issue.record("did not fail")
            return
        }
        #expect(text.contains("silent"), "\(text)")
    }

    @Test func `a peer that closes while it authenticates is an error`() throws {
        let rig = try ListenerRig(authenticate: false)
        rig.peer.hangUp()
        guard case .failed(let text) = try rig.ends.wait() else {
            Issue.record("did not fail")
            return
        }
        #expect(text.contains("authentication") || text.contains("sendmsg"), "\(text)")
    }

    @Test func `a peer that never reads its answers is given up`() throws {
        let rig = try ListenerRig(replyTimeout: .milliseconds(50))
        let ping = WireMessage("Introspect", interface: "org.freedesktop.DBus.Introspectable")
        // Some thousand answers of two kilobytes: more than any socket's buffer. Sending fails when the connection has ended.
        for _ in 0..<20_000 {
            do { try rig.peer.send(ping) } catch { break }
        }
        guard case .failed(let text) = try rig.ends.wait() else {
            Issue.record("did not fail")
            return
        }
        #expect(text.contains("answering"), "\(text)")
    }

    @Test func `close ends the thread, and again does nothing`() throws {
        let rig = try ListenerRig()
        try rig.good(.scanout(1, 1, card(4)))
        rig.connection.close()
        #expect(try rig.ends.wait() == .closed)
        rig.connection.close()
        #expect(rig.ends.count == 1)
        try rig.peer.expectEnd()
        #expect((try? rig.peer.call(.scanout(1, 1, card(4)))) == nil)
        #expect(rig.sink.eventCount == 1)
    }

    @Test func `close ends an authentication that waits`() throws {
        let rig = try ListenerRig(authenticate: false)
        _ = try rig.peer.readAuthentication()
        rig.connection.close()
        #expect(try rig.ends.wait() == .closed)
    }
}
