import Glibc
import GuestDisplay
import Synchronization
import SystemPackage
import Testing

@testable import GuestDisplayGL

/// A memory file with these bytes; nil with errno.
func memoryFile(bytes: [UInt8]) -> CInt? {
    var path = Array("/dev/shm/swiftvm-test-XXXXXX".utf8CString)
    let file = mkstemp(&path)
    if file < 0 { return nil }
    unlink(path)
    return write(file, bytes, bytes.count) == bytes.count ? file : nil
}

/// Surfaces whose pixels lie in shared memory.
struct MappedSurfaceTests {
    /// A mapped picture and the file behind it.
    private final class Shared {
        let file: OwnedDescriptor
        let surface: DisplaySurface

        init(_ pixels: Pixels) throws {
            let bytes = pixels.values.flatMap { pixel in
                (0..<4).map { UInt8(truncatingIfNeeded: pixel >> (8 * $0)) }
            }
            file = OwnedDescriptor(owning: try #require(memoryFile(bytes: bytes)))
            surface = try DisplaySurface(
                width: pixels.size.width, height: pixels.size.height,
                stride: pixels.size.width * 4, format: .x8r8g8b8,
                memory: MappedMemory(file.duplicate(), byteCount: bytes.count))
        }

        func put(_ pixel: UInt32, at index: Int) {
            withUnsafeBytes(of: pixel) { bytes in
                _ = pwrite(file.rawValue, bytes.baseAddress, 4, index * 4)
            }
        }
    }

    @Test(arguments: Kind.allCases)
    func onlyTheDamageIsRead(_ kind: Kind) throws {
        let ingest = try kind.makeIngest()
        defer { ingest.stop() }
        let head = ingest.makeHead()
        var pixels = Pixels.random(Size(width: 32, height: 24), seed: 1)
        let shared = try Shared(pixels)
        try head.receive(.scanout(.surface(shared.surface)))
        try head.waitForPicture(pixels)
        let before = head.counters.bytesCopied
        shared.put(0x12_3456, at: 5 * 32 + 7)
        // A texture that is new is read whole, with what nobody has told of yet.
        if kind == .software { shared.put(0xff_ffff, at: 20 * 32 + 1) }
        let releases = Releases()
        try head.receive(
            .update(.inPlace(Rect(x: 6, y: 4, width: 3, height: 3), release: releases.make())))
        try releases.waitForOne()
        #expect(head.counters.bytesCopied - before == 9 * 4)
        pixels[7, 5] = 0x12_3456
        try head.waitForPicture(pixels)
        #expect(head.counters.stages[.release].count == 1)
        shared.put(0xff_ffff, at: 20 * 32 + 1)
        // A rectangle that does not lie in the picture counts as the whole.
        try head.receive(
            .update(.inPlace(Rect(x: 30, y: 0, width: 3, height: 1), release: nil)))
        pixels[1, 20] = 0xff_ffff
        try head.waitForPicture(pixels)
        #expect(head.counters.stages[.release].count == 1, "nobody waited")
    }

    @Test(arguments: Kind.allCases)
    func shrunkMappingKeepsTheLastPicture(_ kind: Kind) throws {
        let ingest = try kind.makeIngest()
        defer { ingest.stop() }
        let head = ingest.makeHead()
        let pixels = Pixels.random(Size(width: 64, height: 64), seed: 1)
        let shared = try Shared(pixels)
        try head.receive(.scanout(.surface(shared.surface)))
        let picture = try head.waitForPicture(pixels)
        #expect(ftruncate(shared.file.rawValue, 100) == 0)
        let released = Mutex(0)
        do {
            let release = FrameRelease { released.withLock { $0 += 1 } }
            let error = #expect(throws: SurfaceError.self) {
                try head.receive(
                    .update(.inPlace(Rect(Size(width: 64, height: 64)), release: release)))
            }
            #expect(error?.field == "mapping")
        }
        #expect(released.withLock { $0 } == 1, "a refused frame is released too")
        #expect(throws: SurfaceError.self) {
            try head.receive(.update(.pixels(try pixels.surface(), x: 0, y: 0)))
        }
        #expect(throws: SurfaceError.self) { try head.receive(.scanout(.surface(shared.surface))) }
        #expect(head.content.picture === picture)
        #expect(try head.read(picture) == pixels)
        let next = Pixels.random(Size(width: 64, height: 64), seed: 2)
        try head.receive(.scanout(.surface(try next.surface())))
        try head.waitForPicture(next)
    }

    @Test func bytesHaveNothingToReadInPlace() throws {
        let ingest = try Kind.software.makeIngest()
        defer { ingest.stop() }
        let head = ingest.makeHead()
        let pixels = Pixels.random(Size(width: 4, height: 4), seed: 1)
        try head.receive(.scanout(.surface(try pixels.surface())))
        #expect(throws: SurfaceError.self) {
            try head.receive(.update(.inPlace(Rect(pixels.size), release: nil)))
        }
    }
}
