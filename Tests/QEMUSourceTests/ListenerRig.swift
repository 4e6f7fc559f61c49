import Dispatch
import DisplayTesting
import Glibc
import GuestDisplay
import Logging
import Synchronization
import Testing

@testable import QEMUSource

/// A listener connection between a scripted QEMU and a recording sink.
final class ListenerRig {
    let peer: ScriptedListenerPeer
    let sink: RecordingSink
    let connection: ListenerConnection
    let ends = Ends()
    let mismatches: Counter

    /// A number that several threads count up.
    final class Counter: Sendable {
        private let value = Mutex(0)

        var count: Int { value.withLock { $0 } }
        func increase() { value.withLock { $0 += 1 } }
    }

    /// Where a connection's end is waited for.
    final class Ends: Sendable {
        private let all = Mutex<[ListenerEnd]>([])
        private let arrived = DispatchSemaphore(value: 0)

        func append(_ end: ListenerEnd) {
            all.withLock { $0.append(end) }
            arrived.signal()
        }

        var count: Int { all.withLock { $0.count } }

        /// Waits for the end.
        func wait() throws -> ListenerEnd {
            guard arrived.wait(timeout: .now() + .seconds(90)) == .success else {
                throw ScriptError("the connection did not end")
            }
            return all.withLock { $0[$0.count - 1] }
        }
    }

    /// Says nothing.
    static var silent: Logger {
        var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        return logger
    }

    /// Starts a connection; authenticates it unless told otherwise.
    init(
        sink: RecordingSink = RecordingSink(), authenticate: Bool = true,
        authenticationTimeout: Duration = .seconds(30), replyTimeout: Duration = .seconds(10),
        releaseLimit: Duration = .seconds(3600), collectingLimit: UInt64 = UpdateCollector.limit,
        accepting acceptance: DMABuffer.Acceptance = .dmaBuffers
    ) throws {
        peer = try ScriptedListenerPeer()
        let mismatches = Counter()
        self.mismatches = mismatches
        self.sink = sink
        connection = ListenerConnection(
            socket: peer.takeClientEnd(), sink: sink, logger: ListenerRig.silent,
            authenticationTimeout: authenticationTimeout, replyTimeout: replyTimeout,
            releaseLimit: releaseLimit, collectingLimit: collectingLimit, accepting: acceptance,
            onMismatch: { mismatches.increase() },
            onEnd: { [ends] in ends.append($0) })
        connection.start()
        if authenticate { try peer.authenticate() }
    }

    deinit {
        connection.close()
    }

    /// Calls a method that must be accepted.
    func good(_ message: WireMessage, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let answer = try peer.call(message)
        #expect(
            answer.errorName == nil, "\(message.member ?? ""): \(answer.text ?? "")",
            sourceLocation: sourceLocation)
    }

    /// Calls a method that must be refused with an error that contains `words`.
    func bad(
        _ message: WireMessage, _ words: String,
        error: String = "org.freedesktop.DBus.Error.InvalidArgs",
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let answer = try peer.call(message)
        #expect(answer.errorName == error, "\(answer)", sourceLocation: sourceLocation)
        #expect(
            answer.text?.contains(words) == true,
            "\(answer.text ?? "no text") should contain \(words)", sourceLocation: sourceLocation)
    }
}

/// How many descriptors this process has.
func openDescriptors() -> Int {
    guard let folder = opendir("/proc/self/fd") else { return -1 }
    defer { closedir(folder) }
    var count = 0
    while readdir(folder) != nil { count += 1 }
    return count
}

/// Pixels whose bytes all differ from those of another seed.
func card(_ count: Int, seed: Int = 0) -> [UInt8] {
    (0..<count).map { index in
        let mixed: Int = index &* 7 &+ seed &* 13 &+ index >> 8
        return UInt8(truncatingIfNeeded: mixed)
    }
}

extension WireMessage {
    static let x8r8g8b8: UInt32 = 0x2002_0888
    static let mapInterface = "org.qemu.Display1.Listener.Unix.Map"

    static func scanout(
        _ width: UInt32, _ height: UInt32, stride: UInt32? = nil, format: UInt32 = x8r8g8b8,
        _ data: [UInt8]
    ) -> WireMessage {
        WireMessage(
            "Scanout",
            [.u(width), .u(height), .u(stride ?? width &* 4), .u(format), .ay(data)])
    }

    static func update(
        _ x: Int32, _ y: Int32, _ width: Int32, _ height: Int32, stride: UInt32? = nil,
        format: UInt32 = x8r8g8b8, _ data: [UInt8]
    ) -> WireMessage {
        WireMessage(
            "Update",
            [
                .i(x), .i(y), .i(width), .i(height), .u(stride ?? UInt32(bitPattern: width &* 4)),
                .u(format), .ay(data),
            ])
    }

    static func scanoutMap(
        _ file: SharedFile, offset: UInt32 = 0, _ width: UInt32, _ height: UInt32,
        stride: UInt32? = nil, format: UInt32 = x8r8g8b8
    ) -> WireMessage {
        WireMessage(
            "ScanoutMap",
            [
                .h(0), .u(offset), .u(width), .u(height), .u(stride ?? width &* 4), .u(format),
            ], interface: mapInterface, descriptors: [file.descriptor])
    }

    static func updateMap(_ x: Int32, _ y: Int32, _ width: Int32, _ height: Int32)
        -> WireMessage
    {
        WireMessage(
            "UpdateMap", [.i(x), .i(y), .i(width), .i(height)], interface: mapInterface)
    }

    static func cursor(
        _ width: Int32, _ height: Int32, hotX: Int32 = 0, hotY: Int32 = 0, _ data: [UInt8]
    ) -> WireMessage {
        WireMessage(
            "CursorDefine", [.i(width), .i(height), .i(hotX), .i(hotY), .ay(data)])
    }

    func with(_ change: (inout WireMessage) -> Void) -> WireMessage {
        var copy = self
        change(&copy)
        return copy
    }
}
