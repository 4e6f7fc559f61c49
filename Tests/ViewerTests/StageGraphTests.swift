import GuestDisplay
import Testing

@testable import Viewer

@Suite struct StageGraphTests {
    /// A sample in which each stage came twice, that many milliseconds long on the average.
    private func sample(_ means: [(Stage, Double)]) -> StageTimes {
        var times = StageTimes()
        for (stage, mean) in means {
            for part in [0.5, 1.5] {
                times.add(stage, nanoseconds: UInt64((mean * part * 1_000_000).rounded()))
            }
        }
        return times
    }

    private func graph(
        _ samples: [StageTimes], scale: Int = 1, width: Int = 600
    ) throws -> StageGraph {
        try #require(StageGraph(samples, scale: scale, width: width * scale))
    }

    /// What it looks like, on nothing.
    private func pixels(_ graph: StageGraph) throws -> Layer.Content {
        let canvas = try #require(Canvas(size: graph.size))
        graph.draw(on: canvas, x: 0, y: 0)
        return try #require(canvas.content())
    }

    private func pixel(_ content: Layer.Content, _ x: Int, _ y: Int) -> UInt32 {
        content.pixels[y * content.size.width + x]
    }

    private func color(_ stage: Stage) -> UInt32 { 0xff00_0000 | StageGraph.color(of: stage) }

    @Test func everyStageHasAColorOfItsOwn() {
        #expect(Set(Stage.allCases.map(StageGraph.color)).count == Stage.allCases.count)
    }

    @Test(arguments: [1, 2]) func stagesLieOnTopOfEachOther(_ scale: Int) throws {
        // 10 ms at the upper edge: 64 logical pixels.
        let graph = try graph(
            [
                sample([(.receive, 5)]),
                sample([
                    (.receive, 1.25), (.ingest, 2.5), (.wait, 1.25), (.draw, 2.5), (.swap, 1.25),
                    (.release, 5),
                ]),
            ], scale: scale)
        #expect(graph.limit == 10)
        let content = try pixels(graph)
        let plot = graph.plot
        let x = plot.maxX - 3 * scale
        var bottom = plot.maxY
        for (stage, height) in [
            (Stage.receive, 8), (.ingest, 16), (.wait, 8), (.draw, 16), (.swap, 8),
        ] {
            let top = bottom - height * scale
            for y in top..<bottom
            where !(plot.maxY - 32 * scale - 1..<plot.maxY - 30 * scale)
                .contains(y)
            {
                #expect(pixel(content, x, y) == color(stage), "\(stage) at \(y)")
            }
            bottom = top
        }
        #expect(bottom == plot.maxY - 56 * scale)
        #expect(pixel(content, x, bottom - 1) >> 24 < 0x20, "nothing above")
        // A mark at half the height, over the bars.
        #expect(pixel(content, x, plot.maxY - 32 * scale) == color(.release))
        // The sample before stands to the left of it, with a gap.
        let left = x - 5 * scale
        #expect(pixel(content, left, plot.maxY - 1) == color(.receive))
        #expect(pixel(content, left, plot.maxY - 32 * scale) == color(.receive))
        #expect(pixel(content, left, plot.maxY - 32 * scale - 1) >> 24 < 0x20)
        #expect(pixel(content, plot.maxX - 5 * scale - 1, plot.maxY - 1) >> 24 < 0x20, "the gap")
    }

    @Test func withoutSamplesThereAreAxesAlone() throws {
        let graph = try graph([])
        #expect(graph.bars.isEmpty && graph.limit == 5 && graph.refreshLine == nil)
        let content = try pixels(graph)
        let colors = Set(Stage.allCases.map { color($0) })
        #expect(!content.pixels.contains { colors.contains($0) })
        #expect(content.pixels.contains { $0 >> 24 > 0x70 }, "the axis")
    }

    @Test func whatIsBeyondTheScaleIsCut() throws {
        let graph = try graph([
            sample([(.receive, 1), (.wait, 10_000), (.draw, 3), (.release, 20_000)]),
            sample([(.draw, 50)]), sample([]),
        ])
        #expect(graph.limit == 100)
        let plot = graph.plot
        #expect(
            graph.bars.allSatisfy {
                $0.rect.x >= plot.x && $0.rect.maxX <= plot.maxX && $0.rect.y >= plot.y
                    && $0.rect.maxY <= plot.maxY && !$0.rect.isEmpty
            })
        let first = graph.bars.filter { $0.rect.x < plot.maxX - 10 }
        #expect(first.map(\.stage) == [.receive, .wait, .release])
        #expect(first[1].rect.y == plot.y && first[2].rect.y == plot.y)
        #expect(graph.bars.count == 4)
    }

    @Test(arguments: [(4.9, 5), (5.1, 10), (16.0, 20), (45.0, 50), (99.0, 100)])
    func theScaleFollowsTheHighest(_ highest: Double, _ limit: Double) throws {
        let graph = try graph([sample([(.draw, highest)]), sample([(.draw, 1)])])
        #expect(graph.limit == limit)
        guard limit > 16 else {
            #expect(graph.refreshLine == nil)
            return
        }
        let line = try #require(graph.refreshLine)
        let height = Double(graph.plot.maxY - line.y)
        #expect(abs(height / Double(graph.plot.height) * limit - 1000 / 60) < limit / 64)
        let content = try pixels(graph)
        #expect(pixel(content, line.x, line.y) >> 24 > 0xc0)
    }

    @Test func oneThatTookLongDoesNotMakeAllOthersSmall() throws {
        var samples = Array(repeating: sample([(.draw, 4)]), count: 60)
        for index in [3, 30, 59] { samples[index] = sample([(.draw, 80)]) }
        let graph = try graph(samples)
        #expect(graph.limit == 5)
        #expect(graph.bars.count { $0.rect.y == graph.plot.y } == 3, "cut")
        samples[40] = samples[3]
        #expect(try self.graph(samples).limit == 100)
    }

    @Test func onlyTheNewestAreShown() throws {
        let samples = (0..<100).map { sample([(.draw, $0 == 99 ? 4 : $0 >= 40 ? 2 : 90)]) }
        let all = try graph(samples)
        #expect(all.bars.count == StageGraph.columns && all.limit == 5)
        #expect(all.bars.map(\.rect.x).min() == all.plot.x)
        let narrow = try graph(samples, width: 200)
        #expect(narrow.bars.count < StageGraph.columns && narrow.size.width <= 200)
        let newest = narrow.bars.max { $0.rect.x < $1.rect.x }
        #expect(newest?.rect.y == narrow.bars.map(\.rect.y).min())
        #expect(StageGraph(samples, scale: 1, width: 90) == nil)
    }
}
