import Dispatch
import GuestDisplay
import Synchronization
import Testing

@testable import GuestDisplayGL

/// Surfaces whose pixels are still on their way when they are received.
struct ArrivingPixelsTests {
    /// Gives one row at a time, and has something done before each.
    private final class RowByRow: SurfaceMemory {
        private let bytes: SurfaceBytes
        private let beforeRow: @Sendable (Int) throws(SurfaceError) -> Void

        init(
            _ bytes: SurfaceBytes, beforeRow: @escaping @Sendable (Int) throws(SurfaceError) -> Void
        ) {
            self.bytes = bytes
            self.beforeRow = beforeRow
        }

        var byteCount: Int { bytes.byteCount }
        let isArriving = true

        func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) throws(SurfaceError) {
            Issue.record("read at once")
            try bytes.withBytes(body)
        }

        func withStretches(
            _ count: Int, unit: Int, _ body: (UnsafeRawBufferPointer) -> Void
        ) throws(SurfaceError) {
            for (row, start) in stride(from: 0, to: count, by: unit).enumerated() {
                try beforeRow(row)
                try bytes.withBytes { bytes in
                    body(
                        UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + unit, count)]))
                }
            }
        }
    }

    private static let size = Size(width: 37, height: 20)

    private func surface(
        _ pixels: Pixels,
        beforeRow: @escaping @Sendable (Int) throws(SurfaceError) -> Void = { _ in }
    ) throws -> DisplaySurface {
        try ArrivingPixelsTests.arriving(pixels.surface(padding: 12), beforeRow: beforeRow)
    }

    /// The same surface, whose rows come one by one.
    static func arriving(
        _ whole: DisplaySurface,
        beforeRow: @escaping @Sendable (Int) throws(SurfaceError) -> Void = { _ in }
    ) throws -> DisplaySurface {
        let bytes = try #require(whole.memory as? SurfaceBytes)
        return try DisplaySurface(
            width: whole.size.width, height: whole.size.height, stride: whole.stride,
            format: whole.format, memory: RowByRow(bytes, beforeRow: beforeRow))
    }

    @Test(arguments: Kind.allCases)
    func picturesAreExact(_ kind: Kind) throws {
        let ingest = try kind.makeIngest()
        defer { ingest.stop() }
        let head = ingest.makeHead()
        var content = Pixels.random(Self.size, seed: 1)
        try head.receive(.scanout(.surface(surface(content))))
        try head.waitForPicture(content)
        var random = Random(3)
        for number in 0..<40 {
            let rect = number % 10 == 0 ? Rect(Self.size) : random.rect(in: Self.size)
            let part = Pixels(size: rect.size, values: random.pixels(rect.width * rect.height))
            content.put(part, x: rect.x, y: rect.y)
            try head.receive(.update(.pixels(surface(part), x: rect.x, y: rect.y)))
            try head.waitForPicture(content)
        }
        // A scanout of the same size goes into the same memory.
        content = Pixels.random(Self.size, seed: 2)
        try head.receive(.scanout(.surface(surface(content))))
        try head.waitForPicture(content)
        #expect(head.counters.refused == 0)
    }

    /// What changes is known to the rectangle, though it was found row by row.
    @Test func damageIsOnlyWhatChanged() throws {
        let ingest = try Kind.software.makeIngest()
        defer { ingest.stop() }
        let head = ingest.makeHead()
        var content = Pixels.random(Size(width: 64, height: 20), seed: 1)
        try head.receive(.scanout(.surface(surface(content))))
        let first = try head.waitForPicture(content).number
        content[33, 7] ^= 0xff
        content[34, 11] ^= 0xff
        try head.receive(.update(.pixels(surface(content), x: 0, y: 0)))
        let damage = try head.waitForPicture(content).damage(since: first)
        #expect(Array(damage.rects) == [Rect(x: 32, y: 7, width: 16, height: 5)])
    }

    /// The ingest has an occasion in the middle of an update: a picture came back for which it was waiting.
    @Test(arguments: Kind.allCases)
    func halfAnUpdateIsNeverShown(_ kind: Kind) throws {
        let ingest = try kind.makeIngest()
        defer { ingest.stop() }
        let head = ingest.makeHead()
        let held = Mutex<[Picture]>([])
        // As many as there can be: what comes next is put off.
        var content = Pixels.random(Self.size, seed: 1)
        try head.receive(.scanout(.surface(surface(content))))
        for number in 2...UInt64(PictureRing.maximumSlots) {
            let picture = try head.waitForPicture(content)
            held.withLock { $0.append(picture) }
            content = Pixels.random(Self.size, seed: number)
            try head.receive(.update(.pixels(surface(content), x: 0, y: 0)))
        }
        let last = try head.waitForPicture(content)
        let lastContent = content
        content = Pixels.random(Self.size, seed: 100)
        try head.receive(.update(.pixels(surface(content), x: 0, y: 0)))
        try settle(head)
        #expect(head.content.picture === last)
        let final = Pixels.random(Self.size, seed: 200)
        try head.receive(
            .update(
                .pixels(
                    surface(final) { row in
                        guard row == Self.size.height / 2 else { return }
                        held.withLock { $0 = [] }
                        let done = DispatchSemaphore(value: 0)
                        // Twice: what came back has the ingest look, after what was asked for before.
                        head.settle { head.settle { done.signal() } }
                        #expect(done.wait(timeout: .now() + deadline) == .success)
                        #expect(head.content.picture === last)
                    }, x: 0, y: 0)))
        try head.waitForPicture(final)
        #expect(try head.read(last) == lastContent)
    }

    /// What is whole is shown before the next is waited for: however fast they follow each other, and whether or not the next ever comes whole.
    @Test(arguments: Kind.allCases)
    func whatIsWholeIsShown(_ kind: Kind) throws {
        let ingest = try kind.makeIngest()
        defer { ingest.stop() }
        let head = ingest.makeHead()
        try head.receive(.scanout(.surface(surface(Pixels.random(Self.size, seed: 1)))))
        for seed in 2...20 {
            let pixels = Pixels.random(Self.size, seed: UInt64(seed))
            try head.receive(.update(.pixels(surface(pixels), x: 0, y: 0)))
        }
        #expect(head.counters.picturesPublished >= 18)
        let last = Pixels.random(Self.size, seed: 30)
        try head.receive(.update(.pixels(surface(last), x: 0, y: 0)))
        let cut = try surface(Pixels.random(Self.size, seed: 31)) { row throws(SurfaceError) in
            if row == 10 { throw SurfaceError(field: "data", reason: "cut off") }
        }
        #expect(throws: SurfaceError.self) {
            try head.receive(.update(.pixels(cut, x: 0, y: 0)))
        }
        try head.waitForPicture(last)
    }

    /// Half of it came, then nothing more: what was shown stays, and goes on with the next scanout.
    @Test(arguments: Kind.allCases, [false, true])
    func whatIsCutOffIsNotShown(_ kind: Kind, isScanout: Bool) throws {
        let ingest = try kind.makeIngest()
        defer { ingest.stop() }
        let head = ingest.makeHead()
        let content = Pixels.random(Self.size, seed: 1)
        try head.receive(.scanout(.surface(surface(content))))
        let picture = try head.waitForPicture(content)
        let cut = try surface(Pixels.random(Self.size, seed: 2)) { row throws(SurfaceError) in
            if row == 10 { throw SurfaceError(field: "data", reason: "cut off") }
        }
        #expect(throws: SurfaceError.self) {
            try head.receive(
                isScanout ? .scanout(.surface(cut)) : .update(.pixels(cut, x: 0, y: 0)))
        }
        try settle(head)
        #expect(head.content.picture === picture)
        #expect(try head.read(picture) == content)
        let part = Pixels.random(Size(width: 3, height: 3), seed: 3)
        #expect(throws: SurfaceError.self) {
            try head.receive(.update(.pixels(surface(part), x: 0, y: 0)))
        }
        let next = Pixels.random(Self.size, seed: 4)
        try head.receive(.scanout(.surface(surface(next))))
        try head.waitForPicture(next)
    }

    private func settle(_ head: IngestHead) throws {
        let _: Bool = try wait("the ingest") { done in head.settle { done(true) } }
    }
}
