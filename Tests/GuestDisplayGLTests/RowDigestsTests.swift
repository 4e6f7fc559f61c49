import GuestDisplay
import Testing

@testable import GuestDisplayGL

struct RowDigestsTests {
    /// Where a processor has none, rows are compared.
    static let canBeKept = RowDigests(size: Size(width: 1, height: 1)) != nil

    private func kept(_ size: Size) throws -> RowDigests {
        let digests = try #require(RowDigests(size: size))
        let pixels = size.width * size.height
        digests.didCopyRows(changing: pixels, of: pixels)
        #expect(!digests.areKept)
        digests.didCopyRows(changing: 0, of: pixels)
        #expect(digests.areKept)
        return digests
    }

    /// Rows shorter than a tile of 128 pixels, as long, and longer.
    @Test(.enabled(if: canBeKept), arguments: [1, 3, 127, 128, 129, 300])
    func everyChangeIsSeen(_ width: Int) throws {
        let digests = try kept(Size(width: width, height: 3))
        var random = Random(UInt64(width))
        var row = random.pixels(width)
        func changes(y: Int = 1) -> Range<Int>? {
            row.withUnsafeBytes { digests.changes(in: $0.baseAddress!, y: y) }.map {
                $0.first..<$0.end
            }
        }
        #expect(changes() == 0..<width)
        #expect(changes() == nil)
        for x in 0..<width {
            for bit in 0..<32 {
                row[x] ^= 1 << UInt32(bit)
                let first = x / 128 * 128
                #expect(changes() == first..<min(first + 128, width))
            }
        }
        #expect(changes() == nil)
        // Each row has its own.
        #expect(changes(y: 2) == 0..<width)
        #expect(changes(y: 0) == 0..<width)
        // Both ends, and what lies between.
        row[0] ^= 1
        row[width - 1] ^= 2
        #expect(changes() == 0..<width)
    }

    /// The same pixels in other places are another row.
    @Test(.enabled(if: canBeKept)) func placesMatter() throws {
        let digests = try kept(Size(width: 128, height: 1))
        var random = Random(5)
        var row = random.pixels(128)
        func isNew() -> Bool {
            row.withUnsafeBytes { digests.changes(in: $0.baseAddress!, y: 0) } != nil
        }
        #expect(isNew())
        for one in 0..<128 {
            for other in 0..<one {
                row.swapAt(one, other)
                #expect(isNew(), "\(one) and \(other)")
            }
        }
    }

    @Test(.enabled(if: canBeKept)) func keptWhileLittleChanges() throws {
        let digests = try kept(Size(width: 4, height: 4))
        let row: [UInt32] = [1, 2, 3, 4]
        func isNew() -> Bool {
            row.withUnsafeBytes { digests.changes(in: $0.baseAddress!, y: 0) } != nil
        }
        #expect(isNew())
        #expect(!isNew())
        // A little that changes whole does not end it, much does.
        digests.didCopyRows(changing: 1, of: 1)
        #expect(digests.areKept)
        digests.didCopyRows(changing: 16, of: 16)
        #expect(!digests.areKept)
        // What was known once is not known any more.
        digests.didCopyRows(changing: 0, of: 16)
        #expect(digests.areKept && isNew())
        digests.forget()
        #expect(!digests.areKept)
        digests.didCopyRows(changing: 0, of: 16)
        #expect(isNew())
        #expect(!isNew())
    }

    /// A few pixels go back and forth, told as whole rows that are here or on their way, as blocks within, as another picture, or in a format that has to be converted:
    /// rows come again as they were when something else has written over them.
    @Test(arguments: Kind.allCases) func picturesAreExact(_ kind: Kind) throws {
        let ingest = try kind.makeIngest()
        defer { ingest.stop() }
        let head = ingest.makeHead()
        let size = Size(width: 300, height: 24)
        var random = Random(7)
        var base = Pixels.random(size, seed: 1)
        var content = base
        try head.receive(.scanout(.surface(content.surface())))
        try head.waitForPicture(content)
        for step in 0..<400 {
            let x = 40 * Int.random(in: 0..<7, using: &random)
            let y = 6 * Int.random(in: 0..<4, using: &random)
            content[x, y] = Bool.random(using: &random) ? base[x, y] : base[x, y] ^ 0x10
            var rect = Rect(x: 0, y: y, width: size.width, height: 6)
            switch step % 40 {
            case 20: rect = Rect(x: x, y: y, width: 20, height: 3)
            case 30:
                base = Pixels.random(size, seed: UInt64(step))
                content = base
                rect = Rect(size)
            case 35:
                try head.receive(.scanout(.surface(content.surface())))
                try head.waitForPicture(content)
                continue
            default: break
            }
            let part = content.part(rect)
            let here =
                step % 40 == 10 ? try part.bytesOfThree() : try part.surface(padding: step % 3 * 4)
            let surface = step % 2 == 0 ? here : try ArrivingPixelsTests.arriving(here)
            try head.receive(.update(.pixels(surface, x: rect.x, y: rect.y)))
            try head.waitForPicture(content)
        }
        #expect(head.counters.refused == 0)
    }
}

extension Pixels {
    /// In the format of three bytes a pixel: blue, green, red.
    fileprivate func bytesOfThree() throws -> DisplaySurface {
        let bytes = values.flatMap {
            [UInt8($0 & 0xff), UInt8($0 >> 8 & 0xff), UInt8($0 >> 16 & 0xff)]
        }
        return try DisplaySurface(
            width: size.width, height: size.height, stride: size.width * 3, format: .r8g8b8,
            memory: SurfaceBytes(bytes))
    }
}
