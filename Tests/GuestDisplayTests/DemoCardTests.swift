import DisplayTesting
import Testing

@Suite("The demo guest's card")
struct DemoCardTests {
    static let sizes = [(640, 480), (800, 600), (1023, 767), (1366, 768)]

    static func picture(
        _ card: DemoCard, frame: UInt32 = 0, input: DemoInput = DemoInput()
    ) throws -> DemoCardPicture {
        let pixels = card.expectedPixels(frame: frame, input: input)
        return try #require(
            DemoCardPicture(width: card.width, height: card.height, pixels: pixels))
    }

    /// A picture made of another one's pixels: `source` says from where each comes.
    static func rearranged(
        _ picture: DemoCardPicture, width: Int, height: Int,
        _ source: (_ x: Int, _ y: Int) -> (x: Int, y: Int)
    ) throws -> DemoCardPicture {
        var pixels: [UInt32] = []
        pixels.reserveCapacity(width * height)
        for y in 0..<height {
            for x in 0..<width {
                let from = source(x, y)
                pixels.append(picture.pixels[from.y * picture.width + from.x])
            }
        }
        return try #require(DemoCardPicture(width: width, height: height, pixels: pixels))
    }

    @Test("What was drawn is read back", arguments: sizes, [UInt32(0), 1, 0x89AB_CDEF, .max])
    func roundTrip(size: (Int, Int), frame: UInt32) throws {
        for motion in [DemoCard.Motion.small, .full] {
            let card = DemoCard(
                width: size.0, height: size.1, motion: motion, head: 12,
                place: DemoPlace(x: -1920, y: 1080))
            var keys = DemoKeyLog([0xE0, 0x1D])
            keys.append((0..<100).map { UInt8(truncatingIfNeeded: $0 * 37) })
            let mouse = DemoMouse(
                x: size.0 - 1, y: 0, buttons: [.left, .extra], wheel: -3, packets: 7,
                totalX: -1000, totalY: 2000, absoluteX: 32767, absoluteY: 1, head: 12)
            let events = DemoKeyEvents(count: 3, code: 0x110, value: 1)
            let picture = try Self.picture(
                card, frame: frame, input: DemoInput(keys: keys, events: events, mouse: mouse))
            #expect(picture.topFrame == frame)
            #expect(picture.bottomFrame == frame)
            #expect(picture.frame == frame)
            #expect(picture.keyLog == keys)
            #expect(picture.mouse == mouse)
            #expect(picture.keyEvents == events)
            #expect(picture.head == 12)
            #expect(picture.place == DemoPlace(x: -1920, y: 1080))
            #expect(picture.mode?.width == size.0)
            #expect(picture.mode?.height == size.1)
        }
    }

    @Test("The number in the block is read back; the strips stay as they were")
    func block() throws {
        for frame: UInt32 in [0, 1, 0x89AB_CDEF, .max] {
            let picture = try Self.picture(
                DemoCard(width: 640, height: 480, motion: .block), frame: frame)
            #expect(picture.blockFrame == frame)
            #expect(picture.frame == 0)
        }
        // The left half of one frame and the right half of the next are no frame.
        let card = DemoCard(width: 640, height: 480, motion: .block)
        var mixed = card.expectedPixels(frame: 0x0F)
        let next = card.expectedPixels(frame: 0x10)
        for y in 264..<328 {
            for x in 80..<112 { mixed[y * 640 + x] = next[y * 640 + x] }
        }
        #expect(DemoCardPicture(width: 640, height: 480, pixels: mixed)?.blockFrame == nil)
    }

    @Test("Before any input the log is empty and the mouse in the middle")
    func initialState() throws {
        let picture = try Self.picture(DemoCard(width: 800, height: 600))
        #expect(picture.keyLog == DemoKeyLog())
        #expect(picture.mouse == DemoMouse(x: 400, y: 300))
    }

    @Test("Each frame differs from the next; with full motion in every pixel but the cells")
    func motion() {
        for motion in [DemoCard.Motion.small, .block, .full] {
            let card = DemoCard(width: 640, height: 480, motion: motion)
            let pairs = zip(card.expectedPixels(frame: 7), card.expectedPixels(frame: 8))
            let same = pairs.count { $0 == $1 }
            #expect(same < 640 * 480)
            if motion == .block { #expect(same >= 640 * 480 - 64 * 64) }
            let cells = 48 * 8 * 8 * 2 + 48 * 4 * 30 * 4
            if motion == .full { #expect(same <= cells) }
        }
    }

    @Test("Each head's card differs; the pointer is on its own, where it is drawn")
    func heads() {
        let pictures = (0..<16).map {
            DemoCard(width: 640, height: 480, head: $0).expectedPixels()
        }
        #expect(Set(pictures).count == 16)
        let input = DemoInput(mouse: DemoMouse(x: 300, y: 300, packets: 1, head: 1))
        func pixel(head: Int, drawsPointer: Bool) -> UInt32 {
            let card = DemoCard(width: 640, height: 480, head: head, drawsPointer: drawsPointer)
            return card.expectedPixels(input: input)[300 * 640 + 300]
        }
        let plain = pixel(head: 0, drawsPointer: true)
        #expect(pixel(head: 1, drawsPointer: true) == 0)
        #expect(plain != 0)
        #expect(pixel(head: 1, drawsPointer: false) == plain)
    }

    @Test("A head that is smaller than a card shows its upper left part")
    func smallHead() {
        let small = DemoCard(width: 300, height: 200).expectedPixels()
        #expect(small.count == 300 * 200)
        #expect(
            Array(small[..<300])
                == Array(DemoCard(width: 640, height: 480).expectedPixels()[..<300]))
    }

    @Test("A flipped, turned, shifted or scaled picture reads as nothing")
    func wrongGeometry() throws {
        let (w, h) = (800, 600)
        let good = try Self.picture(DemoCard(width: w, height: h), frame: 5)
        let wrong = [
            try Self.rearranged(good, width: w, height: h) { (w - 1 - $0, $1) },
            try Self.rearranged(good, width: w, height: h) { ($0, h - 1 - $1) },
            try Self.rearranged(good, width: w, height: h) { (w - 1 - $0, h - 1 - $1) },
            try Self.rearranged(good, width: h, height: w) { ($1, h - 1 - $0) },
            try Self.rearranged(good, width: w - 1, height: h) { x, y in (x + 1, y) },
            try Self.rearranged(good, width: w, height: h - 1) { x, y in (x, y + 1) },
            try Self.rearranged(good, width: w, height: h - 1) { x, y in (x, y) },
            try Self.rearranged(good, width: w / 2, height: h / 2) { x, y in (2 * x, 2 * y) },
        ]
        for picture in wrong {
            #expect(picture.frame == nil)
            #expect(picture.pixels != good.pixels)
        }
    }

    @Test("A picture cropped by one column at the right differs in its last columns")
    func cropped() throws {
        let (w, h) = (800, 600)
        let good = try Self.picture(DemoCard(width: w, height: h))
        let pixels = try Self.rearranged(good, width: w, height: h) { x, y in
            (min(x, w - 2), y)
        }
        #expect(pixels.pixels != good.pixels)
    }

    @Test("Red and blue in each other's place are seen")
    func swappedChannels() {
        let good = DemoCard(width: 640, height: 480).expectedPixels()
        let swapped = good.map { $0 & 0x00FF00 | $0 >> 16 & 0xFF | ($0 & 0xFF) << 16 }
        #expect(swapped != good)
        #expect(swapped[0] == 0x0000FF)
    }

    @Test("A picture torn between two frames has two frame numbers")
    func torn() throws {
        let card = DemoCard(width: 640, height: 480)
        let (new, old) = (card.expectedPixels(frame: 2), card.expectedPixels(frame: 1))
        let pixels = Array(new[..<(640 * 240)] + old[(640 * 240)...])
        let picture = try #require(DemoCardPicture(width: 640, height: 480, pixels: pixels))
        #expect(picture.topFrame == 2)
        #expect(picture.bottomFrame == 1)
        #expect(picture.frame == nil)
    }

    @Test("One pixel that is not exact makes a cell unreadable; the X byte does not matter")
    func exactness() throws {
        var pixels = DemoCard(width: 640, height: 480).expectedPixels().map { $0 | 0xFF00_0000 }
        let opaque = try #require(DemoCardPicture(width: 640, height: 480, pixels: pixels))
        #expect(opaque.frame == 0)
        #expect(opaque.keyLog != nil)
        pixels[3 * 640 + 100] ^= 0x000001
        pixels[(104 + 2) * 640 + 60] ^= 0x010000
        let touched = try #require(DemoCardPicture(width: 640, height: 480, pixels: pixels))
        #expect(touched.topFrame == nil)
        #expect(touched.bottomFrame == 0)
        #expect(touched.keyLog == nil)
    }

    @Test("A picture too small for the cells, or of a wrong length, reads as nothing")
    func small() throws {
        #expect(DemoCardPicture(width: 10, height: 10, pixels: [0]) == nil)
        #expect(DemoCardPicture(width: 0, height: 10, pixels: []) == nil)
        let picture = try #require(
            DemoCardPicture(width: 3, height: 2, pixels: [0, 0, 0, 0, 0, 0]))
        #expect(picture.frame == nil)
        #expect(picture.keyLog == nil)
        #expect(picture.mouse == nil)
        #expect(picture.mode == nil)
    }

    @Test("The log knows what came after a point, as long as it is kept")
    func logSince() {
        var log = DemoKeyLog()
        #expect(log.bytes(since: 0) == [])
        log.append((0..<70).map { UInt8($0) })
        #expect(log.count == 70)
        #expect(log.bytes.count == DemoKeyLog.capacity)
        #expect(log.bytes(since: 68) == [68, 69])
        #expect(log.bytes(since: 5) == nil)
        #expect(log.bytes(since: 71) == nil)
    }
}

@Suite("The keys of the demo guest")
struct DemoKeyTests {
    @Test("There are 105 keys, each once")
    func count() {
        #expect(DemoKey.all.count == 105)
        #expect(Set(DemoKey.all.map(\.evdev)).count == 105)
        #expect(Set(DemoKey.all.map(\.qcode)).count == 105)
        #expect(Set(DemoKey.all.map(\.name)).count == 105)
        #expect(Set(DemoKey.all.map(\.makeBytes)).count == 105)
    }

    @Test("Known keys have their known bytes")
    func known() throws {
        let keypadEnter = try #require(DemoKey.key(evdev: 96))
        #expect(keypadEnter.makeBytes == [0xE0, 0x1C])
        #expect(keypadEnter.bytes(pressed: false) == [0xE0, 0x9C])
        #expect(keypadEnter.x11Keycode == 104)
        let a = try #require(DemoKey.key(evdev: 30))
        #expect(a.bytes(pressed: true, holding: [.shift, .leftAlt]) == [0x1E])
        #expect(DemoKey.printScreen.bytes(pressed: true, holding: .leftAlt) == [0xB8, 0x38, 0x54])
        #expect(DemoKey.printScreen.bytes(pressed: true, holding: .shift) == [0xE0, 0x37])
        #expect(DemoKey.pause.bytes(pressed: false) == [])
        #expect(DemoKey.pause.bytes(pressed: true, holding: .control) == [0xE0, 0x46, 0xE0, 0xC6])
        #expect(DemoKey.key(evdev: 300) == nil)
    }
}
