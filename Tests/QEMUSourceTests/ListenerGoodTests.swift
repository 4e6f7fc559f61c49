import DisplayTesting
import GuestDisplay
import Testing

@testable import QEMUSource

@Suite struct ListenerGoodTests {
    @Test(arguments: [false, true])
    func `a scanout's bytes arrive in both byte orders`(bigEndian: Bool) throws {
        let rig = try ListenerRig()
        let pixels = card(3 * 5 * 4)
        try rig.good(.scanout(3, 5, pixels).with { $0.isBigEndian = bigEndian })
        #expect(
            rig.sink.picture
                == RecordedPicture(
                    size: Size(width: 3, height: 5), format: .x8r8g8b8, bytes: pixels))
        try rig.good(
            .update(1, 2, 2, 1, card(8, seed: 3)).with { $0.isBigEndian = bigEndian })
        var expected = pixels
        expected.replaceSubrange(2 * 12 + 4..<2 * 12 + 12, with: card(8, seed: 3))
        #expect(rig.sink.picture?.bytes == expected)
        try rig.good(
            WireMessage("MouseSet", [.i(-3), .i(7), .i(1)]).with { $0.isBigEndian = bigEndian })
        #expect(
            rig.sink.events.last
                == .cursorPosition(CursorPosition(x: -3, y: 7, isVisible: true)))
    }

    @Test func `rows may be padded and the last row short`() throws {
        let rig = try ListenerRig()
        let row0 = card(8)
        let row1 = card(8, seed: 1)
        try rig.good(.scanout(2, 2, stride: 20, row0 + [UInt8](repeating: 9, count: 12) + row1))
        #expect(rig.sink.picture?.bytes == row0 + row1)
    }

    @Test(arguments: PixelFormat.named.map(\.format))
    func `every format arrives as it is`(format: PixelFormat) throws {
        let rig = try ListenerRig()
        let row = 3 * format.bytesPerPixel
        try rig.good(
            .scanout(3, 2, stride: UInt32(row), format: format.rawValue, card(row * 2)))
        #expect(rig.sink.picture?.format == format)
        #expect(rig.sink.picture?.bytes == card(row * 2))
    }

    @Test func `a large picture passes the buffer, and small ones after it`() throws {
        let rig = try ListenerRig()
        for (width, height) in [(1920, 1080), (2, 2), (1366, 768), (1, 1)] {
            let pixels = card(width * height * 4, seed: width)
            try rig.good(.scanout(UInt32(width), UInt32(height), pixels))
            #expect(rig.sink.picture?.bytes == pixels)
        }
    }

    @Test func `many messages in one write, and one message in many`() throws {
        let rig = try ListenerRig()
        var stream: [UInt8] = []
        for number in 1...100 {
            var message = WireMessage.scanout(2, 2, card(16, seed: number))
            message.flags = 1
            stream += message.encoded(serial: UInt32(number))
        }
        try rig.peer.send(bytes: stream)
        #expect(rig.sink.wait { $0.eventCount == 100 })
        #expect(rig.sink.picture?.bytes == card(16, seed: 100))
        let last = WireMessage.scanout(2, 2, card(16, seed: 200)).encoded(serial: 200)
        for byte in last { try rig.peer.send(bytes: [byte]) }
        #expect(try rig.peer.readAnswer().replySerial == 200)
        #expect(rig.sink.picture?.bytes == card(16, seed: 200))
    }

    @Test func `a call that wants no reply gets none`() throws {
        let rig = try ListenerRig()
        try rig.peer.send(WireMessage("Disable").with { $0.flags = 1 })
        try rig.peer.send(WireMessage("Nonsense").with { $0.flags = 1 })
        try rig.peer.send(.updateMap(0, 0, 1, 1).with { $0.flags = 1 })
        try rig.good(WireMessage("Disable"))
        #expect(rig.sink.events == [.off, .off])
    }

    @Test func `other types than calls are ignored`() throws {
        let rig = try ListenerRig()
        for type: UInt8 in [2, 3, 4, 9] {
            try rig.peer.send(WireMessage("Disable").with { $0.type = type })
        }
        try rig.good(WireMessage("Ping", interface: "org.freedesktop.DBus.Peer"))
        #expect(rig.sink.events.isEmpty)
    }

    @Test func `a mapping is shown, and read again when it changes`() throws {
        let rig = try ListenerRig()
        let file = try SharedFile([UInt8](repeating: 1, count: 100) + card(64))
        try rig.good(.scanoutMap(file, offset: 100, 4, 4))
        #expect(rig.sink.picture?.bytes == card(64))
        try file.write(card(64, seed: 5), at: 100)
        try rig.good(.updateMap(0, 1, 4, 2))
        #expect(rig.sink.picture?.bytes == card(64, seed: 5))
        #expect(rig.sink.events.last == .inPlace(Rect(x: 0, y: 1, width: 4, height: 2)))
    }

    @Test(
        arguments: [
            (-1, 0, 2, 2), (3, 3, 2, 2), (0, 0, 0, 1), (0, 0, -4, 2), (Int32.max, 0, Int32.max, 1),
            (Int32.min, Int32.min, Int32.max, Int32.max),
        ] as [(Int32, Int32, Int32, Int32)])
    func `a bad rectangle of a mapping becomes all of it`(x: Int32, y: Int32, w: Int32, h: Int32)
        throws
    {
        let rig = try ListenerRig()
        let file = try SharedFile(card(64))
        try rig.good(.scanoutMap(file, 4, 4))
        try file.write(card(64, seed: 2))
        try rig.good(.updateMap(x, y, w, h))
        #expect(rig.sink.events.last == .inPlace(Rect(x: 0, y: 0, width: 4, height: 4)))
        #expect(rig.sink.picture?.bytes == card(64, seed: 2))
    }

    @Test func `the display goes off and on`() throws {
        let rig = try ListenerRig()
        try rig.good(.scanout(1, 1, card(4)))
        try rig.good(WireMessage("Disable"))
        #expect(rig.sink.picture == nil)
        try rig.good(.scanout(1, 1, card(4)))
        #expect(rig.sink.picture?.bytes == card(4))
    }

    @Test func `a premultiplied cursor stays, a straight one is multiplied`() throws {
        let rig = try ListenerRig()
        // Bytes B, G, R, A: 0x80402010, opaque red, half-transparent black, nothing.
        let premultiplied: [UInt8] = [
            0x10, 0x20, 0x40, 0x80, 0, 0, 0xff, 0xff, 0, 0, 0, 0x80, 0, 0, 0, 0,
        ]
        try rig.good(.cursor(2, 2, hotX: 1, hotY: 1, premultiplied))
        #expect(rig.sink.cursor?.pixels == [0x8040_2010, 0xffff_0000, 0x8000_0000, 0])
        #expect(rig.sink.cursor?.hotSpotX == 1)
        #expect(rig.sink.cursor?.hotSpotY == 1)
        // White at half alpha cannot be premultiplied.
        try rig.good(.cursor(2, 1, [0xff, 0xff, 0xff, 0x80, 0xff, 0, 0, 0]))
        #expect(rig.sink.cursor?.pixels == [0x8080_8080, 0])
    }

    @Test func `the largest cursor is taken, a hot-spot outside is moved inside`() throws {
        let rig = try ListenerRig()
        try rig.good(
            .cursor(
                512, 512, hotX: -5, hotY: 10_000, [UInt8](repeating: 0xff, count: 512 * 512 * 4)))
        #expect(rig.sink.cursor?.hotSpotX == 0)
        #expect(rig.sink.cursor?.hotSpotY == 511)
    }

    @Test func `a surface that is kept cannot be read after its call`() throws {
        let rig = try ListenerRig()
        try rig.good(.scanout(1, 1, card(4)))
        let kept = try #require(rig.sink.keptSurface)
        #expect(throws: SurfaceError.self) { try kept.memory.withBytes { _ in } }
    }

    @Test func `properties, introspection and peer answer`() throws {
        let rig = try ListenerRig()
        let properties = "org.freedesktop.DBus.Properties"
        let listener = "org.qemu.Display1.Listener"
        let get = try rig.peer.call(
            WireMessage("Get", [.s(listener), .s("Interfaces")], interface: properties))
        #expect(get.signature == "v")
        var interfaces = WireWriter()
        interfaces.string(WireMessage.mapInterface)
        interfaces.align(4)
        interfaces.string(WireMessage.scanoutBuffer2Interface)
        var variant = WireWriter()
        variant.signature("as")
        variant.byteArray(interfaces.bytes)
        #expect(get.body == variant.bytes)
        let all = try rig.peer.call(
            WireMessage("GetAll", [.s(listener)], interface: properties))
        #expect(all.signature == "a{sv}")
        var dictionary = WireWriter()
        dictionary.string("Interfaces")
        dictionary.signature("as")
        dictionary.byteArray(interfaces.bytes)
        // The length, four bytes of padding to the first entry, the entry.
        #expect(all.body.dropFirst(8) == dictionary.bytes[...])
        #expect(all.body[0] == UInt8(dictionary.bytes.count))
        for interface in [WireMessage.mapInterface, WireMessage.scanoutBuffer2Interface] {
            let none = try rig.peer.call(
                WireMessage("GetAll", [.s(interface)], interface: properties))
            #expect(none.body == [0, 0, 0, 0, 0, 0, 0, 0])
        }
        let text = try rig.peer.call(
            WireMessage("Introspect", interface: "org.freedesktop.DBus.Introspectable")
        ).text
        for method in ListenerInterface.methods {
            #expect(text?.contains("<method name=\"\(method.name)\">") == true)
        }
        let peer = "org.freedesktop.DBus.Peer"
        try rig.good(WireMessage("Ping", interface: peer).with { $0.path = "/" })
        let machine = try rig.peer.call(WireMessage("GetMachineId", interface: peer))
        #expect(machine.text?.utf8.count == 32 || machine.errorName != nil)
    }
}
