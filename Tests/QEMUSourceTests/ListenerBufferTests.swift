import Dispatch
import DisplayTesting
import Glibc
import GuestDisplay
import Testing

@testable import QEMUSource

/// Dma-bufs that are right. Memory files stand in for them: the listener hands a buffer on and never reads it.
@Suite struct ListenerBufferTests {
    private let failed = "org.freedesktop.DBus.Error.Failed"
    private let whole = Rect(x: 0, y: 0, width: 8, height: 4)

    private func rig(
        _ sink: RecordingSink = RecordingSink(), releaseLimit: Duration = .seconds(3600)
    ) throws -> ListenerRig {
        try ListenerRig(sink: sink, releaseLimit: releaseLimit, accepting: .anyFile)
    }

    /// What most tests show; messages only lend its descriptor.
    private let file: SharedFile

    init() throws {
        file = try ListenerBufferTests.picture()
    }

    private static func picture() throws -> SharedFile { try SharedFile(card(8 * 4 * 4)) }

    private func scanout(_ file: SharedFile) -> WireMessage {
        .scanoutBuffer(file.descriptor, 8, 4, stride: 32)
    }

    private func buffer(_ rig: ListenerRig) throws -> DMABuffer {
        guard case .dmaBuffer(let buffer) = try #require(rig.sink.scanout).storage else {
            throw ScriptError("no dma-buf")
        }
        return buffer
    }

    // MARK: Scanouts

    @Test(arguments: [false, true], [false, true])
    func `a dma-buf arrives with all that it says`(bigEndian: Bool, y0Top: Bool) throws {
        let rig = try rig()
        let tiled = DRMModifier(rawValue: 0x0100_0000_0000_0002)
        let file = try SharedFile([UInt8](repeating: 0, count: 16384))
        let message = WireMessage.scanoutBuffer(
            file.descriptor, 7, 5, stride: 512, fourcc: FourCC("AB24"), modifier: tiled,
            y0Top: y0Top)
        try rig.good(message.with { $0.isBigEndian = bigEndian })
        let shown = try #require(rig.sink.scanout)
        #expect(shown.backingSize == Size(width: 7, height: 5))
        #expect(shown.crop == Rect(x: 0, y: 0, width: 7, height: 5))
        #expect(shown.isTopDown == !y0Top)
        let buffer = try buffer(rig)
        #expect(buffer.format.fourcc == FourCC("AB24"))
        #expect(buffer.modifier == tiled)
        #expect(buffer.size == Size(width: 7, height: 5))
        #expect(buffer.planes.map(\.offset) == [0])
        #expect(buffer.planes.map(\.stride) == [512])
        // The console may be of another size than the buffer, which is no reason to register anew.
        try rig.good(WireMessage("Ping", interface: "org.freedesktop.DBus.Peer"))
        #expect(rig.connection.pictureSize == nil)
    }

    @Test(arguments: [false, true])
    func `two planes, offsets and a crop arrive`(bigEndian: Bool) throws {
        let rig = try rig()
        let luma = try SharedFile([UInt8](repeating: 1, count: 4096))
        let chroma = try SharedFile([UInt8](repeating: 2, count: 2048))
        let crop = Rect(x: 2, y: 4, width: 10, height: 6)
        let message = WireMessage.scanoutBuffer2(
            [
                WireMessage.Plane(luma.descriptor, offset: 256, stride: 64),
                WireMessage.Plane(chroma.descriptor, offset: 128, stride: 48),
            ], backing: Size(width: 32, height: 16), crop: crop, fourcc: FourCC("NV12"))
        try rig.good(message.with { $0.isBigEndian = bigEndian })
        let shown = try #require(rig.sink.scanout)
        #expect(shown.backingSize == Size(width: 32, height: 16))
        #expect(shown.crop == crop)
        #expect(shown.isTopDown)
        let buffer = try buffer(rig)
        #expect(buffer.format.fourcc == FourCC("NV12"))
        #expect(buffer.planes.map(\.offset) == [256, 128])
        #expect(buffer.planes.map(\.stride) == [64, 48])
        #expect(buffer.planes.map { firstByte(of: $0) } == [1, 2])
        // An update is told in the picture's own pixels.
        let part = Rect(x: 3, y: 1, width: 7, height: 5)
        try rig.good(.updateBuffer(part))
        #expect(rig.sink.events.last == .inPlace(part))
        try rig.good(.updateBuffer(Rect(x: 4, y: 1, width: 7, height: 5)))
        #expect(rig.sink.events.last == .inPlace(Rect(crop.size)))
    }

    @Test func `the order of descriptors is what the call says`() throws {
        let rig = try rig()
        let luma = try SharedFile([UInt8](repeating: 1, count: 4096))
        let chroma = try SharedFile([UInt8](repeating: 2, count: 4096))
        var message = WireMessage.scanoutBuffer2(
            [
                WireMessage.Plane(chroma.descriptor, stride: 64),
                WireMessage.Plane(luma.descriptor, stride: 64),
            ], backing: Size(width: 32, height: 16), fourcc: FourCC("NV12"))
        message.values[0] = .ah([1, 0])
        try rig.good(message)
        #expect(try buffer(rig).planes.map { firstByte(of: $0) } == [1, 2])
    }

    /// So QEMU sends what its driver exported as one buffer.
    @Test func `one descriptor holds all planes`() throws {
        let rig = try rig()
        let file = try SharedFile([UInt8](repeating: 1, count: 4096))
        let plane = WireMessage.Plane(file.descriptor, stride: 64)
        var message = WireMessage.scanoutBuffer2(
            [plane, WireMessage.Plane(file.descriptor, offset: 1024, stride: 64)],
            backing: Size(width: 32, height: 16), fourcc: FourCC("NV12"))
        message.values[0] = .ah([0])
        message.descriptors = [file.descriptor]
        try rig.good(message)
        let planes = try buffer(rig).planes
        #expect(planes.map(\.offset) == [0, 1024])
        #expect(planes.map { firstByte(of: $0) } == [1, 1])
        #expect(planes[0].descriptor.rawValue != planes[1].descriptor.rawValue)
    }

    private func firstByte(of plane: DMABuffer.Plane) -> UInt8? {
        var byte: UInt8 = 0
        return pread(plane.descriptor.rawValue, &byte, 1, 0) == 1 ? byte : nil
    }

    @Test func `a buffer is known again, whatever its descriptor's number`() throws {
        let rig = try rig()
        let files = try (0..<3).map { _ in try ListenerBufferTests.picture() }
        var identities: [DMABuffer.Identity] = []
        for round in 0..<9 {
            try rig.good(scanout(files[round % 3]))
            identities.append(try buffer(rig).identity)
        }
        #expect(Set(identities).count == 3)
        #expect(identities[0] == identities[3] && identities[3] == identities[6])
        // The same number, another buffer: it is received under a number that was free, and the sender's may be used again at once.
        let copy = fcntl(files[0].descriptor, F_DUPFD_CLOEXEC, 0)
        defer { close(copy) }
        let message = WireMessage.scanoutBuffer(copy, 8, 4, stride: 32)
        try rig.good(message)
        #expect(try buffer(rig).identity == identities[0])
        #expect(dup2(files[1].descriptor, copy) == copy)
        try rig.good(message)
        #expect(try buffer(rig).identity == identities[1])
        // The same buffer with other rows is another picture.
        try rig.good(.scanoutBuffer(files[1].descriptor, 8, 3, stride: 40))
        #expect(try buffer(rig).identity != identities[1])
    }

    @Test func `a buffer that its sender closes at once stays`() throws {
        let rig = try rig()
        do {
            let file = try ListenerBufferTests.picture()
            try rig.peer.send(scanout(file).with { $0.flags = 1 })
        }
        try rig.good(.updateBuffer(whole))
        #expect(rig.sink.events == [.gl(whole.size), .inPlace(whole)])
        #expect(firstByte(of: try buffer(rig).planes[0]) == card(1)[0])
    }

    // MARK: Updates

    @Test(arguments: [
        Rect(x: -1, y: 0, width: 2, height: 2), Rect(x: 7, y: 3, width: 2, height: 1),
        Rect(x: 0, y: 0, width: 0, height: 4), Rect(x: 0, y: 0, width: -8, height: -4),
        Rect(x: 0x7fff_ffff, y: 0, width: 0x7fff_ffff, height: 1),
    ])
    func `a bad rectangle becomes the whole`(rect: Rect) throws {
        let rig = try rig()
        try rig.good(scanout(file))
        try rig.good(.updateBuffer(rect))
        #expect(rig.sink.events == [.gl(whole.size), .inPlace(whole)])
    }

    @Test func `an update of nothing, or of bytes, is an error`() throws {
        let rig = try rig()
        try rig.bad(.updateBuffer(whole), "no scanout has come yet", error: failed)
        try rig.good(.scanout(2, 2, card(16)))
        try rig.bad(.updateBuffer(whole), "no dma-buf", error: failed)
        try rig.good(.scanoutMap(file, 4, 4))
        try rig.bad(.updateBuffer(whole), "no dma-buf", error: failed)
        try rig.good(.disable)
        try rig.bad(.updateBuffer(whole), "the display is off", error: failed)
        try rig.good(scanout(file))
        try rig.bad(.update(0, 0, 1, 1, card(4)), "what is shown is a dma-buf", error: failed)
        try rig.bad(.updateMap(0, 0, 1, 1), "what is shown is a dma-buf", error: failed)
        try rig.good(.updateBuffer(whole))
        try rig.good(.scanout(2, 2, card(16, seed: 1)))
        try rig.bad(.updateBuffer(whole), "no dma-buf", error: failed)
        #expect(rig.sink.picture?.bytes == card(16, seed: 1))
    }

    @Test func `an update that wants no answer gets none`() throws {
        let rig = try rig()
        try rig.good(scanout(file))
        try rig.peer.send(.updateBuffer(whole).with { $0.flags = 1 })
        try rig.peer.expectNoAnswer()
        #expect(rig.sink.events.last == .inPlace(whole))
    }

    // MARK: Disable

    /// A guest that flips frees its old buffer, which QEMU tells as Disable.
    @Test func `an update after Disable shows the picture again`() throws {
        let rig = try rig()
        let size = whole.size
        try rig.good(scanout(file))
        let before = try buffer(rig).identity
        try rig.good(.updateBuffer(whole))
        try rig.good(.disable)
        try rig.good(.disable)
        #expect(rig.sink.scanout == nil)
        try rig.good(.updateBuffer(whole))
        #expect(try buffer(rig).identity == before)
        try rig.good(.updateBuffer(whole))
        #expect(
            rig.sink.events == [
                .gl(size), .inPlace(whole), .off, .off, .gl(size), .inPlace(whole),
                .inPlace(whole),
            ])
        // What came in between is shown, not what was before.
        try rig.good(.disable)
        try rig.good(.scanout(1, 1, card(4)))
        try rig.bad(.updateBuffer(whole), "no dma-buf", error: failed)
        #expect(rig.sink.events.last == .surface(Size(width: 1, height: 1), .x8r8g8b8))
    }

    @Test func `a picture that cannot come back after Disable is told`() throws {
        let rig = try rig()
        try rig.good(scanout(file))
        try rig.good(.disable)
        rig.sink.fail(with: SurfaceError(field: "gpu", reason: "gone"))
        try rig.bad(.updateBuffer(whole), "gpu: gone", error: failed)
        rig.sink.fail(with: nil)
        try rig.good(.updateBuffer(whole))
        #expect(rig.sink.events == [.gl(whole.size), .off, .gl(whole.size), .inPlace(whole)])
    }

    // MARK: Release

    @Test func `the release answers, once, and calls between do not wait`() throws {
        let rig = try rig(RecordingSink(keepsReleases: true))
        try rig.good(scanout(file))
        let first = try rig.peer.send(.updateBuffer(whole))
        let second = try rig.peer.send(.updateBuffer(whole))
        try rig.peer.expectNoAnswer()
        var releases = rig.sink.takeReleases()
        try #require(releases.count == 2)
        // By hand, and by letting go.
        releases[1].release()
        #expect(try rig.peer.answer(to: second).errorName == nil)
        releases[1].release()
        try rig.peer.expectNoAnswer()
        releases = []
        #expect(try rig.peer.answer(to: first).errorName == nil)
        try rig.peer.expectNoAnswer()
    }

    @Test func `a frame that is held too long is answered all the same, once`() throws {
        let rig = try rig(RecordingSink(keepsReleases: true), releaseLimit: .milliseconds(20))
        try rig.good(scanout(file))
        for _ in 0..<3 { try rig.good(.updateBuffer(whole)) }
        let late = rig.sink.takeReleases()
        #expect(late.count == 3)
        for release in late { release.release() }
        try rig.peer.expectNoAnswer()
        // Memory that QEMU shares is held no longer either.
        try rig.good(.scanoutMap(file, 4, 4))
        try rig.good(.updateMap(0, 0, 4, 4))
        #expect(rig.sink.takeReleases().count == 1)
        try rig.peer.expectNoAnswer()
    }

    @Test func `a frame after one that was answered in time has its own limit`() throws {
        let rig = try rig(RecordingSink(keepsReleases: true), releaseLimit: .milliseconds(200))
        try rig.good(scanout(file))
        for _ in 0..<3 {
            let first = try rig.peer.send(.updateBuffer(whole))
            try eventually("a frame") { rig.sink.takeReleases().first }.release()
            #expect(try rig.peer.answer(to: first).errorName == nil)
            let start = ContinuousClock.now
            try rig.good(.updateBuffer(whole))
            #expect(ContinuousClock.now - start >= .milliseconds(199))
            #expect(rig.sink.takeReleases().count == 1)
        }
    }

    @Test func `the programs' limit is below QEMU's second`() throws {
        #expect(ReplyWatchdog.limit < .seconds(1))
        // As the programs make it: it comes from the connection itself.
        let peer = try ScriptedListenerPeer()
        let sink = RecordingSink(keepsReleases: true)
        let connection = ListenerConnection(
            socket: peer.takeClientEnd(), sink: sink, logger: ListenerRig.silent,
            accepting: .anyFile, onEnd: { _ in })
        connection.start()
        defer { connection.close() }
        try peer.authenticate()
        _ = try peer.call(scanout(file))
        #expect(try peer.call(.updateBuffer(whole)).errorName == nil)
        #expect(sink.takeReleases().count == 1)
    }

    @Test func `a sink's refusal is the one answer, whenever it lets go`() throws {
        for keepsReleases in [false, true] {
            let rig = try rig(
                RecordingSink(keepsReleases: keepsReleases), releaseLimit: .milliseconds(20))
            try rig.good(scanout(file))
            rig.sink.fail(with: SurfaceError(field: "gpu", reason: "gone"))
            try rig.bad(.updateBuffer(whole), "gpu: gone", error: failed)
            for release in rig.sink.takeReleases() { release.release() }
            try rig.peer.expectNoAnswer()
        }
    }

    @Test func `nothing is sent after the connection has ended`() throws {
        let pair = try ScriptedListenerPeer()
        let socket = try ListenerSocket(pair.takeClientEnd())
        let sender = ReplySender(socket: socket, timeout: .seconds(10))
        let bytes = WireMessage.updateBuffer(whole).encoded(serial: 1)
        let header = try bytes.withUnsafeBytes { bytes in
            try DBusMessageHeader(frame: DBusFrame(bytes), bytes: bytes)
        }
        PendingReply(to: header, through: sender).send(.empty, mayWait: false)
        #expect(try pair.readAnswer().replySerial == 1)
        // Open still, so that it would be read.
        sender.end()
        PendingReply(to: header, through: sender).send(.empty, mayWait: false)
        socket.closeDescriptor()
        try pair.expectEnd()
    }

    @Test func `an answer that nobody reads any more is no failure`() throws {
        for endsHere in [false, true] {
            let (entered, gate) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
            let rig = try rig(
                RecordingSink(whileReceiving: { _ in
                    entered.signal()
                    gate.wait()
                }))
            try rig.peer.send(scanout(file))
            entered.wait()
            let connection = rig.connection
            if endsHere {
                // On a thread of its own, as it waits for the sink.
                DispatchQueue(label: "close").async { connection.close() }
                try rig.peer.expectEnd()
            } else {
                rig.peer.hangUp()
            }
            gate.signal()
            #expect(try rig.ends.wait() == (endsHere ? .closed : .peerClosed))
        }
    }

    @Test func `frames that are held do not hold the connection's end`() throws {
        for endsHere in [false, true] {
            let rig = try rig(RecordingSink(keepsReleases: true))
            try rig.good(scanout(file))
            try rig.peer.send(.updateBuffer(whole))
            try rig.peer.expectNoAnswer()
            if endsHere { rig.connection.close() } else { rig.peer.hangUp() }
            #expect(try rig.ends.wait() == (endsHere ? .closed : .peerClosed))
            for release in rig.sink.takeReleases() { release.release() }
            try rig.peer.expectEnd()
        }
    }

    // MARK: Nothing is left behind

    @Test func `10,000 flips over three buffers leave nothing behind`() throws {
        let rig = try rig(RecordingSink(isCounting: true))
        let files = try (0..<3).map { _ in try ListenerBufferTests.picture() }
        try rig.good(scanout(files[0]))
        let descriptors = openDescriptors()
        let refused = WireMessage.scanoutBuffer(files[0].descriptor, 8, 5, stride: 32)
        for round in 0..<10_000 {
            try rig.good(scanout(files[round % 3]))
            // As QEMU does when the old one is freed.
            if round % 2 == 0 { try rig.good(.disable) }
            try rig.good(.updateBuffer(whole))
            if round % 10 == 0 {
                try rig.bad(refused, "dmabuf: plane 0 has 128 bytes, expected at least 160")
            }
        }
        try rig.peer.expectNoAnswer()
        // Other tests run beside this one: a leak of one a message would be thousands.
        #expect(openDescriptors() < descriptors + 400)
        #expect(rig.sink.eventCount == 1 + 20_000 + 5_000 + 5_000)
    }
}
