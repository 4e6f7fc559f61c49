import GuestDisplay
import Testing

@testable import Viewer

@Suite struct LayerStackTests {
    private let guest = Size(width: 640, height: 480)

    private func geometry(_ window: Size? = nil, mode: ScaleMode = .fit) -> PictureGeometry {
        PictureGeometry(guest: guest, window: window ?? guest, mode: mode)
    }

    private func cursor(
        _ x: Int, _ y: Int, hotSpot: (Int, Int) = (1, 2), isVisible: Bool = true,
        pixel: UInt32 = 0xff12_3456
    ) throws -> CursorState {
        var state = CursorState()
        state.shape = try Cursor(
            width: 4, height: 6, hotSpotX: hotSpot.0, hotSpotY: hotSpot.1,
            pixels: Array(repeating: pixel, count: 24))
        state.isDefined = true
        state.shapeSerial = 1
        state.position = CursorPosition(x: x, y: y, isVisible: isVisible)
        return state
    }

    private func statistics(_ geometry: PictureGeometry) -> Statistics {
        var counters = IngestCounters()
        counters.changes = 110
        counters.picturesPublished = 100
        counters.refused = 3
        return Statistics(
            shownRate: 59.94, offeredRate: 75, geometry: geometry, renderer: "GL: x\ny",
            policy: .afterCopy, counters: counters, shown: 80)
    }

    @Test func nothingNeedsNoLayer() {
        var stack = LayerStack()
        #expect(stack.layers(over: geometry(), scaleFactor: 1).isEmpty)
    }

    @Test(arguments: [1, 2, 3])
    func theCursorsHotSpotIsWhereTheGuestPutIt(_ factor: Int) throws {
        var stack = LayerStack()
        let geometry = geometry(Size(width: 640 * factor + 10, height: 480 * factor))
        let layer = try #require(
            stack.layers(over: geometry, scaleFactor: 1, cursor: cursor(100, 50)).first)
        #expect(
            layer.frame
                == Rect(
                    x: 5 + 99 * factor, y: 48 * factor, width: 4 * factor, height: 6 * factor))
        #expect(layer.content.pixels == Array(repeating: 0xff12_3456, count: 24))
    }

    @Test func theCursorFollowsAPannedPicture() throws {
        var stack = LayerStack()
        let geometry = PictureGeometry(
            guest: guest, window: Size(width: 320, height: 480), mode: .oneToOne,
            pointer: (319, 0))
        #expect(geometry.frame.x == -320)
        let layers = stack.layers(over: geometry, scaleFactor: 1, cursor: try cursor(400, 50))
        #expect(layers.map(\.frame) == [Rect(x: 79, y: 48, width: 4, height: 6)])
    }

    @Test(arguments: [
        (-3, 0), (0, -4), (641, 0), (0, 482), (Int.min, 0), (0, Int.max), (-2, .min),
    ])
    func aCursorBesideThePictureIsNotDrawn(_ x: Int, _ y: Int) throws {
        var stack = LayerStack()
        #expect(
            stack.layers(over: geometry(), scaleFactor: 1, cursor: try cursor(x, y)).isEmpty)
    }

    @Test(arguments: [(-2, 0), (0, -3), (640, 0), (0, 481)])
    func aCursorOverTheEdgeIsDrawn(_ x: Int, _ y: Int) throws {
        var stack = LayerStack()
        let layers = stack.layers(over: geometry(), scaleFactor: 1, cursor: try cursor(x, y))
        #expect(layers.count == 1)
        #expect(layers[0].frame.x == x - 1 && layers[0].frame.y == y - 2)
    }

    @Test func hiddenOrUnplacedCursorsAreNotDrawn() throws {
        var stack = LayerStack()
        var state = try cursor(10, 10, isVisible: false)
        #expect(stack.layers(over: geometry(), scaleFactor: 1, cursor: state).isEmpty)
        state.position = nil
        #expect(stack.layers(over: geometry(), scaleFactor: 1, cursor: state).isEmpty)
        state = try cursor(10, 10)
        state.shape = nil
        #expect(stack.layers(over: geometry(), scaleFactor: 1, cursor: state).isEmpty)
    }

    /// Identity says what to upload: the same while nothing of a layer's content changes.
    @Test func contentsAreKeptUntilTheyChange() throws {
        var stack = LayerStack()
        func layers(
            _ cursor: CursorState, _ notice: Notice, renderer: String = "x", scale: Int = 1
        ) -> [Layer] {
            var statistics = statistics(geometry())
            statistics.renderer = renderer
            return stack.layers(
                over: geometry(), scaleFactor: scale, cursor: cursor, statistics: statistics,
                notice: notice)
        }
        let first = layers(try cursor(10, 10), .paused)
        #expect(first.count == 3)
        let moved = layers(try cursor(20, 30), .paused)
        #expect(zip(first, moved).allSatisfy { $0.content === $1.content })
        #expect(moved[0].frame != first[0].frame)
        var reshaped = try cursor(20, 30, pixel: 0xff00_00ff)
        reshaped.shapeSerial = 2
        let another = layers(reshaped, .shutDown)
        #expect(another[0].content !== first[0].content)
        #expect(another[0].content.pixels[0] == 0xff00_00ff)
        #expect(another[1].content === first[1].content)
        #expect(another[2].content !== first[2].content)
        #expect(layers(reshaped, .shutDown, renderer: "y")[1].content !== first[1].content)
        #expect(layers(reshaped, .shutDown, scale: 2)[2].content !== another[2].content)
        // Another head's first shape has the same serial.
        let other = layers(try cursor(1, 1, pixel: 0xff00_ff00), .paused)
        #expect(other[0].content.pixels[0] == 0xff00_ff00)
    }

    @Test(arguments: [1, 2])
    func statisticsLieInTheTopLeftCornerUnderTheNotice(_ scale: Int) throws {
        var stack = LayerStack()
        let geometry = geometry(Size(width: 640 * scale, height: 480 * scale))
        let layers = stack.layers(
            over: geometry, scaleFactor: scale, statistics: statistics(geometry), notice: .paused)
        try #require(layers.count == 2)
        #expect(layers[0].frame.x == 8 * scale && layers[0].frame.y == 8 * scale)
        #expect(layers[0].frame.size == layers[0].content.size)
        #expect(layers[0].frame.maxX <= 640 * scale - 8 * scale)
        #expect(layers[1].frame.x == (640 * scale - layers[1].content.size.width) / 2)
    }

    /// All stages, a column of each height, and a long name.
    private func fullStatistics(_ geometry: PictureGeometry) -> Statistics {
        var statistics = statistics(geometry)
        statistics.renderer = String(repeating: "a long name of a renderer, ", count: 4)
        statistics.history = (0..<80).map { index in
            var sample = StageTimes()
            for (place, stage) in Stage.allCases.enumerated() {
                sample.add(stage, nanoseconds: UInt64(index * (place + 1) * 10_000))
            }
            statistics.stages.add(sample)
            statistics.recent = sample
            return sample
        }
        return statistics
    }

    @Test(arguments: [1, 2, 3])
    func statisticsWithTheirGraphFitASmallWindow(_ scale: Int) throws {
        var stack = LayerStack()
        let geometry = geometry(Size(width: 640 * scale, height: 480 * scale))
        let full = fullStatistics(geometry)
        let layer = { (statistics: Statistics) in
            stack.layers(over: geometry, scaleFactor: scale, statistics: statistics).first
        }
        let shown = try #require(layer(full))
        #expect(shown.frame.maxX <= 632 * scale && shown.frame.maxY <= 472 * scale)
        for stage in Stage.allCases {
            let color = 0xff00_0000 | StageGraph.color(of: stage)
            let count = shown.content.pixels.count { $0 == color }
            #expect(count > (64 + 60) * scale * scale, "\(stage): legend and graph")
        }
        // The graph is below the rest.
        var without = full
        without.history = nil
        let short = try #require(layer(without))
        #expect(short.content.size.height + 64 * scale < shown.content.size.height)
        // It moves without a change of the text.
        var next = full
        next.history?.append(full.recent)
        #expect(layer(full)?.content.pixels == shown.content.pixels)
        #expect(try #require(layer(next)).content.pixels != shown.content.pixels)
    }

    @Test func whereTheGraphHasNoRoomTheTextIsLeft() throws {
        var stack = LayerStack()
        for size in [Size(width: 640, height: 200), Size(width: 100, height: 600)] {
            let geometry = geometry(size)
            var full = fullStatistics(geometry)
            full.renderer = "x"
            let shown = stack.layers(over: geometry, scaleFactor: 1, statistics: full)
            full.history = nil
            let text = stack.layers(over: geometry, scaleFactor: 1, statistics: full)
            #expect(shown.map(\.frame) == text.map(\.frame) && shown.count == 1)
        }
    }

    @Test func aWindowTooNarrowForTextHasNone() throws {
        var stack = LayerStack()
        let geometry = geometry(Size(width: 40, height: 30))
        let layers = stack.layers(
            over: geometry, scaleFactor: 1, cursor: try cursor(320, 240),
            statistics: statistics(geometry), notice: .paused)
        #expect(layers.count == 1, "the cursor alone")
    }

    @Test func statisticsTellAll() {
        let text = statistics(geometry(Size(width: 800, height: 600))).text
        #expect(
            text == """
                59.9 of 75.0 pictures/s
                guest 640×480, window 800×600, scale 1.25
                GL: x y
                release after-copy
                received 110, merged 10, dropped 20, refused 3
                """)
        var other = statistics(geometry(Size(width: 1280, height: 960)))
        other.shownRate = nil
        #expect(other.text.hasPrefix("75.0 pictures/s\n"))
        #expect(other.text.contains("scale 2\n"))
    }

    @Test func numbersWithoutFoundation() {
        #expect(Statistics.decimal(0.05, places: 1) == "0.1")
        #expect(Statistics.decimal(2, places: 2) == "2.00")
        #expect(Statistics.decimal(1.005, places: 2).hasPrefix("1.0"))
        #expect(Statistics.decimal(59.96, places: 1) == "60.0")
        #expect(Statistics.decimal(.infinity, places: 1) == "?")
        #expect(Statistics.decimal(.nan, places: 0) == "?")
    }

    @Test func ratesAreOfTheTimeSinceTheLast() {
        let start = ContinuousClock.now
        var meter = StatisticsMeter(at: start)
        var counters = IngestCounters()
        for number in 1...30 as ClosedRange<UInt64> {
            meter.didShow(picture: number)
            meter.didShow(picture: number)
        }
        counters.picturesPublished = 40
        let first = meter.statistics(
            at: start + .milliseconds(500), geometry: geometry(), renderer: "r", path: "",
            policy: .afterCopy, counters: counters)
        #expect(first.shownRate == 60 && first.offeredRate == 80)
        #expect(first.shown == 30 && first.dropped == 10)
        counters.picturesPublished = 50
        let second = meter.statistics(
            at: start + .milliseconds(1500), geometry: geometry(), renderer: "r", path: "",
            policy: .afterCopy, counters: counters)
        #expect(second.shownRate == 0 && second.offeredRate == 10)
        let none = meter.statistics(
            at: start + .milliseconds(1500), geometry: geometry(), renderer: "r", path: "",
            policy: .afterCopy, counters: counters)
        #expect(none.shownRate == 0 && none.offeredRate == 0)
    }
}
