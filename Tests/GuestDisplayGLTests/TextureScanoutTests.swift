import GuestDisplay
import Synchronization
import Testing

@testable import GuestDisplayGL

/// Scanouts that are textures of a context which shares with the ingest's, as a source that draws with GL would send them.
@Suite(.serialized)
struct TextureScanoutTests {
    @Test(arguments: [true, false])
    func croppedTextureComesRightSideUp(_ isTopDown: Bool) throws {
        let ingest = try Kind.gl.makeIngest()
        defer { ingest.stop() }
        let head = ingest.makeHead()
        let size = Size(width: 50, height: 40)
        let painter = try TexturePainter(ingest, size: size)
        defer { painter.close() }
        let content = Pixels.random(size, seed: 3)
        try painter.paint(content)
        let crop = Rect(x: 7, y: 5, width: 30, height: 20)
        try head.receive(painter.scanout(crop: crop, isTopDown: isTopDown))
        var upright = content
        if !isTopDown {
            for y in 0..<size.height {
                for x in 0..<size.width { upright[x, y] = content[x, size.height - 1 - y] }
            }
        }
        try head.waitForPicture(upright.part(crop))
    }

    @Test func framesAreReleasedAfterTheCopy() throws {
        let ingest = try Kind.gl.makeIngest()
        defer { ingest.stop() }
        let head = ingest.makeHead()
        let size = Size(width: 24, height: 16)
        let painter = try TexturePainter(ingest, size: size)
        defer { painter.close() }
        try painter.paint(Pixels.random(size, seed: 0))
        try head.receive(painter.scanout())
        try head.waitForPicture(Pixels.random(size, seed: 0))
        let releases = Releases()
        // Every picture is kept in hand: the guest is released all the same.
        var held: [(Picture, Pixels)] = []
        for seed in 1...20 as ClosedRange<UInt64> {
            let content = Pixels.random(size, seed: seed)
            try painter.paint(content)
            try head.receive(.update(.inPlace(Rect(size), release: releases.make())))
            try releases.waitForOne()
            #expect(releases.count.withLock { $0 } == Int(seed))
            // The last of them leaves only the reserve: from then on there is no slot to publish.
            if held.count < PictureRing.maximumSlots - 1 {
                held.append((try head.waitForPicture(content), content))
            }
        }
        for (picture, content) in held { #expect(try head.read(picture) == content) }
        #expect(head.counters.deferrals > 0)
        held = []
        try head.waitForPicture(Pixels.random(size, seed: 20))
    }

    @Test func framesAreReleasedWhateverHappens() throws {
        let ingest = try Kind.gl.makeIngest()
        var head: IngestHead? = ingest.makeHead()
        let size = Size(width: 8, height: 8)
        let painter = try TexturePainter(ingest, size: size)
        try painter.paint(Pixels.random(size, seed: 0))
        let releases = Releases()
        func update(_ rect: Rect) -> DisplayEvent {
            .update(.inPlace(rect, release: releases.make()))
        }
        // Refused: there is no scanout.
        #expect(throws: SurfaceError.self) { try head?.receive(update(Rect(size))) }
        try releases.waitForOne()
        try head?.receive(painter.scanout())
        // A rectangle outside, a replaced scanout, a display that goes off, a head that goes, an ingest that has ended.
        try head?.receive(update(Rect(x: 7, y: 7, width: 9, height: 1)))
        try releases.waitForOne()
        try head?.receive(update(Rect(size)))
        try head?.receive(painter.scanout())
        try releases.waitForOne()
        try head?.receive(update(Rect(size)))
        try head?.receive(.scanout(.off))
        try releases.waitForOne()
        try head?.receive(painter.scanout())
        try head?.receive(update(Rect(size)))
        head = nil
        try releases.waitForOne()
        let late = ingest.makeHead()
        painter.close()
        ingest.stop()
        try late.receive(
            .scanout(
                .gl(
                    try GLScanout(
                        storage: .texture(1), backingSize: size, crop: Rect(size), isTopDown: true))
            ))
        try late.receive(update(Rect(size)))
        try late.receive(.scanout(.off))
        try releases.waitForOne()
        #expect(releases.count.withLock { $0 } == 6)
    }

    @Test func softwareSaysThatItCannot() throws {
        let ingest = try Kind.software.makeIngest()
        defer { ingest.stop() }
        #expect(throws: GLError.self) { _ = try ingest.makeSharingContext() }
        let head = ingest.makeHead()
        let size = Size(width: 8, height: 8)
        let scanout = try GLScanout(
            storage: .texture(1), backingSize: size, crop: Rect(size), isTopDown: true)
        let error = #expect(throws: SurfaceError.self) {
            try head.receive(.scanout(.gl(scanout)))
        }
        #expect(error?.field == "texture")
    }
}
