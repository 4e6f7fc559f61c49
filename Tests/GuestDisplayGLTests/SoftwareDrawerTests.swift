import GuestDisplay
import Testing

@testable import GuestDisplayGL

/// The CPU's drawer beside the GL one, and what it leaves alone.
@Suite(.serialized)
struct SoftwareDrawerTests {
    private func picture(_ pixels: Pixels, _ ingest: Ingest) throws -> Picture {
        let head = ingest.makeHead()
        try head.receive(.scanout(.surface(try pixels.surface(padding: 8))))
        return try head.waitForPicture(pixels)
    }

    private func drawWithCPU(
        _ picture: Picture, _ layers: [Layer], frame: Rect, window: Size
    ) throws -> Pixels {
        let memory = CanaryMemory(window, padding: 0)
        try SoftwareDrawer().draw(
            picture, layers: layers, frame: frame, window: window, to: memory.base,
            stride: memory.stride)
        return Pixels(size: window, values: memory.pixels)
    }

    private func difference(_ one: Pixels, _ other: Pixels) -> Int {
        zip(one.values, other.values).reduce(0) { largest, pair in
            [UInt32(0), 8, 16, 24].reduce(largest) {
                max($0, abs(Int(pair.0 >> $1 & 0xff) - Int(pair.1 >> $1 & 0xff)))
            }
        }
    }

    /// As wide, or as tall, as windows are, where numbers of limited precision begin to drift.
    @Test(arguments: [
        (Size(width: 1366, height: 8), Rect(x: 0, y: 0, width: 1366, height: 8)),
        (Size(width: 1366, height: 8), Rect(x: 10, y: 3, width: 2732, height: 16)),
        (Size(width: 1366, height: 8), Rect(x: -4000, y: -7, width: 9562, height: 56)),
        (Size(width: 1366, height: 8), Rect(x: -13, y: 7, width: 1920, height: 11)),
        (Size(width: 1366, height: 8), Rect(x: 5, y: 5, width: 683, height: 4)),
        (Size(width: 1366, height: 8), Rect(x: 5, y: 5, width: 401, height: 19)),
        (Size(width: 8, height: 768), Rect(x: -3, y: -50, width: 11, height: 1081)),
        (Size(width: 8, height: 768), Rect(x: 2, y: -100, width: 17, height: 1279)),
        (Size(width: 8, height: 768), Rect(x: 0, y: 1, width: 5, height: 383)),
        (Size(width: 8, height: 768), Rect(x: 0, y: -2000, width: 56, height: 5376)),
    ])
    func drawsWhatGLDraws(_ guest: Size, _ frame: Rect) throws {
        let ingest = try Kind.software.makeIngest()
        defer { ingest.stop() }
        let picture = try picture(.random(guest, seed: 5), ingest)
        let isWide = guest.width > guest.height
        let window = isWide ? Size(width: 1930, height: 24) : Size(width: 24, height: 1085)
        let target = try OffscreenWindow(window)
        defer { target.close() }
        try target.drawer.draw(picture, layers: [], frame: frame, window: window)
        let gl = try target.read()
        let cpu = try drawWithCPU(picture, [], frame: frame, window: window)
        if frame.width % guest.width == 0, frame.height % guest.height == 0 {
            #expect(gl == cpu)
        } else {
            #expect(difference(gl, cpu) <= 1)
        }
        #expect(cpu.values.allSatisfy { $0 >> 24 == 0xff })
    }

    /// A picture of one colour stays that colour at any size, and layers of one colour too.
    @Test func flatColoursStayFlat() throws {
        let ingest = try Kind.software.makeIngest()
        defer { ingest.stop() }
        let size = Size(width: 50, height: 40)
        for value: UInt32 in [0, 0xff_ffff, 0x01_80fe] {
            let picture = try picture(
                Pixels(size: size, values: Array(repeating: value, count: 2000)), ingest)
            for width in [3, 7, 49, 51, 77, 130, 349] {
                let frame = Rect(x: 0, y: 0, width: width, height: 61)
                let drawn = try drawWithCPU(picture, [], frame: frame, window: frame.size)
                #expect(drawn.values.allSatisfy { $0 == 0xff00_0000 | value })
            }
        }
    }

    /// Nothing but the damage is written, and the damage is what a frame of its own has there.
    @Test(arguments: [
        Rect(x: 3, y: 2, width: 30, height: 20), Rect(x: -5, y: -3, width: 90, height: 60),
        Rect(x: 1, y: 1, width: 44, height: 31), Rect(x: 2, y: 4, width: 17, height: 11),
    ])
    func touchesTheDamageAlone(_ frame: Rect) throws {
        let ingest = try Kind.software.makeIngest()
        defer { ingest.stop() }
        let picture = try picture(.random(Size(width: 30, height: 20), seed: 2), ingest)
        let window = Size(width: 50, height: 40)
        let content = Layer.Content(
            size: Size(width: 5, height: 5), pixels: Array(repeating: 0x8040_2010, count: 25))
        let layers = [
            Layer(content: content, frame: Rect(x: 8, y: 8, width: 5, height: 5)),
            Layer(content: content, frame: Rect(x: 10, y: 9, width: 12, height: 13)),
        ]
        let whole = try drawWithCPU(picture, layers, frame: frame, window: window)
        var random = Random(3)
        let drawer = SoftwareDrawer()
        for _ in 0..<40 {
            var damage = Damage(size: window)
            for _ in 0..<3 { damage.add(random.rect(in: window)) }
            let memory = CanaryMemory(window, padding: 4)
            try drawer.draw(
                picture, layers: layers, frame: frame, window: window, to: memory.base,
                stride: memory.stride, damage: damage)
            var expected = Pixels(
                size: window,
                values: Array(
                    repeating: CanaryMemory.canary, count: window.width * window.height))
            for rect in damage.rects { expected.put(whole.part(rect), x: rect.x, y: rect.y) }
            #expect(memory.pixels == expected.values)
            #expect(memory.isPaddingUntouched)
        }
    }

    @Test func aPictureOfAGPUIsRefused() throws {
        let ingest = try Kind.gl.makeIngest()
        defer { ingest.stop() }
        let picture = try picture(.random(Size(width: 4, height: 4), seed: 1), ingest)
        let error = #expect(throws: GLError.self) {
            try drawWithCPU(picture, [], frame: Rect(picture.size), window: picture.size)
        }
        #expect(error?.reason.contains("GPU") == true)
    }

    @Test func aBadStrideIsToldByName() throws {
        let memory = CanaryMemory(Size(width: 4, height: 4), padding: 0)
        let error = #expect(throws: GLError.self) {
            try SoftwareDrawer().draw(
                nil, layers: [], frame: .zero, window: memory.size, to: memory.base, stride: 15)
        }
        #expect(error?.operation.contains("stride of 15") == true)
    }
}

/// What of a window is drawn anew.
struct PresentedStateTests {
    private let guest = Size(width: 40, height: 30)

    /// Pictures of one head, each with an update more.
    private func pictures(_ updates: [Rect]) throws -> [Picture] {
        let ingest = try Kind.software.makeIngest()
        defer { ingest.stop() }
        let head = ingest.makeHead()
        var content = Pixels.random(guest, seed: 1)
        try head.receive(.scanout(.surface(try content.surface())))
        var pictures = [try head.waitForPicture(content)]
        for (index, rect) in updates.enumerated() {
            let part = Pixels.random(rect.size, seed: UInt64(index) + 2)
            content.put(part, x: rect.x, y: rect.y)
            try head.receive(.update(.pixels(try part.surface(), x: rect.x, y: rect.y)))
            pictures.append(try head.waitForPicture(content))
        }
        return pictures
    }

    @Test(arguments: [
        (Rect(x: 0, y: 0, width: 40, height: 30), Rect(x: 7, y: 8, width: 1, height: 1)),
        (Rect(x: 3, y: 2, width: 40, height: 30), Rect(x: 10, y: 10, width: 1, height: 1)),
        (Rect(x: 0, y: 0, width: 80, height: 60), Rect(x: 14, y: 16, width: 2, height: 2)),
        (Rect(x: 0, y: 0, width: 60, height: 45), Rect(x: 10, y: 12, width: 2, height: 2)),
        (Rect(x: 0, y: 0, width: 20, height: 15), Rect(x: 3, y: 4, width: 1, height: 1)),
    ])
    func aGuestPixelIsAsLargeAsItIsDrawn(_ frame: Rect, _ expected: Rect) throws {
        let pictures = try pictures([Rect(x: 7, y: 8, width: 1, height: 1)])
        let window = Size(width: 100, height: 90)
        var state = PresentedState()
        #expect(state.update(to: pictures[0], layers: [], frame: frame, window: window).isFull)
        let damage = state.update(to: pictures[1], layers: [], frame: frame, window: window)
        #expect(Array(damage.rects) == [expected])
        #expect(
            state.update(to: pictures[1], layers: [], frame: frame, window: window).isEmpty)
    }

    @Test func aSkippedPictureCountsToo() throws {
        let pictures = try pictures([
            Rect(x: 1, y: 1, width: 2, height: 2), Rect(x: 20, y: 20, width: 3, height: 3),
        ])
        var state = PresentedState()
        _ = state.update(to: pictures[0], layers: [], frame: Rect(guest), window: guest)
        let damage = state.update(
            to: pictures[2], layers: [], frame: Rect(guest), window: guest)
        #expect(
            Set(damage.rects) == [
                Rect(x: 1, y: 1, width: 2, height: 2), Rect(x: 20, y: 20, width: 3, height: 3),
            ])
    }

    @Test func whatMovesIsDrawnWhole() throws {
        let pictures = try pictures([])
        let window = Size(width: 60, height: 50)
        var state = PresentedState()
        func update(_ picture: Picture?, _ frame: Rect, _ window: Size) -> Damage {
            state.update(to: picture, layers: [], frame: frame, window: window)
        }
        #expect(update(pictures[0], Rect(guest), window).isFull)
        #expect(update(pictures[0], Rect(x: 1, y: 0, width: 40, height: 30), window).isFull)
        #expect(update(pictures[0], Rect(x: 1, y: 0, width: 40, height: 30), guest).isFull)
        #expect(update(nil, Rect(x: 1, y: 0, width: 40, height: 30), guest).isFull)
        #expect(update(nil, Rect(x: 1, y: 0, width: 40, height: 30), guest).isEmpty)
        state.invalidate()
        #expect(update(nil, Rect(x: 1, y: 0, width: 40, height: 30), guest).isFull)
    }

    @Test func layersAreDrawnWhereTheyWereAndAre() {
        func content() -> Layer.Content {
            Layer.Content(size: Size(width: 1, height: 1), pixels: [0xffff_ffff])
        }
        let (one, two) = (content(), content())
        func at(_ x: Int, _ content: Layer.Content) -> Layer {
            Layer(content: content, frame: Rect(x: x, y: 0, width: 2, height: 2))
        }
        func rects(_ places: Int...) -> Set<Rect> {
            Set(places.map { Rect(x: $0, y: 0, width: 2, height: 2) })
        }
        var state = PresentedState()
        func update(_ layers: [Layer]) -> Set<Rect> {
            Set(
                state.update(to: nil, layers: layers, frame: .zero, window: guest).rects)
        }
        _ = update([])
        #expect(update([at(0, one)]) == rects(0))
        #expect(update([at(0, one)]).isEmpty)
        #expect(update([at(10, one)]) == rects(0, 10))
        #expect(update([at(10, two)]) == rects(10))
        #expect(update([at(10, two), at(20, one)]) == rects(20))
        #expect(update([at(20, one), at(10, two)]) == rects(10, 20), "another order")
        #expect(update([at(10, two)]) == rects(20))
        #expect(update([]) == rects(10))
    }
}
