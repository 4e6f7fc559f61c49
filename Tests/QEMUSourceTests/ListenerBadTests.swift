import DisplayTesting
import Glibc
import GuestDisplay
import Testing

@testable import QEMUSource

/// Messages that are well framed and wrong: each is refused with the field's name, the picture stays, and a good one still arrives.
@Suite struct ListenerBadTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let message: WireMessage
        let words: String
        var error = "org.freedesktop.DBus.Error.InvalidArgs"

        init(_ name: String, _ message: WireMessage, _ words: String, error: String? = nil) {
            testDescription = name
            self.message = message
            self.words = words
            if let error { self.error = "org.freedesktop.DBus.Error." + error }
        }
    }

    static let scanouts = [
        Case("no data", .scanout(2, 2, []), "data: 0 bytes"),
        Case("a byte short", .scanout(2, 2, card(15)), "data: 15 bytes"),
        Case("width 0", .scanout(0, 2, card(16)), "width: 0"),
        Case("height 0", .scanout(2, 0, card(16)), "height: 0"),
        Case("negative width", .scanout(UInt32(bitPattern: -2), 2, card(16)), "width: 4294967294"),
        Case("65536 × 65536", .scanout(65536, 65536, stride: 262144, card(16)), "width: 65536"),
        Case("huge height", .scanout(2, .max, card(16)), "height: 4294967295"),
        Case("16384 × 16384", .scanout(16384, 16384, card(16)), "width, height"),
        Case("stride too small", .scanout(2, 2, stride: 7, card(16)), "stride: 7"),
        Case("stride 0", .scanout(2, 2, stride: 0, card(16)), "stride: 0"),
        Case("stride huge", .scanout(2, 2, stride: .max, card(16)), "stride: 4294967295"),
        Case("stride × height", .scanout(2, 16384, stride: 262144, card(16)), "data: 16 bytes"),
        Case("format 0", .scanout(2, 2, format: 0, card(16)), "format: 0x0"),
        Case("8-bit format", .scanout(2, 2, format: 0x0800_0000, card(16)), "format"),
        Case("format unknown", .scanout(2, 2, format: .max, card(16)), "format: 0xffffffff"),
        Case(
            "wrong signature", WireMessage("Scanout", [.u(2), .u(2), .u(8), .ay(card(16))]),
            "signature: 'uuuay', expected 'uuuuay'"),
        Case(
            "signature claims more than the body has",
            WireMessage("Scanout", [.u(2), .u(2)]).with { $0.signature = "uuuuay" },
            "stride: cut off"),
        Case(
            "array longer than the body",
            WireMessage(
                "Scanout",
                [.u(2), .u(2), .u(8), .u(WireMessage.x8r8g8b8), .ayClaiming(1000, card(16))]),
            "data: 1000 bytes"),
        Case(
            "array longer than allowed",
            WireMessage(
                "Scanout",
                [.u(2), .u(2), .u(8), .u(WireMessage.x8r8g8b8), .ayClaiming(.max, card(16))]),
            "data: 4294967295 bytes"),
        Case(
            "array shorter than the body",
            WireMessage(
                "Scanout",
                [.u(1), .u(1), .u(4), .u(WireMessage.x8r8g8b8), .ayClaiming(4, card(16))]),
            "12 bytes too many"),
    ]

    static let updates = [
        Case("negative place", .update(-1, 0, 2, 2, card(16)), "x, y, width, height"),
        Case("width 0", .update(0, 0, 0, 2, card(16)), "x, y, width, height"),
        Case("negative size", .update(0, 0, -2, 2, stride: 8, card(16)), "x, y, width, height"),
        Case("data short", .update(0, 0, 2, 2, card(12)), "data: 12 bytes"),
        Case("stride too small", .update(0, 0, 2, 2, stride: 4, card(16)), "stride: 4"),
        Case("stride huge", .update(0, 0, 2, 2, stride: .max, card(16)), "stride"),
        Case("format unknown", .update(0, 0, 2, 2, format: 77, card(16)), "format"),
        Case("in place on bytes", .updateMap(0, 0, 1, 1), "bytes", error: "Failed"),
        Case("cursor width 0", .cursor(0, 1, []), "cursor width: 0"),
        Case("cursor negative", .cursor(1, -1, card(4)), "cursor height: -1"),
        Case("cursor 513", .cursor(513, 1, card(513 * 4)), "cursor width: 513"),
        Case("cursor 65536²", .cursor(65536, 65536, card(16)), "cursor width: 65536"),
        Case("cursor data short", .cursor(2, 2, card(12)), "cursor data: 3 pixels"),
        Case("cursor data odd", .cursor(2, 2, card(15)), "data: 15 bytes"),
        Case("cursor data long", .cursor(2, 2, card(20)), "cursor data: 5 pixels"),
        Case(
            "cursor data huge", .cursor(2, 2, card(512 * 512 * 4 + 4)), "data: 1048580 bytes"),
        Case("mouse signature", WireMessage("MouseSet", [.i(1), .i(2)]), "signature"),
        Case("disable signature", WireMessage("Disable", [.i(1)]), "signature"),
        Case("unknown method", WireMessage("Explode"), "Explode", error: "UnknownMethod"),
        Case(
            "unknown interface", WireMessage("Disable", interface: "org.example.X"),
            "org.example.X", error: "UnknownInterface"),
        Case(
            "method of the other interface",
            WireMessage("Disable", interface: WireMessage.mapInterface), "Disable",
            error: "UnknownMethod"),
        Case(
            "unknown object", WireMessage("Disable").with { $0.path = "/nowhere" }, "/nowhere",
            error: "UnknownObject"),
        Case(
            "setting a property",
            WireMessage(
                "Set", [.s("org.qemu.Display1.Listener"), .s("Interfaces")],
                interface: "org.freedesktop.DBus.Properties"
            ).with { $0.signature = "ssv" }, "Interfaces", error: "PropertyReadOnly"),
        Case(
            "unknown property",
            WireMessage(
                "Get", [.s("org.qemu.Display1.Listener"), .s("Colour")],
                interface: "org.freedesktop.DBus.Properties"), "Colour",
            error: "UnknownProperty"),
        Case(
            "properties of an unknown interface",
            WireMessage(
                "GetAll", [.s("org.example.X")], interface: "org.freedesktop.DBus.Properties"),
            "org.example.X", error: "UnknownInterface"),
    ]

    @Test(arguments: scanouts)
    func `a bad scanout is refused`(_ bad: Case) throws {
        let rig = try ListenerRig()
        try rig.good(.scanout(4, 4, card(64)))
        let before = rig.sink.picture
        try rig.bad(bad.message, bad.words, error: bad.error)
        #expect(rig.sink.picture == before)
        #expect(rig.sink.eventCount == 1)
        // What follows belongs to a picture that we do not have.
        try rig.bad(.update(0, 0, 1, 1, card(4)), "refused", error: failed)
        try rig.good(.scanout(2, 2, card(16, seed: 1)))
        try rig.good(.update(0, 0, 1, 1, card(4)))
        #expect(rig.sink.picture?.bytes.prefix(4) == card(4)[...])
    }

    @Test(arguments: updates)
    func `a bad call is refused and the picture goes on`(_ bad: Case) throws {
        let rig = try ListenerRig()
        try rig.good(.scanout(4, 4, card(64)))
        let before = rig.sink.picture
        try rig.bad(bad.message, bad.words, error: bad.error)
        #expect(rig.sink.picture == before)
        #expect(rig.sink.eventCount == 1)
        try rig.good(.update(0, 0, 4, 4, card(64, seed: 9)))
        #expect(rig.sink.picture?.bytes == card(64, seed: 9))
    }

    /// QEMU 7.2 goes from graphics to VGA text without a Scanout.
    @Test(arguments: [
        WireMessage.update(3, 3, 2, 2, card(16)), .update(0, 0, 5, 1, card(20)),
    ])
    func `an update outside tells that the picture has changed`(update: WireMessage) throws {
        let rig = try ListenerRig()
        try rig.good(.scanout(4, 4, card(64)))
        try rig.good(WireMessage("Ping", interface: "org.freedesktop.DBus.Peer"))
        #expect(rig.connection.pictureSize == Size(width: 4, height: 4))
        let before = rig.sink.picture
        try rig.bad(update, "does not lie in 4×4")
        try rig.bad(update, "another size", error: failed)
        try rig.bad(.update(0, 0, 1, 1, card(4)), "another size", error: failed)
        #expect(rig.mismatches.count == 1)
        #expect(rig.sink.picture == before)
        #expect(rig.sink.eventCount == 1)
        try rig.good(.scanout(5, 5, card(100)))
        try rig.good(update)
        #expect(rig.mismatches.count == 1)
    }

    /// A console's size that is told when it is another already: what was refused meanwhile comes only with a new registration.
    @Test func `updates that were refused for a size told late are known to be missing`() throws {
        let ping = WireMessage("Ping", interface: "org.freedesktop.DBus.Peer")
        let rig = try ListenerRig()
        try rig.good(.scanout(4, 4, card(64)))
        rig.connection.announce(Size(width: 8, height: 8))
        try rig.good(ping)
        #expect(!rig.connection.missesUpdates)
        try rig.bad(.update(0, 0, 1, 1, card(4)), "8×8")
        rig.connection.announce(Size(width: 4, height: 4))
        try rig.good(.update(0, 0, 1, 1, card(4)))
        try rig.good(ping)
        #expect(rig.connection.missesUpdates)
        try rig.good(.scanout(4, 4, card(64, seed: 1)))
        try rig.good(ping)
        #expect(!rig.connection.missesUpdates)
    }

    @Test(arguments: [
        WireMessage.update(.max, 0, .max, 1, stride: 8, card(16)),
        .update(0, 0, 65536, 65536, stride: 262144, card(16)),
    ])
    func `an update that no picture can hold is refused`(update: WireMessage) throws {
        let rig = try ListenerRig()
        try rig.good(.scanout(4, 4, card(64)))
        try rig.bad(update, "x, y, width, height")
        try rig.good(.update(0, 0, 4, 4, card(64, seed: 9)))
        #expect(rig.mismatches.count == 0)
        #expect(rig.sink.picture?.bytes == card(64, seed: 9))
    }

    @Test func `an update without a picture is refused`() throws {
        let rig = try ListenerRig()
        try rig.bad(.update(0, 0, 1, 1, card(4)), "no scanout has come yet", error: failed)
        try rig.bad(.updateMap(0, 0, 1, 1), "no scanout has come yet", error: failed)
        try rig.good(.scanout(1, 1, card(4)))
        try rig.good(WireMessage("Disable"))
        try rig.bad(.update(0, 0, 1, 1, card(4)), "the display is off", error: failed)
        #expect(rig.sink.events == [.surface(Size(width: 1, height: 1), .x8r8g8b8), .off])
    }

    @Test func `what the sink refuses is answered with its words`() throws {
        let rig = try ListenerRig()
        let file = try SharedFile(card(64))
        try rig.good(.scanoutMap(file, 4, 4))
        rig.sink.fail(with: SurfaceError(field: "colour", reason: "too green"))
        try rig.bad(.updateMap(0, 0, 1, 1), "colour: too green", error: failed)
        try rig.bad(.scanout(1, 1, card(4)), "colour: too green", error: failed)
        rig.sink.fail(with: nil)
        try rig.good(.scanout(1, 1, card(4)))
    }

    private let failed = "org.freedesktop.DBus.Error.Failed"
}
