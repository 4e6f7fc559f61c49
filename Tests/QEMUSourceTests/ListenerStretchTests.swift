import Dispatch
import DisplayTesting
import Glibc
import GuestDisplay
import Synchronization
import Testing

@testable import QEMUSource

/// Pictures that are longer than a stretch: they are handed on while they come.
@Suite struct ListenerStretchTests {
    /// Reads every surface in stretches, and keeps its bytes and their lengths.
    private final class StretchSink: Sendable {
        private let state = Mutex((bytes: [UInt8](), lengths: [Int](), failure: SurfaceError?.none))
        /// Before the next event: how many bytes are wanted of it; nil for all.
        let wanted = Mutex<Int?>(nil)
        /// Signalled at each stretch.
        let arrived = DispatchSemaphore(value: 0)

        var bytes: [UInt8] { state.withLock { $0.bytes } }
        var lengths: [Int] { state.withLock { $0.lengths } }
        var failure: SurfaceError? { state.withLock { $0.failure } }

        func read(_ event: DisplayEvent) {
            let surface: DisplaySurface
            switch event {
            case .scanout(.surface(let shown)), .update(.pixels(let shown, _, _)): surface = shown
            default: return
            }
            let memory = surface.memory
            state.withLock { $0 = ([], [], nil) }
            do throws(SurfaceError) {
                try memory.withStretches(
                    wanted.withLock { $0 } ?? memory.byteCount, unit: surface.stride
                ) { bytes in
                    state.withLock {
                        $0.bytes += bytes
                        $0.lengths.append(bytes.count)
                    }
                    arrived.signal()
                }
            } catch {
                state.withLock { $0.failure = error }
            }
        }
    }

    private let reader = StretchSink()
    private let width = 500
    private let height = 400
    private let stride = 2040

    /// The recording sink reads it once more, which nobody can: it refuses.
    private func rig() throws -> ListenerRig {
        try ListenerRig(sink: RecordingSink(whileReceiving: { [reader] in reader.read($0) }))
    }

    private func scanout(_ data: [UInt8]) -> WireMessage {
        WireMessage.scanout(UInt32(width), UInt32(height), stride: UInt32(stride), data)
            .with { $0.flags = 1 }
    }

    @Test func `a long picture comes in stretches of whole rows`() throws {
        let rig = try rig()
        let data = card(stride * (height - 1) + width * 4)
        #expect(data.count > DBusMessageReader.longMessage)
        try rig.peer.send(scanout(data))
        // Is answered when all before it was handled.
        try rig.good(WireMessage("Ping", interface: "org.freedesktop.DBus.Peer"))
        #expect(reader.bytes == data)
        #expect(reader.lengths.count > 1)
        #expect(reader.lengths.dropLast().allSatisfy { $0 % stride == 0 })
        #expect(reader.lengths.allSatisfy { $0 <= DBusMessageReader.stretch + stride })
    }

    /// However the stream is cut, and whatever follows at once.
    @Test func `long pictures and short messages stay apart`() throws {
        let rig = try rig()
        let data = card(stride * height + 77)
        var stream: [UInt8] = []
        for number in 1...3 {
            stream += scanout(data).encoded(serial: UInt32(number))
            stream += WireMessage("Disable").with { $0.flags = 1 }.encoded(serial: 100)
        }
        var start = 0
        for size in [1, 15, 100, 3, 2040, 70_000, 1, 200_000, 262_144, 5] {
            try rig.peer.send(bytes: Array(stream[start..<start + size]))
            start += size
        }
        try rig.peer.send(bytes: Array(stream[start...]))
        try rig.good(WireMessage("Ping", interface: "org.freedesktop.DBus.Peer"))
        #expect(rig.sink.events.filter { $0 == .off }.count == 3)
        // What is behind the last row belongs to the message.
        #expect(reader.bytes == data)
    }

    @Test(arguments: [0, 2040, 300_000])
    func `what nobody reads of a picture is skipped`(wanted: Int) throws {
        let rig = try rig()
        reader.wanted.withLock { $0 = wanted }
        let data = card(stride * height)
        try rig.peer.send(scanout(data))
        try rig.good(WireMessage("Ping", interface: "org.freedesktop.DBus.Peer"))
        #expect(reader.bytes == Array(data[..<wanted]))
        reader.wanted.withLock { $0 = nil }
        try rig.peer.send(scanout(data))
        try rig.good(WireMessage("Ping", interface: "org.freedesktop.DBus.Peer"))
        #expect(reader.bytes == data)
    }

    @Test func `a long picture that is wrong is refused, and the next is shown`() throws {
        let rig = try ListenerRig()
        let data = card(stride * height)
        try rig.bad(
            .scanout(UInt32(width), UInt32(height), stride: 4, data), "stride: 4 bytes")
        try rig.bad(
            .scanout(UInt32(width), UInt32(height) + 1, stride: UInt32(stride), data), "data")
        try rig.good(.scanout(UInt32(width), UInt32(height), stride: UInt32(stride), data))
        #expect(rig.sink.picture?.size == Size(width: width, height: height))
    }

    /// The sender dies while it sends: the end is told, once, and is no refusal.
    @Test func `a long picture that is cut off ends the connection`() throws {
        let rig = try rig()
        let message = scanout(card(stride * height)).encoded(serial: 1)
        try rig.peer.send(bytes: Array(message[..<(message.count - 1)]))
        rig.peer.hangUp()
        guard case .failed(let text) = try rig.ends.wait() else {
            Issue.record("did not fail")
            return
        }
        #expect(text.contains("middle of a message"), "\(text)")
        #expect(reader.failure?.reason.contains("middle of a message") == true)
        #expect(rig.ends.count == 1)
        #expect(rig.sink.picture == nil)
    }

    /// A sink that waits for the rest does not hold the end.
    @Test func `closing ends the wait for the rest`() throws {
        let rig = try rig()
        let message = scanout(card(stride * height)).encoded(serial: 1)
        try rig.peer.send(bytes: Array(message[..<300_000]))
        // The first stretch was handed on, and the rest is waited for.
        try #require(reader.arrived.wait(timeout: .now() + .seconds(90)) == .success)
        rig.connection.close()
        #expect(try rig.ends.wait() == .closed)
    }

    /// Its header had said that none come, and it was handed on by then.
    @Test func `a descriptor in the middle of a long picture is closed`() throws {
        let rig = try rig()
        let data = card(stride * height)
        let message = scanout(data).encoded(serial: 1)
        var ends: [CInt] = [-1, -1]
        try #require(pipe(&ends) == 0)
        try rig.peer.send(bytes: Array(message[..<300_000]))
        try rig.peer.send(bytes: Array(message[300_000...]), descriptors: [ends[1]])
        close(ends[1])
        try rig.good(WireMessage("Ping", interface: "org.freedesktop.DBus.Peer"))
        #expect(reader.bytes == data)
        // Nobody has its other end any more.
        var state = pollfd(fd: ends[0], events: Int16(POLLIN), revents: 0)
        #expect(poll(&state, 1, 60_000) == 1)
        #expect(state.revents & Int16(POLLHUP) != 0)
        close(ends[0])
    }

    @Test func `a long picture's bytes cannot be read after the call`() throws {
        let rig = try ListenerRig()
        let data = card(stride * height)
        try rig.good(.scanout(UInt32(width), UInt32(height), stride: UInt32(stride), data))
        let kept = try #require(rig.sink.keptSurface)
        #expect(throws: SurfaceError.self) { try kept.memory.withBytes { _ in } }
        #expect(throws: SurfaceError.self) {
            try kept.memory.withStretches(8, unit: 4) { _ in }
        }
    }
}
