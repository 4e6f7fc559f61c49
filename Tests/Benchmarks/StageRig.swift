import DisplayTesting
import Glibc
import GuestDisplay
import GuestDisplayGL
import Logging
import QEMUSource
import Synchronization

/// The path of a frame without a guest: prepared messages go into a listener's real socket, and come out as pictures.
final class StageRig {
    /// The picture, in pixels.
    static let size = Size(width: 1920, height: 1080)

    /// The head's pictures.
    let head: IngestHead
    private let ingest: Ingest
    private let qemu: ScriptedQEMU
    private let source: QEMUSource
    private let peer: ScriptedListenerPeer

    /// Connects; what the listener reads goes to `sink`, or becomes pictures.
    init(_ renderer: Ingest.Renderer, sink: (any HeadSink)? = nil) throws {
        let logger = Logger(label: "benchmark") { _ in SwiftLogNoOpLogHandler() }
        ingest = try Ingest(renderer, logger: logger)
        head = ingest.makeHead()
        qemu = try ScriptedQEMU(
            name: "stages",
            consoles: [.init(width: StageRig.size.width, height: StageRig.size.height)])
        source = QEMUSource(.monitor(path: qemu.monitor), logger: logger)
        try source.connect(delegate: RecordingDelegate())
        try source.open(0, sink: sink ?? head)
        peer = try qemu.nextListener(of: 0)
    }

    func end() {
        source.disconnect()
        qemu.end()
        ingest.stop()
    }

    /// Sends a message as it is; allocates nothing.
    func send(_ message: [UInt8]) throws {
        var sent = 0
        while sent < message.count {
            let got = message.withUnsafeBytes {
                Glibc.send(
                    peer.descriptor, $0.baseAddress! + sent, message.count - sent,
                    CInt(MSG_NOSIGNAL))
            }
            guard got > 0 else { throw HarnessError("send: errno \(errno)") }
            sent += got
        }
    }

    /// Shows shared memory and waits for its picture.
    func show(_ memory: GuestMemory, after number: UInt64) throws -> Picture {
        let message = memory.scanout
        try peer.send(bytes: message.encoded(serial: 8), descriptors: message.descriptors)
        return picture(after: number)
    }

    /// A message that brings a whole picture or a part of it, of one colour where `isChanged` of its pixels are.
    static func message(_ rect: Rect, changed: Rect, colour: UInt32) -> [UInt8] {
        var pixels = [UInt32](repeating: 0, count: rect.width * rect.height)
        for y in changed.y - rect.y..<changed.maxY - rect.y {
            for x in changed.x - rect.x..<changed.maxX - rect.x {
                pixels[y * rect.width + x] = colour
            }
        }
        let bytes = pixels.withUnsafeBytes { Array($0) }
        let x8r8g8b8: UInt32 = 0x2002_0888
        let stride = WireValue.u(UInt32(rect.width * 4))
        var message =
            rect == Rect(size)
            ? WireMessage(
                "Scanout",
                [
                    .u(UInt32(rect.width)), .u(UInt32(rect.height)), stride, .u(x8r8g8b8),
                    .ay(bytes),
                ])
            : WireMessage(
                "Update",
                [
                    .i(Int32(rect.x)), .i(Int32(rect.y)), .i(Int32(rect.width)),
                    .i(Int32(rect.height)), stride, .u(x8r8g8b8), .ay(bytes),
                ])
        // As QEMU sends them.
        message.flags = 1
        return message.encoded(serial: 7)
    }

    /// Waits until the newest picture is that of a higher number.
    func picture(after number: UInt64) -> Picture {
        while true {
            if case .picture(let picture) = head.content, picture.number > number {
                return picture
            }
            sched_yield()
        }
    }
}

/// A sink that takes everything and does nothing.
final class NoSink: HeadSink {
    private let events = Atomic<Int>(0)

    /// How many came.
    var count: Int { events.load(ordering: .acquiring) }

    func receive(_ event: DisplayEvent) {
        events.add(1, ordering: .releasing)
    }
}
