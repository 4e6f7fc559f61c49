import Dispatch
import DisplayTesting
import Glibc
import GuestDisplay
import Logging
import Synchronization
import Testing

@testable import GuestDisplayGL
@testable import QEMUSource

/// A scripted QEMU, the real listener and the real ingest: from the socket to the picture.
final class WireRig {
    /// What brings the pictures in.
    enum Importer: String, CustomTestStringConvertible {
        /// The strict importer: Mesa's kms_swrast on vgem's card.
        case vgem
        /// The render node's GPU.
        case gpu
        /// Mesa's GL without a node.
        case surfaceless
        /// No GL at all.
        case software

        var testDescription: String { rawValue }

        func renderer() throws -> Ingest.Renderer {
            switch self {
            case .vgem: .gl(try WireRig.vgem.get())
            case .gpu: .gl(try WireRig.gpu.get())
            case .surfaceless: .gl(try EGLDisplayHandle.surfaceless())
            case .software: .software
            }
        }
    }

    // A display and its node stay as long as the process.
    private static let vgem = Result { try EGLDisplayHandle.node(#require(RenderNode.vgem)) }
    static let gpu = Result { try EGLDisplayHandle.node(#require(RenderNode.path)) }
    static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    let peer: ScriptedListenerPeer
    let ingest: Ingest
    let head: IngestHead
    private let connection: ListenerConnection
    private let ends = Ends()
    private var importsBefore: UInt64 = 0

    /// Connects a new head. Its ingest, whose shaders take seconds to compile where these tests run, stays for the next rig unless it is to be `alone`.
    convenience init(_ importer: Importer, alone: Bool = false) throws {
        let ingest =
            try alone
            ? Ingest(importer.renderer(), logger: WireRig.quiet) : WireRig.sharedIngest(importer)
        try self.init(ingest: ingest, head: ingest.makeHead())
    }

    private static let shared = Mutex<[Importer: Ingest]>([:])

    private static func sharedIngest(_ importer: Importer) throws -> Ingest {
        try shared.withLock { shared in
            if let ingest = shared[importer] { return ingest }
            let ingest = try Ingest(importer.renderer(), logger: quiet)
            shared[importer] = ingest
            return ingest
        }
    }

    /// Starts and authenticates a connection to a head, or to what passes on to it. No watchdog answers: only a release does.
    init(ingest: Ingest, head: IngestHead, sink: (any HeadSink)? = nil) throws {
        peer = try ScriptedListenerPeer()
        self.ingest = ingest
        self.head = head
        ingest.worker.importLimit = .seconds(60)
        connection = ListenerConnection(
            socket: peer.takeClientEnd(), sink: sink ?? head, logger: WireRig.quiet,
            releaseLimit: .seconds(3600), onEnd: { [ends] in ends.note($0) })
        connection.start()
        try peer.authenticate()
        importsBefore = try allImports()
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

    /// Calls a method that must be refused with an error that begins with `words`, the field at fault.
    func bad(
        _ message: WireMessage, _ words: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let answer = try peer.call(message)
        #expect(answer.errorName != nil, "accepted", sourceLocation: sourceLocation)
        #expect(
            answer.text?.hasPrefix(words) == true,
            "\(answer.text ?? "no text") should begin with \(words)", sourceLocation: sourceLocation
        )
    }

    /// Returns when all that was sent is handled and what it held is given back.
    func settle() throws {
        try good(WireMessage("Ping", interface: "org.freedesktop.DBus.Peer"))
        try settleIngest()
    }

    /// Returns when the ingest has done what it was told. What its jobs refer to goes with the batch they ran in, hence two.
    func settleIngest() throws {
        for _ in 0..<2 {
            let done = DispatchSemaphore(value: 0)
            head.settle { done.signal() }
            guard done.wait(timeout: .now() + .seconds(60)) == .success else {
                throw ScriptError("the ingest does nothing")
            }
        }
    }

    /// How many buffers were imported since the rig began.
    func imports() throws -> UInt64 { try allImports() - importsBefore }

    private func allImports() throws -> UInt64 {
        let count = Mutex<UInt64>(0)
        let done = DispatchSemaphore(value: 0)
        ingest.worker.enqueue { [worker = ingest.worker] in
            count.withLock { $0 = worker.store?.importCount ?? 0 }
            done.signal()
        }
        try #require(done.wait(timeout: .now() + .seconds(60)) == .success)
        return count.withLock { $0 }
    }

    /// What is shown, when all that was sent is handled.
    func picture() throws -> Picture {
        try settle()
        return try #require(head.content.picture)
    }

    /// The pixels of what is shown: 0x00RRGGBB, the top first.
    func pixels() throws -> [UInt32] { try pixels(of: picture()) }

    /// The pixels of a picture.
    func pixels(of picture: Picture) throws -> [UInt32] {
        let done = DispatchSemaphore(value: 0)
        let result = Mutex<Result<[UInt32], DisplayError>?>(nil)
        head.readPixels(of: picture) { pixels in
            result.withLock { $0 = pixels }
            done.signal()
        }
        try #require(done.wait(timeout: .now() + .seconds(60)) == .success)
        return try #require(result.withLock { $0 }).get()
    }

    /// Waits until the connection has ended.
    func end() throws -> ListenerEnd { try ends.wait() }

    private final class Ends: Sendable {
        private let last = Mutex<ListenerEnd?>(nil)
        private let arrived = DispatchSemaphore(value: 0)

        func note(_ end: ListenerEnd) {
            last.withLock { $0 = end }
            arrived.signal()
        }

        func wait() throws -> ListenerEnd {
            guard arrived.wait(timeout: .now() + .seconds(60)) == .success else {
                throw ScriptError("the connection did not end")
            }
            return try #require(last.withLock { $0 })
        }
    }
}

extension HeadContent {
    var picture: Picture? { if case .picture(let picture) = self { picture } else { nil } }
}

/// A computed picture as a guest sends it: every pixel differs from its neighbours, and from those of another seed.
struct SentPicture {
    /// How the buffer lies in memory.
    let packing: PixelPacking
    /// What of the buffer is shown, from the picture's top left corner.
    let crop: Rect
    /// Whether the lowest row is the first in memory.
    let y0Top: Bool
    /// The whole buffer, the top first.
    var pixels: [UInt32]

    init(
        _ size: Size, as fourcc: String = "XR24", crop: Rect? = nil, offset: Int = 0,
        padding: Int = 0, y0Top: Bool = false, seed: Int = 0
    ) throws {
        let fourcc = try #require(DRMFormat.all.first { $0.fourcc.description == fourcc }).fourcc
        let rowBytes = size.width * (fourcc == FourCC("RG16") ? 2 : 4)
        packing = PixelPacking(fourcc, size, offset: offset, stride: rowBytes + padding)
        self.crop = crop ?? Rect(size)
        self.y0Top = y0Top
        pixels = (0..<size.width * size.height).map { index in
            let mixed: Int = (index + 1) &* 0x9e_3779 &+ seed &* 0x51_73f1
            return UInt32(truncatingIfNeeded: mixed) & 0xff_ffff
        }
    }

    /// The buffer's bytes.
    var bytes: [UInt8] { packing.pack(rows) }

    /// Where a row of the picture lies among the buffer's.
    func memoryRow(_ y: Int) -> Int { y0Top ? packing.size.height - 1 - y : y }

    // As they lie in memory.
    private var rows: [UInt32] {
        let width = packing.size.width
        return (0..<packing.size.height).flatMap { row in
            let line = memoryRow(row)
            return pixels[line * width..<(line + 1) * width]
        }
    }

    /// What of it must be shown.
    var expected: [UInt32] {
        (crop.y..<crop.maxY).flatMap { y in
            let start = y * packing.size.width
            return pixels[start + crop.x..<start + crop.maxX]
        }
    }

    /// How many pixels that were read are not those that must be shown.
    func mismatches(in read: [UInt32]) -> Int { packing.mismatches(in: read, of: expected) }

    /// A new buffer of vgem's that holds it.
    func buffer() throws -> VGEMBuffer {
        let buffer = try VGEMBuffer(card: #require(RenderNode.vgem), byteCount: packing.byteCount)
        try buffer.write(bytes)
        return buffer
    }

    /// Sends it, as ScanoutDMABUF where that can say all.
    func send(
        _ buffer: VGEMBuffer, to rig: WireRig, modifier: DRMModifier = .linear,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        try rig.good(
            message(buffer.descriptor, modifier: modifier), sourceLocation: sourceLocation)
    }

    /// The call that sends it.
    func message(_ descriptor: CInt, modifier: DRMModifier = .linear) -> WireMessage {
        if packing.offset == 0, crop == Rect(packing.size) {
            return .scanoutBuffer(
                descriptor, UInt32(packing.size.width), UInt32(packing.size.height),
                stride: UInt32(packing.stride), fourcc: packing.fourcc, modifier: modifier,
                y0Top: y0Top)
        }
        return .scanoutBuffer2(
            [
                WireMessage.Plane(
                    descriptor, offset: UInt32(packing.offset), stride: UInt32(packing.stride))
            ], backing: packing.size, crop: crop, fourcc: packing.fourcc, modifier: modifier,
            y0Top: y0Top)
    }
}

/// This process, as the kernel sees it.
enum ThisProcess {
    /// Its open descriptors, by number and file.
    static var descriptors: [String] {
        guard let folder = opendir("/proc/self/fd") else { return [] }
        defer { closedir(folder) }
        var found: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard let number = CInt(name), number != dirfd(folder) else { continue }
            var target = [CChar](repeating: 0, count: 256)
            readlink("/proc/self/fd/\(name)", &target, 255)
            found.append(
                "\(number) \(target.withUnsafeBufferPointer { String(cString: $0.baseAddress!) })")
        }
        return found.sorted()
    }

    /// The bytes of memory that it uses.
    static func residentBytes() throws -> Int {
        let words = String(decoding: try TestFolder.read("/proc/self/statm"), as: UTF8.self)
        return try #require(Int(words.split(separator: " ")[1])) * Int(getpagesize())
    }
}
