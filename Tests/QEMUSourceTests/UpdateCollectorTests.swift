import DisplayTesting
import GuestDisplay
import Testing

@testable import QEMUSource

/// What is told in several messages is shown as one.
@Suite struct UpdateCollectorTests {
    private let pixel: [UInt8] = [1, 2, 3, 0]

    private func encoded(_ messages: [WireMessage]) -> [UInt8] {
        messages.enumerated().flatMap { $1.encoded(serial: UInt32($0 + 100)) }
    }

    private func update(_ x: Int32) -> WireMessage {
        .update(x, 0, 1, 1, pixel).with { $0.flags = 1 }
    }

    @Test func `updates that came together are flushed together`() throws {
        let rig = try ListenerRig(collectingLimit: .max)
        try rig.good(.scanout(4, 1, card(16)))
        // Less than a socket takes at once.
        try rig.peer.send(bytes: encoded((0..<4).map(update)))
        #expect(rig.sink.wait { $0.flushes == [4] })
        #expect(rig.sink.picture?.bytes == pixel + pixel + pixel + pixel)
    }

    /// A sender that stops in the middle of a message does not keep the window from those before it.
    @Test func `a message that does not come to its end keeps nothing back`() throws {
        let rig = try ListenerRig(collectingLimit: .max)
        try rig.good(.scanout(4, 1, card(16)))
        let bytes = encoded([update(0), update(1)])
        try rig.peer.send(bytes: Array(bytes.dropLast(3)))
        #expect(rig.sink.wait { $0.flushes == [1] })
        try rig.peer.send(bytes: Array(bytes.suffix(3)))
        #expect(rig.sink.wait { $0.flushes == [1, 1] })
    }

    /// Nothing that was collected waits for a message that is handed on while it comes: neither one that is read as a whole then, nor a longer one.
    @Test(arguments: [100, 500])
    func `a long message keeps nothing back`(_ height: Int32) throws {
        let rig = try ListenerRig(collectingLimit: .max)
        let width: Int32 = 700
        try rig.good(.scanout(700, 500, card(700 * 500 * 4)))
        let long = WireMessage.update(0, 0, width, height, card(Int(width * height) * 4, seed: 1))
            .with { $0.flags = 1 }
        #expect(Int(width * height) * 4 > DBusMessageReader.longMessage)
        let bytes = encoded([update(0), long])
        try rig.peer.send(bytes: Array(bytes.dropLast(5000)))
        // The recording sink cannot be looked at while it reads.
        if bytes.count < DBusMessageReader.veryLongMessage {
            #expect(rig.sink.wait { $0.flushes == [1] })
        }
        try rig.peer.send(bytes: Array(bytes.suffix(5000)))
        #expect(rig.sink.wait { $0.flushes == [1, 1] })
        #expect(rig.sink.picture?.bytes.prefix(8) == card(8, seed: 1)[...])
    }

    @Test func `what came before the end is flushed`() throws {
        let rig = try ListenerRig(collectingLimit: .max)
        try rig.good(.scanout(4, 1, card(16)))
        try rig.peer.send(bytes: encoded([update(0), update(1)]))
        rig.peer.hangUp()
        _ = try rig.ends.wait()
        #expect(rig.sink.flushes.reduce(0, +) == 2)
    }

    @Test func `more is waited for where it has come before`() throws {
        let sink = RecordingSink()
        let collector = UpdateCollector(sink: sink)
        let surface = try DisplaySurface(
            width: 1, height: 1, stride: 4, format: .x8r8g8b8,
            memory: SurfaceBytes(pixel))
        try sink.receive(.scanout(.surface(surface)))
        var time: UInt64 = 1
        func collect(after nanoseconds: UInt64) throws {
            time += nanoseconds
            try collector.receive(
                .update(.pixels(surface, x: 0, y: 0)), at: Moment(nanoseconds: time))
        }
        func flush() { collector.flush(at: Moment(nanoseconds: time)) }
        let reading: UInt64 = 16_000_000

        #expect(!collector.expectsMore(isInMessage: true), "nothing was collected")
        try collect(after: reading)
        #expect(!collector.expectsMore(isInMessage: false))
        #expect(collector.expectsMore(isInMessage: true))
        flush()
        try collect(after: reading)
        #expect(!collector.expectsMore(isInMessage: false))
        flush()
        // A part of the same reading that was not waited for.
        try collect(after: UpdateCollector.gap / 2)
        for _ in 0..<UpdateCollector.patience {
            #expect(collector.expectsMore(isInMessage: false))
            flush()
            try collect(after: reading)
        }
        #expect(!collector.expectsMore(isInMessage: false), "it is one part again")
        // Two that came together.
        try collect(after: 0)
        #expect(collector.expectsMore(isInMessage: false))
        flush()
        flush()
        #expect(sink.flushes.last == 2)
        // Another event ends it; one that somebody waits for is not collected.
        try collect(after: reading)
        try collector.receive(.cursorPosition(CursorPosition(x: 1, y: 1, isVisible: true)))
        #expect(!collector.hasCollected)
        try collector.receive(.update(.inPlace(Rect(surface.size), release: FrameRelease {})))
        #expect(!collector.hasCollected)
        try collector.receive(.update(.inPlace(Rect(surface.size), release: nil)))
        #expect(collector.hasCollected)
        flush()
        let before = sink.flushes.count
        flush()
        #expect(sink.flushes.count == before, "nothing was collected")
        time += reading
        // Without an end.
        try collect(after: reading)
        let flushes = sink.flushes.count
        try collect(after: UpdateCollector.limit / 2)
        #expect(!collector.isDue(at: Moment(nanoseconds: time)))
        try collect(after: UpdateCollector.limit / 2)
        #expect(collector.isDue(at: Moment(nanoseconds: time)))
        flush()
        #expect(sink.flushes.count == flushes + 1 && sink.flushes.last == 3)
        #expect(!collector.isDue(at: Moment(nanoseconds: time + reading)), "nothing is collected")
    }
}
