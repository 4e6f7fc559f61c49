import Dispatch
import GuestDisplay
import Synchronization
import Testing

@testable import GuestDisplayGL

/// What a head publishes of a source's events.
struct IngestHeadTests {
    @Test(arguments: Kind.allCases)
    func firstPictureIsExact(_ kind: Kind) throws {
        let ingest = try kind.makeIngest()
        defer { ingest.stop() }
        let head = ingest.makeHead()
        #expect(head.content.isNothing)
        let pixels = Pixels.random(Size(width: 67, height: 31), seed: 1)
        try head.receive(.scanout(.surface(try pixels.surface(padding: 12))))
        let picture = try head.waitForPicture(pixels)
        #expect(picture.number == 1)
        #expect(picture.damage(since: 0).isFull)
        #expect(head.counters.bytesCopied == 67 * 31 * 4)
    }

    @Test func renderersSayWhatTheyAre() throws {
        let software = try Kind.software.makeIngest()
        #expect(software.rendererDescription == "software")
        let gl = try Kind.gl.makeIngest()
        #expect(gl.rendererDescription.hasPrefix("GL: "))
        #expect(gl.rendererDescription.hasSuffix(" surfaceless"))
    }

    /// With the CPU a source's thread does the ingest's work while its own thread has nothing to do.
    @Test func softwareIsPublishedAtOnce() throws {
        let ingest = try Kind.software.makeIngest()
        defer { ingest.stop() }
        let head = ingest.makeHead()
        let pixels = Pixels.random(Size(width: 67, height: 31), seed: 1)
        try head.receive(.scanout(.surface(try pixels.surface())))
        #expect(head.content.picture?.number == 1)
        // Busy with something else: the source goes on, and the picture comes afterwards.
        let (begun, end) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        head.settle {
            begun.signal()
            end.wait()
        }
        try #require(begun.wait(timeout: .now() + deadline) == .success)
        let others = Pixels.random(Size(width: 67, height: 31), seed: 2)
        try head.receive(.update(.pixels(others.surface(), x: 0, y: 0)))
        #expect(head.content.picture?.number == 1)
        end.signal()
        #expect(try head.waitForPicture(others).number == 2)
    }

    /// Parts of one reading of a screen are one picture, whatever comes in between.
    @Test(arguments: Kind.allCases)
    func collectedUpdatesAreOnePicture(_ kind: Kind) throws {
        let ingest = try kind.makeIngest()
        defer { ingest.stop() }
        let head = ingest.makeHead()
        var content = Pixels.random(Size(width: 40, height: 30), seed: 1)
        try head.receive(.scanout(.surface(try content.surface())))
        let first = try head.waitForPicture(content)
        func change(_ seed: UInt64) throws -> DisplayEvent {
            let part = Pixels.random(Size(width: 4, height: 4), seed: seed)
            content.put(part, x: Int(seed), y: Int(seed))
            return .update(.pixels(try part.surface(), x: Int(seed), y: Int(seed)))
        }
        for seed in 2...4 as ClosedRange<UInt64> { try head.collect(try change(seed)) }
        head.flush()
        #expect(try head.waitForPicture(content).number == first.number + 1)
        // Anything else ends it.
        try head.collect(try change(5))
        try head.receive(try change(6))
        #expect(try head.waitForPicture(content).number == first.number + 2)
        try head.collect(try change(7))
        try head.collect(.cursorPosition(CursorPosition(x: 1, y: 1, isVisible: true)))
        #expect(try head.waitForPicture(content).number == first.number + 3)
    }

    /// Random updates: each published picture is the content after some number of whole updates, and its damage since each older
    /// one covers every pixel that differs.
    @Test(arguments: Kind.allCases)
    func damageCoversEveryDifference(_ kind: Kind) throws {
        let ingest = try kind.makeIngest()
        defer { ingest.stop() }
        let head = ingest.makeHead()
        let size = Size(width: 61, height: 47)
        var random = Random(7)
        var content = Pixels.random(size, seed: 3)
        try head.receive(.scanout(.surface(try content.surface())))
        var seen: [(picture: UInt64, content: Pixels)] = []
        for _ in 0..<60 {
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                var rect = random.rect(in: size)
                rect.width = min(rect.width, 9)
                rect.height = min(rect.height, 9)
                let part = Pixels(
                    size: rect.size, values: random.pixels(rect.width * rect.height))
                content.put(part, x: rect.x, y: rect.y)
                try head.receive(.update(.pixels(part.surface(padding: 4), x: rect.x, y: rect.y)))
            }
            let picture = try head.waitForPicture(content)
            for old in seen {
                let damage = picture.damage(since: old.picture)
                for y in 0..<size.height {
                    for x in 0..<size.width where content[x, y] != old.content[x, y] {
                        let pixel = Rect(x: x, y: y, width: 1, height: 1)
                        #expect(damage.rects.contains { $0.contains(pixel) })
                    }
                }
            }
            if let last = seen.last, last.picture + 1 == picture.number {
                #expect(!picture.damage(since: last.picture).isFull)
            }
            #expect(picture.damage(since: picture.number).isEmpty)
            #expect(picture.damage(since: picture.number + 1).isFull)
            seen.append((picture.number, content))
        }
        let first = try #require(seen.first)
        let last = try #require(head.content.picture)
        #expect(last.damage(since: first.picture).isFull, "too old to remember")
    }

    @Test(arguments: Kind.allCases)
    func heldPictureNeverChanges(_ kind: Kind) throws {
        let ingest = try kind.makeIngest()
        defer { ingest.stop() }
        let head = ingest.makeHead()
        let size = Size(width: 33, height: 17)
        var held: [(Picture, Pixels)] = []
        // More readers than slots: the rest waits, newest wins.
        for seed in 0..<UInt64(PictureRing.maximumSlots) {
            let content = Pixels.random(size, seed: seed)
            try head.receive(.scanout(.surface(try content.surface())))
            held.append((try head.waitForPicture(content), content))
        }
        for seed in 100..<UInt64(120) {
            try head.receive(
                .update(.pixels(try Pixels.random(size, seed: seed).surface(), x: 0, y: 0)))
        }
        for (picture, content) in held { #expect(try head.read(picture) == content) }
        let number = try #require(head.content.picture).number
        #expect(number == held.last?.0.number, "no slot was free")
        #expect(head.counters.deferrals > 0)
        held.removeFirst()
        let newest = try head.waitForPicture(Pixels.random(size, seed: 119))
        #expect(newest.number == number + 1, "what nobody took was overwritten")
        for (picture, content) in held { #expect(try head.read(picture) == content) }
    }

    /// A picture that is all new takes the surface's memory; neither it nor what comes after it may show.
    @Test(arguments: Kind.allCases)
    func wholeAndPartialChangesInAnyOrder(_ kind: Kind) throws {
        let ingest = try kind.makeIngest()
        defer { ingest.stop() }
        let head = ingest.makeHead()
        let size = Size(width: 37, height: 23)
        var random = Random(11)
        var content = Pixels.random(size, seed: 1)
        try head.receive(.scanout(.surface(try content.surface())))
        var held: [(Picture, Pixels)] = [(try head.waitForPicture(content), content)]
        for seed in 0..<UInt64(200) {
            let last = held[held.count - 1].0
            var isSmall = false
            switch Int.random(in: 0..<5, using: &random) {
            case 0:
                content = .random(size, seed: seed)
                try head.receive(.scanout(.surface(try content.surface())))
            case 1:
                content = .random(size, seed: seed)
                try head.receive(.update(.pixels(try content.surface(), x: 0, y: 0)))
            case 2:
                content[3, 4] ^= 0xff
                try head.receive(.update(.pixels(try content.surface(), x: 0, y: 0)))
                isSmall = true
            case 3:
                // Twice before anybody can have taken the first, or not.
                for _ in 0..<2 {
                    content[30, 20] ^= 0x7f01
                    content[0, 0] &+= 1
                    content[0, 0] &= 0xff_ffff
                    try head.receive(.update(.pixels(try content.surface(), x: 0, y: 0)))
                }
            default:
                var rect = random.rect(in: size)
                rect.width = min(rect.width, 5)
                let part = Pixels(
                    size: rect.size, values: random.pixels(rect.width * rect.height))
                content.put(part, x: rect.x, y: rect.y)
                try head.receive(.update(.pixels(part.surface(), x: rect.x, y: rect.y)))
            }
            let picture = try head.waitForPicture(content)
            if isSmall, picture.number == last.number + 1 {
                let damage = picture.damage(since: last.number)
                #expect(damage.bounds.contains(Rect(x: 3, y: 4, width: 1, height: 1)))
                #expect(damage.bounds.height == 1)
            }
            held.append((picture, content))
            if held.count > 4 { held.remove(at: Int.random(in: 0..<4, using: &random)) }
            if seed % 10 == 0 {
                for (picture, content) in held { #expect(try head.read(picture) == content) }
            }
        }
    }

    @Test(arguments: Kind.allCases)
    func anUpdateThatChangesNothingMakesNoPicture(_ kind: Kind) throws {
        let ingest = try kind.makeIngest()
        defer { ingest.stop() }
        let head = ingest.makeHead()
        var content = Pixels.random(Size(width: 40, height: 9), seed: 1)
        try head.receive(.scanout(.surface(try content.surface())))
        try head.waitForPicture(content)
        for count in 1...3 {
            try head.receive(.update(.pixels(try content.surface(), x: 0, y: 0)))
            #expect(head.counters.unchanged == count)
        }
        content[39, 8] ^= 1
        try head.receive(.update(.pixels(try content.surface(), x: 0, y: 0)))
        #expect(try head.waitForPicture(content).number == 2)
        #expect(head.counters.unchanged == 3)
    }

    /// One entry for a picture, however its changes came, and for each change that makes none.
    @Test(arguments: Kind.allCases)
    func stagesAreTimed(_ kind: Kind) throws {
        let ingest = try kind.makeIngest()
        defer { ingest.stop() }
        let head = ingest.makeHead()
        let begin = Moment.now
        var content = Pixels.random(Size(width: 40, height: 9), seed: 1)
        try head.receive(.scanout(.surface(try content.surface())))
        let picture = try head.waitForPicture(content)
        #expect(head.counters.stages[.ingest].count == 1)
        #expect(head.counters.stages[.ingest].nanoseconds > 0)
        let age = Moment.now.nanoseconds(since: picture.published)
        #expect(age > 0 && age < Moment.now.nanoseconds(since: begin))
        try head.receive(.update(.pixels(try content.surface(), x: 0, y: 0)))
        try head.receive(.cursorPosition(CursorPosition(x: 1, y: 1, isVisible: true)))
        _ = try wait("the ingest thread's turn") { done in head.settle { done(true) } }
        #expect(head.counters.stages[.ingest].count == 2)
        content[3, 4] ^= 1
        try head.receive(.update(.pixels(try content.surface(), x: 0, y: 0)))
        #expect(try head.waitForPicture(content).number == 2)
        #expect(head.counters.stages[.ingest].count == 3)
        #expect(
            head.counters.stages[.ingest].longest <= head.counters.stages[.ingest].nanoseconds)
        // A picture's object is used again, its time is not.
        for index in 0..<6 {
            let begin = Moment.now
            content[index, 8] ^= 1
            try head.receive(.update(.pixels(try content.surface(), x: 0, y: 0)))
            let published = try head.waitForPicture(content).published
            #expect(published.nanoseconds(since: begin) > 0)
        }
        head.note(.receive, nanoseconds: 5)
        head.note(.receive, nanoseconds: 6)
        #expect(head.counters.stages[.receive].count == 2)
        #expect(head.counters.stages[.receive].nanoseconds == 11)
        #expect(head.counters.stages[.release].count == 0)
    }

    @Test(arguments: Kind.allCases)
    func offAndOnAgain(_ kind: Kind) throws {
        let ingest = try kind.makeIngest()
        defer { ingest.stop() }
        let head = ingest.makeHead()
        let pixels = Pixels.random(Size(width: 8, height: 8), seed: 1)
        try head.receive(.scanout(.surface(try pixels.surface())))
        try head.waitForPicture(pixels)
        try head.receive(.scanout(.off))
        _ = try head.waitForContent("off comes") { $0.isOff }
        #expect(throws: SurfaceError.self) {
            try head.receive(.update(.pixels(try pixels.surface(), x: 0, y: 0)))
        }
        #expect(head.content.isOff)
        #expect(head.counters.changes == 1, "neither off nor what was refused")
        let larger = Pixels.random(Size(width: 9, height: 5), seed: 2)
        try head.receive(.scanout(.surface(try larger.surface())))
        #expect(try head.waitForPicture(larger).damage(since: 1).isFull)
    }

    @Test(arguments: [
        Rect(x: -1, y: 0, width: 4, height: 4), Rect(x: 0, y: -1, width: 4, height: 4),
        Rect(x: 13, y: 0, width: 4, height: 4), Rect(x: 0, y: 13, width: 4, height: 4),
        Rect(x: .max, y: 0, width: 4, height: 4), Rect(x: 0, y: .min, width: 4, height: 4),
    ])
    func wrongRectangleIsRefused(_ rect: Rect) throws {
        let ingest = try Kind.software.makeIngest()
        defer { ingest.stop() }
        let head = ingest.makeHead()
        let pixels = Pixels.random(Size(width: 16, height: 16), seed: 1)
        try head.receive(.scanout(.surface(try pixels.surface())))
        let part = try Pixels.random(rect.size, seed: 9).surface()
        let error = #expect(throws: SurfaceError.self) {
            try head.receive(.update(.pixels(part, x: rect.x, y: rect.y)))
        }
        #expect(error?.field == "rectangle")
        #expect(error?.description.contains("16×16") == true)
        #expect(head.counters.refused == 1)
        try head.waitForPicture(pixels)
    }

    @Test func cursorIsToldAtOnceAndWakes() throws {
        let ingest = try Kind.software.makeIngest()
        defer { ingest.stop() }
        let head = ingest.makeHead()
        #expect(head.cursor == CursorState())
        let shape = try Cursor(
            width: 2, height: 1, hotSpotX: 1, hotSpotY: 0, pixels: [0xffff_ffff, 0])
        let woken = DispatchSemaphore(value: 0)
        let observation = head.observe { woken.signal() }
        try head.receive(.cursor(shape))
        #expect(head.cursor.shape == shape)
        #expect(head.cursor.isDefined)
        #expect(head.cursor.shapeSerial == 1)
        #expect(woken.wait(timeout: .now() + deadline) == .success)
        try head.receive(.cursorPosition(CursorPosition(x: -3, y: 9, isVisible: false)))
        #expect(head.cursor.position == CursorPosition(x: -3, y: 9, isVisible: false))
        #expect(head.cursor.shapeSerial == 1)
        #expect(head.cursor.serial == 2)
        #expect(woken.wait(timeout: .now() + deadline) == .success)
        try head.receive(.cursor(nil))
        #expect(head.cursor.shape == nil && head.cursor.isDefined)
        observation.cancel()
    }

    @Test func cancelledObservationIsSilent() throws {
        let ingest = try Kind.software.makeIngest()
        let head = ingest.makeHead()
        let calls = Mutex(0)
        let observation = head.observe { calls.withLock { $0 += 1 } }
        observation.cancel()
        observation.cancel()
        var other: Observation? = head.observe { calls.withLock { $0 += 1 } }
        _ = other
        other = nil
        let pixels = Pixels.random(Size(width: 4, height: 4), seed: 1)
        try head.receive(.scanout(.surface(try pixels.surface())))
        try head.waitForPicture(pixels)
        ingest.stop()
        #expect(calls.withLock { $0 } == 0)
    }

    @Test(arguments: Kind.allCases)
    func afterTheEndPicturesStayAndReadsFail(_ kind: Kind) throws {
        let ingest = try kind.makeIngest()
        let head = ingest.makeHead()
        let pixels = Pixels.random(Size(width: 4, height: 4), seed: 1)
        try head.receive(.scanout(.surface(try pixels.surface())))
        let picture = try head.waitForPicture(pixels)
        ingest.stop()
        ingest.stop()
        let result = try wait("an answer") { head.readPixels(of: picture, completion: $0) }
        #expect(throws: DisplayError.self) { try result.get() }
        try head.receive(.scanout(.surface(try pixels.surface())))
        #expect(head.content.picture === picture)
    }

    @Test(arguments: Kind.allCases)
    func twoHeadsShareNothing(_ kind: Kind) throws {
        let ingest = try kind.makeIngest()
        defer { ingest.stop() }
        let heads = [ingest.makeHead(), ingest.makeHead()]
        let contents = (0..<2).map { Pixels.random(Size(width: 20, height: 10), seed: $0) }
        for (head, content) in zip(heads, contents) {
            try head.receive(.scanout(.surface(try content.surface())))
        }
        for (head, content) in zip(heads, contents) { try head.waitForPicture(content) }
    }
}
