import DisplayTesting
import Foundation
import GuestDisplay
import GuestDisplayGL
import Synchronization

/// The messages whose way is measured: of each kind two that differ, to be sent in turn.
struct StageFrames {
    struct Frame {
        let name: String
        let messages: [[UInt8]]
    }

    /// What comes before them: a picture that none of them shows.
    let first: [UInt8]
    /// A block of 64x64 alone, as a virtio-gpu tells it.
    let block: Frame
    /// The same block in the rows that a VGA tells.
    let rows: Frame
    /// All pixels.
    let whole: Frame

    var all: [Frame] { [block, rows, whole] }

    init() {
        let size = StageRig.size
        let changed = Rect(x: 48, y: 264, width: 64, height: 64)
        func frame(_ name: String, _ rect: Rect, _ changed: Rect) -> Frame {
            Frame(
                name: name,
                messages: [0xff_ffff, 0x20_4060].map {
                    StageRig.message(rect, changed: changed, colour: $0)
                })
        }
        first = StageRig.message(Rect(size), changed: Rect(size), colour: 0x10_2030)
        block = frame("64x64", changed, changed)
        rows = frame(
            "64x64 in whole rows", Rect(x: 0, y: 264, width: size.width, height: 64), changed)
        whole = frame("all", Rect(size), Rect(size))
    }
}

/// A socket from which a thread reads into one buffer and does no more: the least that receiving can cost.
final class BareSocket {
    private let ends: (CInt, CInt)
    private let size: Int
    private let passed: Passed

    /// How many messages were read.
    private final class Passed: Sendable {
        let count = Atomic<Int>(0)
    }

    /// For messages of that many bytes.
    init(size: Int) throws {
        var numbers: [CInt] = [0, 0]
        guard socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &numbers) == 0 else {
            throw HarnessError("socketpair: errno \(errno)")
        }
        ends = (numbers[0], numbers[1])
        self.size = size
        let (passed, reader) = (Passed(), numbers[1])
        self.passed = passed
        Thread.detachNewThread {
            let buffer = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
            defer {
                buffer.deallocate()
                close(reader)
            }
            var filled = 0
            while true {
                let got = recv(reader, buffer + filled, size - filled, 0)
                guard got > 0 else { return }
                filled += got
                if filled == size {
                    filled = 0
                    passed.count.add(1, ordering: .releasing)
                }
            }
        }
    }

    deinit {
        close(ends.0)
    }

    /// Sends a message and waits until it was read.
    func pass(_ message: [UInt8]) throws {
        let before = passed.count.load(ordering: .acquiring)
        var sent = 0
        while sent < message.count {
            let got = message.withUnsafeBytes {
                Glibc.send(
                    ends.0, $0.baseAddress! + sent, message.count - sent,
                    CInt(MSG_NOSIGNAL))
            }
            guard got > 0 else { throw HarnessError("send: errno \(errno)") }
            sent += got
        }
        while passed.count.load(ordering: .acquiring) == before { sched_yield() }
    }
}

/// A picture in shared memory, as QEMU hands its own over.
final class GuestMemory {
    private let file: SharedFile
    private let pixels: UnsafeMutablePointer<UInt32>
    private let size: Size

    init(_ size: Size) throws {
        self.size = size
        let count = size.width * size.height
        file = try SharedFile([UInt8](repeating: 0x77, count: count * 4))
        let memory = mmap(
            nil, count * 4, PROT_READ | PROT_WRITE, MAP_SHARED, file.descriptor, 0)
        guard let memory, memory != MAP_FAILED else {
            throw HarnessError("mmap: errno \(errno)")
        }
        pixels = memory.bindMemory(to: UInt32.self, capacity: count)
    }

    deinit {
        munmap(pixels, size.width * size.height * 4)
    }

    /// The call that shows it.
    var scanout: WireMessage {
        let x8r8g8b8: UInt32 = 0x2002_0888
        return WireMessage(
            "ScanoutMap",
            [
                .h(0), .u(0), .u(UInt32(size.width)), .u(UInt32(size.height)),
                .u(UInt32(size.width * 4)), .u(x8r8g8b8),
            ], interface: GuestMemory.interface, descriptors: [file.descriptor])
    }

    /// The bytes of the call that tells of a change, as QEMU sends it: nobody waits for its answer.
    static func update(_ rect: Rect) -> [UInt8] {
        var message = WireMessage(
            "UpdateMap",
            [
                .i(Int32(rect.x)), .i(Int32(rect.y)), .i(Int32(rect.width)),
                .i(Int32(rect.height)),
            ], interface: interface)
        message.flags = 1
        return message.encoded(serial: 9)
    }

    /// Draws a rectangle of one colour.
    func fill(_ rect: Rect, _ colour: UInt32) {
        for y in rect.y..<rect.maxY {
            (pixels + y * size.width + rect.x).update(repeating: colour, count: rect.width)
        }
    }

    private static let interface = "org.qemu.Display1.Listener.Unix.Map"
}

/// The memory of a window that shows pictures with the CPU.
final class WindowMemory {
    private let pixels: UnsafeMutableRawPointer
    private let size: Size
    private let drawer = SoftwareDrawer()
    private var shown = PresentedState()

    /// Of that size; a picture is scaled to half as large again at most.
    init(_ size: Size) {
        self.size = size
        pixels = .allocate(byteCount: size.width * size.height * 9, alignment: 64)
    }

    deinit {
        pixels.deallocate()
    }

    /// What changed of a picture at its own size.
    func draw(_ picture: Picture) throws {
        let damage = shown.update(to: picture, layers: [], frame: Rect(size), window: size)
        try drawer.draw(
            picture, layers: [], frame: Rect(size), window: size, to: pixels,
            stride: size.width * 4, damage: damage)
    }

    /// All of a picture.
    func drawWhole(_ picture: Picture, _ scale: Double) throws {
        let window = Size(
            width: Int(Double(size.width) * scale), height: Int(Double(size.height) * scale))
        try drawer.draw(
            picture, layers: [], frame: Rect(window), window: window, to: pixels,
            stride: window.width * 4, damage: .full(window))
    }
}

/// Waits for what an ingest answers on its own thread.
func answer<Value: Sendable>(
    _ ask: (@escaping @Sendable (Result<Value, DisplayError>) -> Void) -> Void
) throws {
    let done = DispatchSemaphore(value: 0)
    let failure = Mutex<DisplayError?>(nil)
    ask { result in
        if case .failure(let error) = result { failure.withLock { $0 = error } }
        done.signal()
    }
    done.wait()
    if let error = failure.withLock({ $0 }) { throw error }
}
