import Glibc
import GuestDisplay
import Testing

@testable import GuestDisplayGL

/// Long runs leave the process as it was.
@Suite(.serialized)
struct SoakTests {
    private struct Usage {
        var descriptors: Int
        /// Resident memory in bytes.
        var resident: Int

        static func now() throws -> Usage {
            let folder = try #require(opendir("/proc/self/fd"))
            defer { closedir(folder) }
            var count = 0
            while readdir(folder) != nil { count += 1 }
            let file = try #require(fopen("/proc/self/statm", "r"))
            defer { fclose(file) }
            var line = [CChar](repeating: 0, count: 256)
            fgets(&line, 256, file)
            let text = String(decoding: line.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let pages = text.split(separator: " ").compactMap { Int($0) }
            return Usage(
                descriptors: count, resident: pages[1] * sysconf(CInt(_SC_PAGESIZE)))
        }
    }

    @Test(arguments: Kind.allCases)
    func tenThousandEventsLeaveNothing(_ kind: Kind) throws {
        let ingest = try kind.makeIngest()
        defer { ingest.stop() }
        let head = ingest.makeHead()
        let window = kind == .gl ? try OffscreenWindow(Size(width: 64, height: 64)) : nil
        defer { window?.close() }
        let surfaces = try (0..<4).map { index in
            // 1 MB to 4 MB each: a leak of one in ten thousand would show.
            try Pixels.random(Size(width: 512, height: 512 * (index + 1)), seed: UInt64(index))
                .surface()
        }
        let small = try Pixels.random(Size(width: 5, height: 5), seed: 9).surface()
        let shape = try Cursor(
            width: 32, height: 32, hotSpotX: 0, hotSpotY: 0,
            pixels: Array(repeating: 0xffff_ffff, count: 1024))
        var held: [Picture] = []
        func run(_ rounds: Range<Int>) throws {
            for round in rounds {
                if round % 10 == 0 {
                    try head.receive(.scanout(.surface(surfaces[round / 10 % surfaces.count])))
                } else {
                    try head.receive(
                        .update(.pixels(small, x: round % 500, y: round * 7 % 500)))
                }
                try head.receive(.cursor(round % 2 == 0 ? shape : nil))
                if round % 5 == 0, let picture = head.content.picture {
                    held.append(picture)
                    if held.count > 2 { held.removeFirst() }
                    try window?.drawer.draw(
                        picture, layers: [], frame: Rect(x: 0, y: 0, width: 64, height: 64),
                        window: window!.size)
                }
            }
            held = []
            let last = Pixels.random(Size(width: 6, height: 6), seed: 1)
            try head.receive(.scanout(.surface(try last.surface())))
            try head.waitForPicture(last)
            try window?.drawer.draw(
                head.content.picture, layers: [], frame: Rect(window!.size), window: window!.size)
        }
        try run(0..<500)
        let before = try Usage.now()
        try run(500..<10_500)
        let after = try Usage.now()
        // Other suites run beside this one, so some room; ten thousand leaked pictures would be gigabytes, a thousand scanouts too.
        #expect(after.descriptors - before.descriptors < 40)
        #expect(after.resident - before.resident < 256 << 20)
        #expect(head.counters.events >= 21_000)
    }
}
