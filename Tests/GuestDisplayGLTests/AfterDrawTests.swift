import GuestDisplay
import Synchronization
import Testing

@testable import GuestDisplayGL

/// Windows that draw the guest's own buffers (``ReleasePolicy/afterDraw``), and what becomes of those that do not.
@Suite(.serialized)
struct AfterDrawTests {
    private static let size = Size(width: 40, height: 24)

    /// A guest with two buffers, which it shows in turn, and a head that is drawn from.
    private final class Rig {
        let ingest: Ingest
        let head: IngestHead
        let painter: TexturePainter
        let releases = Releases()
        private(set) var flips = 0

        /// `limit`: how long a window may take.
        init(limit: Duration) throws {
            ingest = try Ingest(
                .gl(EGLDisplayHandle.surfaceless()), releasePolicy: .afterDraw, drawLimit: limit,
                logger: quiet)
            head = ingest.makeHead()
            painter = try TexturePainter(ingest, size: AfterDrawTests.size, buffers: 2)
        }

        func close() {
            painter.close()
            ingest.stop()
        }

        /// What the guest shows with its nth flip.
        func content(_ flip: Int) -> Pixels { Pixels.random(size, seed: UInt64(flip)) }

        /// Draws into the other buffer and shows it. The picture that then is published.
        func flip(isTopDown: Bool = true) throws -> Picture {
            flips += 1
            let before = head.content.picture?.number ?? 0
            let buffer = flips % 2
            try painter.paint(content(flips), into: buffer)
            try head.receive(painter.scanout(of: buffer, isTopDown: isTopDown))
            try head.receive(.update(.inPlace(Rect(size), release: releases.make())))
            // One for the scanout, or one for both.
            let content = try head.waitForContent("the flip") {
                ($0.picture?.number ?? 0) > before
            }
            let settled: Bool = try wait("the ingest has seen both") { done in
                head.settle { done(true) }
            }
            #expect(settled)
            return try #require(head.content.picture ?? content.picture)
        }

        /// Flips until pictures are the guest's own buffers; each is drawn.
        func begin(in window: OffscreenWindow) throws -> Picture {
            while true {
                let picture = try flip()
                if picture.isDirect { return picture }
                try draw(picture, in: window)
                try releases.waitForOne()
                try #require(flips < 10, "the guest flips")
            }
        }

        func draw(_ picture: Picture, in window: OffscreenWindow) throws {
            try window.makeCurrent()
            try window.drawer.draw(picture, layers: [], frame: Rect(size), window: size)
        }

        /// What a window shows of a picture.
        func pixels(_ picture: Picture, in window: OffscreenWindow) throws -> Pixels {
            try draw(picture, in: window)
            return Pixels(size: size, values: try window.read().values.map { $0 & 0xff_ffff })
        }

        private var size: Size { AfterDrawTests.size }
    }

    @Test func flippingGuestIsDrawnWithoutACopy() throws {
        let rig = try Rig(limit: .seconds(3600))
        defer { rig.close() }
        let window = try OffscreenWindow(Self.size)
        defer { window.close() }
        var picture = try rig.begin(in: window)
        let uploaded = rig.head.counters.pixelsUploaded
        for _ in 0..<20 {
            // The guest waits for the window, and for nothing else.
            #expect(rig.releases.count.withLock { $0 } == rig.flips - 1)
            #expect(try rig.pixels(picture, in: window) == rig.content(rig.flips))
            try rig.releases.waitForOne()
            // It may be drawn again as long as it is shown.
            #expect(try rig.pixels(picture, in: window) == rig.content(rig.flips))
            picture = try rig.flip()
            #expect(picture.isDirect)
        }
        #expect(rig.head.counters.pixelsUploaded == uploaded)
        #expect(rig.head.counters.direct >= 20)
        #expect(rig.head.counters.failures == 0)
        // Last row first.
        try rig.draw(picture, in: window)
        try rig.releases.waitForOne()
        picture = try rig.flip(isTopDown: false)
        let upright = rig.content(rig.flips)
        var turned = upright
        for y in 0..<Self.size.height {
            for x in 0..<Self.size.width { turned[x, y] = upright[x, Self.size.height - 1 - y] }
        }
        #expect(picture.isDirect)
        #expect(try rig.pixels(picture, in: window) == turned)
        #expect(try rig.head.read(picture) == turned)
    }

    @Test func olderPicturesInHandHoldTheGuestOrAreCopied() throws {
        let rig = try Rig(limit: .seconds(3600))
        defer { rig.close() }
        let window = try OffscreenWindow(Self.size)
        defer { window.close() }
        var held: Picture? = try rig.begin(in: window)
        let shown = rig.content(rig.flips)
        try rig.draw(held!, in: window)
        try rig.releases.waitForOne()
        // Another window has the old picture in hand: drawing the new one is not enough.
        let next = try rig.flip()
        try rig.draw(next, in: window)
        let _: Bool = try wait("the ingest has seen it") { done in
            rig.head.settle { done(true) }
        }
        #expect(rig.releases.count.withLock { $0 } == rig.flips - 1)
        #expect(try rig.pixels(held!, in: window) == shown)
        held = nil
        try rig.releases.waitForOne()
    }

    /// Windows that do not draw in time: the guest goes on, and what they draw later is still whole.
    @Test func lateWindowsDrawCopies() throws {
        let rig = try Rig(limit: .milliseconds(1))
        defer { rig.close() }
        let window = try OffscreenWindow(Self.size)
        defer { window.close() }
        var direct = 0
        for _ in 0..<40 {
            let late = try rig.flip()
            let expected = rig.content(rig.flips)
            if late.isDirect { direct += 1 }
            try rig.releases.waitForOne()
            // The guest draws into that buffer again.
            _ = try rig.flip()
            try rig.releases.waitForOne()
            _ = try rig.flip()
            try rig.releases.waitForOne()
            #expect(try rig.pixels(late, in: window) == expected)
            if let picture = rig.head.content.picture { try rig.draw(picture, in: window) }
        }
        #expect(direct > 0, "no picture was the guest's own buffer")
        #expect(rig.head.counters.failures == 0)
    }

    /// The tests above would tell: a frame that is released before it was drawn is drawn over.
    @Test func guestsThatDoNotWaitAreSeen() throws {
        let rig = try Rig(limit: .seconds(3600))
        defer { rig.close() }
        let window = try OffscreenWindow(Self.size)
        defer { window.close() }
        let picture = try rig.begin(in: window)
        try rig.painter.paint(rig.content(1000), into: rig.flips % 2)
        #expect(try rig.pixels(picture, in: window) == rig.content(1000))
    }

    @Test func hiddenWindowsDoNotHoldTheGuestAgainAndAgain() throws {
        let rig = try Rig(limit: .milliseconds(1))
        defer { rig.close() }
        let window = try OffscreenWindow(Self.size)
        defer { window.close() }
        _ = try rig.begin(in: window)
        try rig.releases.waitForOne()
        // From here on nobody draws: copies, as after-copy has them.
        _ = try rig.flip()
        try rig.releases.waitForOne()
        let before = rig.head.counters.direct
        for _ in 0..<10 {
            #expect(try !rig.flip().isDirect)
            try rig.releases.waitForOne()
        }
        #expect(rig.head.counters.direct == before)
        // Shown again.
        let back = try #require(rig.head.content.picture)
        #expect(try rig.pixels(back, in: window) == rig.content(rig.flips))
        // Perhaps not for long: nobody draws it.
        _ = try rig.flip()
        #expect(rig.head.counters.direct > before)
    }

    @Test func guestsThatDrawIntoWhatTheyShowAreCopied() throws {
        let rig = try Rig(limit: .seconds(3600))
        defer { rig.close() }
        let window = try OffscreenWindow(Self.size)
        defer { window.close() }
        var picture = try rig.begin(in: window)
        try rig.draw(picture, in: window)
        try rig.releases.waitForOne()
        let before = rig.head.counters.direct
        for step in 100..<110 {
            let number = try #require(rig.head.content.picture).number
            try rig.painter.paint(rig.content(step), into: rig.flips % 2)
            try rig.head.receive(
                .update(.inPlace(Rect(Self.size), release: rig.releases.make())))
            let content = try rig.head.waitForContent("the update") {
                ($0.picture?.number ?? 0) > number
            }
            picture = try #require(content.picture)
            #expect(try rig.pixels(picture, in: window) == rig.content(step))
            try rig.releases.waitForOne()
        }
        #expect(rig.head.counters.direct == before)
    }

    @Test func framesAreReleasedWhateverHappens() throws {
        for ending in 0..<4 {
            let rig = try Rig(limit: .seconds(3600))
            let window = try OffscreenWindow(Self.size)
            defer { window.close() }
            let picture = try rig.begin(in: window)
            switch ending {
            case 0: try rig.head.receive(.scanout(.off))
            case 1: try rig.head.receive(.scanout(.surface(try rig.content(7).surface())))
            case 2: rig.close()
            default: break
            }
            if ending < 2 {
                try rig.releases.waitForOne()
                // The picture is still whole.
                #expect(try rig.pixels(picture, in: window) == rig.content(rig.flips))
            }
            if ending != 2 { rig.close() }
        }
    }
}

extension Picture {
    /// Whether it is the guest's own buffer.
    fileprivate var isDirect: Bool {
        if case .guest = storage { true } else { false }
    }
}
