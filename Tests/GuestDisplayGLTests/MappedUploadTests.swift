import DisplayTesting
import Dispatch
import Glibc
import GuestDisplay
import Synchronization
import Testing

@testable import GuestDisplayGL

/// Shared memory whose pixels go straight to textures.
@Suite(.serialized)
struct MappedUploadTests {
    private static let size = Size(width: 40, height: 24)

    /// A picture in a shared file, and the mapping as it is shown.
    private final class Shared {
        let file: SharedFile
        let surface: DisplaySurface
        private let start: Int
        private let stride: Int
        private let isTopDown: Bool
        private(set) var pixels: Pixels

        init(
            _ pixels: Pixels, offset: Int = 0, padding: Int = 0, format: UInt32 = 0x2002_0888,
            isTopDown: Bool = true,
            memory: (MappedMemory, SharedFile) -> any SurfaceMemory = { mapped, _ in mapped }
        ) throws {
            self.pixels = pixels
            self.isTopDown = isTopDown
            start = offset
            let size = pixels.size
            stride = size.width * 4 + padding
            // The last row has no padding.
            let count = offset + stride * (size.height - 1) + size.width * 4
            file = try SharedFile([UInt8](repeating: 0xa5, count: count))
            surface = try DisplaySurface(
                width: size.width, height: size.height, stride: stride, offset: offset,
                format: PixelFormat(rawValue: format), isTopDown: isTopDown,
                memory: memory(MappedMemory(file.duplicate(), byteCount: count), file))
            try write(Rect(size))
        }

        /// Draws a part anew.
        func draw(_ rect: Rect, seed: UInt64) throws {
            pixels.put(.random(rect.size, seed: seed), x: rect.x, y: rect.y)
            try write(rect)
        }

        // With rubbish where no colour is.
        private func write(_ rect: Rect) throws {
            for y in rect.y..<rect.maxY {
                let row = (rect.x..<rect.maxX).map { pixels[$0, y] | 0x5a00_0000 }
                let line = isTopDown ? y : pixels.size.height - 1 - y
                try row.withUnsafeBytes {
                    try file.write(Array($0), at: start + line * stride + rect.x * 4)
                }
            }
        }
    }

    /// Memory of which `body` is told just before it is read.
    private final class WatchedMemory: SurfaceMemory {
        private let base: MappedMemory
        private let onRead: @Sendable () -> Void
        let waitsForDevices: Bool

        init(_ base: MappedMemory, waits: Bool = false, onRead: @escaping @Sendable () -> Void) {
            self.base = base
            self.onRead = onRead
            waitsForDevices = waits
        }

        var byteCount: Int { base.byteCount }
        var isShared: Bool { true }
        func check() throws(SurfaceError) { try base.check() }

        func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) throws(SurfaceError) {
            try base.withBytes { bytes in
                onRead()
                body(bytes)
            }
        }
    }

    /// An ingest with GL and a head of it.
    private final class Rig {
        let ingest: Ingest
        let head: IngestHead
        let releases = Releases()

        init() throws {
            ingest = try Kind.gl.makeIngest()
            head = ingest.makeHead()
        }

        deinit {
            ingest.stop()
        }

        /// Whether what is shown is read from the mapping itself; then no memory of ours has it.
        var isUploaded: Bool {
            head.state.lock.withLock {
                if case .mapped = head.state.current { true } else { false }
            }
        }

        func show(_ shared: Shared) throws {
            try head.receive(.scanout(.surface(shared.surface)))
        }

        func update(_ rect: Rect) throws {
            try head.receive(.update(.inPlace(rect, release: releases.make())))
        }

        /// Runs `body` while the ingest thread does nothing.
        func whileIngestWaits(_ body: () throws -> Void) throws {
            let gate = DispatchSemaphore(value: 0)
            defer { gate.signal() }
            head.settle { gate.wait() }
            try body()
        }

        func settle() throws {
            _ = try wait("the ingest thread's turn") { (done: @escaping @Sendable (Bool) -> Void) in
                head.settle { done(true) }
            }
        }
    }

    /// Each slot lacks other rectangles: pictures are held for different times, and every one must stay what it was.
    @Test(arguments: [(0, 0), (16, 0), (0, 28), (4096, 4), (7, 12)])
    func everySlotIsBroughtUpToDate(offset: Int, padding: Int) throws {
        let rig = try Rig()
        let shared = try Shared(
            .random(Self.size, seed: 1), offset: offset, padding: padding)
        try rig.show(shared)
        try rig.head.waitForPicture(shared.pixels)
        #expect(rig.isUploaded)
        var random = Random(UInt64(offset + padding))
        var held: [(Picture, Pixels)] = []
        for seed in 2...60 as ClosedRange<UInt64> {
            let rect = random.rect(in: Self.size)
            try shared.draw(rect, seed: seed)
            let before = rig.head.counters.bytesCopied
            try rig.update(rect)
            #expect(
                rig.head.counters.bytesCopied - before == UInt64(rect.width * rect.height * 4))
            try rig.releases.waitForOne()
            held.append((try rig.head.waitForPicture(shared.pixels), shared.pixels))
            if held.count > 4 { held.remove(at: Int.random(in: 0..<4, using: &random)) }
            if seed % 10 == 0 {
                for (picture, content) in held { #expect(try rig.head.read(picture) == content) }
            }
        }
        #expect(rig.isUploaded && rig.head.counters.failures == 0)
    }

    @Test(arguments: [0x2002_0888, 0x2002_8888, 0x200a_8888] as [UInt32])
    func formatsThatAreUploaded(_ format: UInt32) throws {
        let rig = try Rig()
        let shared = try Shared(.random(Self.size, seed: 1), format: format)
        try rig.show(shared)
        try rig.head.waitForPicture(shared.pixels)
        #expect(rig.isUploaded)
        #expect(rig.head.path == "shared memory")
    }

    /// A stride that is no number of pixels, a picture from its last row on, memory that a device may still write.
    @Test(arguments: [(2, true, false), (0, false, false), (0, true, true)])
    func othersAreCopiedFirst(padding: Int, isTopDown: Bool, waits: Bool) throws {
        let rig = try Rig()
        let shared = try Shared(
            .random(Self.size, seed: 1), padding: padding, isTopDown: isTopDown,
            memory: { memory, _ in WatchedMemory(memory, waits: waits) {} })
        try rig.show(shared)
        try rig.head.waitForPicture(shared.pixels)
        let rect = Rect(x: 3, y: 4, width: 9, height: 5)
        try shared.draw(rect, seed: 2)
        try rig.update(rect)
        try rig.head.waitForPicture(shared.pixels)
        #expect(!rig.isUploaded)
        // To the same size in a mapping that is uploaded, and back.
        let other = try Shared(.random(Self.size, seed: 3))
        try rig.show(other)
        try rig.head.waitForPicture(other.pixels)
        #expect(rig.isUploaded)
        try rig.show(shared)
        try rig.head.waitForPicture(shared.pixels)
        #expect(!rig.isUploaded)
    }

    @Test func onlyWhatASlotLacksIsRead() throws {
        let rig = try Rig()
        let shared = try Shared(.random(Self.size, seed: 1))
        let whole = UInt64(Self.size.width * Self.size.height)
        try rig.show(shared)
        try rig.head.waitForPicture(shared.pixels)
        #expect(rig.head.counters.pixelsUploaded == whole)
        // Two more slots come into being at most.
        for (seed, x) in [(2, 0), (3, 5), (4, 9)] as [(UInt64, Int)] {
            try shared.draw(Rect(x: x, y: 3, width: 2, height: 2), seed: seed)
            try rig.update(Rect(x: x, y: 3, width: 2, height: 2))
            try rig.head.waitForPicture(shared.pixels)
        }
        let uploaded = rig.head.counters.pixelsUploaded
        #expect(uploaded % whole <= 3 * 3 * 4 && uploaded / whole <= 3, "\(uploaded)")
        #expect(rig.head.counters.bytesCopied == whole * 4 + 3 * 4 * 4)
    }

    @Test func bytesCanComeForAMapping() throws {
        let rig = try Rig()
        let shared = try Shared(.random(Self.size, seed: 1))
        try rig.show(shared)
        try rig.head.waitForPicture(shared.pixels)
        let part = Pixels.random(Size(width: 5, height: 3), seed: 9)
        var pixels = shared.pixels
        pixels.put(part, x: 7, y: 2)
        try rig.whileIngestWaits {
            try rig.update(Rect(Self.size))
            try rig.head.receive(.update(.pixels(try part.surface(), x: 7, y: 2)))
            try rig.releases.waitForOne()
        }
        try rig.head.waitForPicture(pixels)
        #expect(!rig.isUploaded)
        // What changes in the mapping itself is still read there.
        let rect = Rect(x: 6, y: 1, width: 3, height: 3)
        try shared.draw(rect, seed: 10)
        try rig.update(rect)
        pixels.put(shared.pixels.part(rect), x: 6, y: 1)
        try rig.head.waitForPicture(pixels)
    }

    // MARK: Releases

    @Test func noReaderHoldsTheGuest() throws {
        let rig = try Rig()
        let shared = try Shared(.random(Self.size, seed: 0))
        try rig.show(shared)
        try rig.head.waitForPicture(shared.pixels)
        var held: [(Picture, Pixels)] = []
        for seed in 1...20 as ClosedRange<UInt64> {
            let rect = Rect(x: Int(seed), y: 3, width: 8, height: 9)
            try shared.draw(rect, seed: seed)
            try rig.update(rect)
            try rig.releases.waitForOne()
            #expect(rig.releases.count.withLock { $0 } == Int(seed))
            // The last of them leaves only the reserve: from then on there is no slot to publish.
            if held.count < PictureRing.maximumSlots - 1 {
                held.append((try rig.head.waitForPicture(shared.pixels), shared.pixels))
            }
        }
        for (picture, content) in held { #expect(try rig.head.read(picture) == content) }
        #expect(rig.head.counters.deferrals > 0)
        held = []
        try rig.head.waitForPicture(shared.pixels)
        #expect(rig.head.counters.stages[.release].count == 20)
    }

    @Test func framesAreReleasedWhateverHappens() throws {
        let ingest = try Kind.gl.makeIngest()
        defer { ingest.stop() }
        let shared = try Shared(.random(Self.size, seed: 1))
        let next = Pixels.random(Size(width: 8, height: 8), seed: 2)
        for event in [
            .scanout(.off), .scanout(.surface(try next.surface())),
            .scanout(.surface(try Shared(next).surface)), .scanout(.surface(shared.surface)), nil,
        ] as [DisplayEvent?] {
            var head: IngestHead? = ingest.makeHead()
            let releases = Releases()
            let gate = DispatchSemaphore(value: 0)
            head?.settle { gate.wait() }
            try head?.receive(.scanout(.surface(shared.surface)))
            for _ in 0..<3 {
                try head?.receive(
                    .update(.inPlace(Rect(Self.size), release: releases.make())))
            }
            #expect(releases.count.withLock { $0 } == 0, "nothing was read")
            if let event { try head?.receive(event) } else { head = nil }
            if event != nil {
                // At once: it is not read any more.
                for _ in 0..<3 { try releases.waitForOne() }
            }
            gate.signal()
            if event == nil { for _ in 0..<3 { try releases.waitForOne() } }
            #expect(releases.count.withLock { $0 } == 3)
        }
    }

    // MARK: Memory that goes

    /// The file is shortened when the ingest has begun to read; `first` tells which reading that is.
    private func shrinking(_ pixels: Pixels, at first: Int, to length: Int) throws -> Shared {
        let reads = Mutex(0)
        return try Shared(
            pixels,
            memory: { memory, file in
                WatchedMemory(memory) {
                    let read = reads.withLock { reads in
                        reads += 1
                        return reads
                    }
                    if read == first { file.resize(to: length) }
                }
            })
    }

    /// To nothing, and to a part of its last page, where no read fails.
    @Test(arguments: [0, 64 * 64 * 4 - 16])
    func shrinksWhileItIsUploaded(_ length: Int) throws {
        let rig = try Rig()
        let size = Size(width: 64, height: 64)
        let shared = try shrinking(.random(size, seed: 1), at: 2, to: length)
        try rig.show(shared)
        let picture = try rig.head.waitForPicture(shared.pixels)
        try rig.update(Rect(x: 0, y: 0, width: 64, height: 64))
        try rig.releases.waitForOne()
        try rig.settle()
        #expect(rig.head.content.picture === picture, "the last good picture stays")
        #expect(try rig.head.read(picture) == shared.pixels)
        #expect(rig.head.counters.refused == 1)
        #expect(rig.head.lastRefusal == nil, "the scanout is shown")
        // It has grown again, but is not what it was.
        shared.file.resize(to: 64 * 64 * 4)
        let error = #expect(throws: SurfaceError.self) { try rig.update(Rect(size)) }
        #expect(error == .lostPicture)
        try rig.releases.waitForOne()
        #expect(throws: SurfaceError.lostPicture) {
            try rig.head.receive(.update(.pixels(try shared.pixels.surface(), x: 0, y: 0)))
        }
        #expect(throws: SurfaceError.self, "the mapping is lost") { try rig.show(shared) }
        #expect(rig.head.content.picture === picture)
        let next = try Shared(.random(size, seed: 2))
        try rig.show(next)
        try rig.head.waitForPicture(next.pixels)
        #expect(rig.head.lastRefusal == nil && rig.head.counters.failures == 0)
    }

    @Test func shrinksBeforeItsFirstPicture() throws {
        let rig = try Rig()
        let first = try Shared(.random(Self.size, seed: 1))
        try rig.show(first)
        let picture = try rig.head.waitForPicture(first.pixels)
        let wakes = DispatchSemaphore(value: 0)
        let observation = rig.head.observe { wakes.signal() }
        defer { observation.cancel() }
        let shared = try shrinking(.random(Self.size, seed: 2), at: 1, to: 0)
        try rig.show(shared)
        try rig.settle()
        // As a scanout that is refused when it comes.
        #expect(rig.head.lastRefusal?.field == "mapping")
        #expect(rig.head.path == "" && rig.head.counters.refused == 1)
        #expect(wakes.wait(timeout: .now()) == .success, "windows are told")
        #expect(rig.head.content.picture === picture)
        #expect(try rig.head.read(picture) == first.pixels)
        try rig.show(first)
        try rig.head.waitForPicture(first.pixels)
        #expect(rig.head.lastRefusal == nil)
    }

    /// What was read before and only waits for a slot is shown all the same.
    @Test func shrinksWhileAPictureWaits() throws {
        let rig = try Rig()
        let shared = try Shared(.random(Self.size, seed: 0))
        try rig.show(shared)
        var held = [try rig.head.waitForPicture(shared.pixels)]
        while held.count < PictureRing.maximumSlots - 1 {
            try shared.draw(Rect(x: 1, y: 1, width: 2, height: 2), seed: UInt64(held.count))
            try rig.update(Rect(x: 1, y: 1, width: 2, height: 2))
            held.append(try rig.head.waitForPicture(shared.pixels))
        }
        try shared.draw(Rect(x: 5, y: 5, width: 2, height: 2), seed: 99)
        try rig.update(Rect(x: 5, y: 5, width: 2, height: 2))
        try rig.settle()
        #expect(rig.head.counters.deferrals > 0)
        shared.file.resize(to: 0)
        #expect(throws: SurfaceError.self) { try rig.update(Rect(Self.size)) }
        held = []
        try rig.head.waitForPicture(shared.pixels)
    }
}
