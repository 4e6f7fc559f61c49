import DisplayTesting
import Glibc
import GuestDisplay
import Testing

@testable import Viewer

@MainActor @Suite struct StatisticsFileTests {
    private let statistics: Statistics = {
        var counters = IngestCounters()
        counters.changes = 110
        counters.picturesPublished = 100
        counters.unchanged = 4
        counters.bytesCopied = 1 << 40
        counters.stages.add(.receive, nanoseconds: 500)
        counters.stages.add(.receive, nanoseconds: 1500)
        var stages = counters.stages
        stages.add(.wait, nanoseconds: 7_000_000_000)
        return Statistics(
            shownRate: 60, offeredRate: 75,
            geometry: PictureGeometry(
                guest: Size(width: 1920, height: 1080), window: Size(width: 960, height: 540),
                mode: .fit),
            renderer: "GL: \"x\\\u{7}é\ny", path: "bytes", policy: .afterDraw,
            counters: counters, shown: 80, stages: stages)
    }()

    private let line = #"""
        {"time":12.500000,"head":1,"received":110,"updates":0,"unchanged":4,"merged":6,"published":100,"shown":80,"dropped":20,"refused":0,"deferred":0,"failures":0,"imports":0,"direct":0,"bytesCopied":1099511627776,"pixelsUploaded":0,"guest":"1920x1080","window":"960x540","renderer":"GL: \"x\\\u0007é\u000ay","path":"bytes","policy":"after-draw","stages":{"receive":{"count":2,"ns":2000,"longest":1500},"ingest":{"count":0,"ns":0,"longest":0},"wait":{"count":1,"ns":7000000000,"longest":7000000000},"draw":{"count":0,"ns":0,"longest":0},"swap":{"count":0,"ns":0,"longest":0},"release":{"count":0,"ns":0,"longest":0}}}
        """#

    @Test func aLineIsOneObjectOfJSON() {
        #expect(statistics.json(head: 1, seconds: 12.5) == line)
    }

    @Test func linesFollowEachOtherAndReplaceWhatWasThere() throws {
        let folder = try TestFolder()
        let path = folder.file("statistics")
        for _ in 0..<2 {
            let file = try StatisticsFile(path: path) { Issue.record("\($0)") }
            file.write(statistics, head: 1, seconds: 12.5)
            file.write(statistics, head: 1, seconds: 12.5)
        }
        let text = String(decoding: try TestFolder.read(path), as: UTF8.self)
        #expect(text == line + "\n" + line + "\n")
    }

    @Test(arguments: ["/nonexistent/statistics", "/proc", ""])
    func aFileThatCannotBeWrittenIsRefused(_ path: String) {
        #expect(throws: DisplayError.self) { try StatisticsFile(path: path) { _ in } }
    }

    @Test func aDiskThatIsFullIsToldOnce() throws {
        var complaints: [String] = []
        let file = try StatisticsFile(path: "/dev/full") { complaints.append($0) }
        for _ in 0..<3 { file.write(statistics, head: 0, seconds: 1) }
        #expect(complaints.count == 1)
        #expect(complaints.first?.contains("/dev/full") == true)
    }

    @Test func aPipeThatNobodyReadsHoldsNothing() throws {
        let folder = try TestFolder()
        let path = folder.file("pipe")
        #expect(mkfifo(path, 0o600) == 0)
        #expect(throws: DisplayError.self) { try StatisticsFile(path: path) { _ in } }
        let reader = open(path, O_RDONLY | O_NONBLOCK)
        defer { close(reader) }
        let file = try StatisticsFile(path: path) { Issue.record("\($0)") }
        // More than the 64 KiB that it holds.
        for _ in 0..<1000 { file.write(statistics, head: 0, seconds: 1) }
    }

    @Test func aReaderThatGoesIsToldOnce() throws {
        let folder = try TestFolder()
        let path = folder.file("pipe")
        #expect(mkfifo(path, 0o600) == 0)
        let reader = open(path, O_RDONLY | O_NONBLOCK)
        var complaints: [String] = []
        let file = try StatisticsFile(path: path) { complaints.append($0) }
        close(reader)
        for _ in 0..<3 { file.write(statistics, head: 0, seconds: 1) }
        #expect(complaints.count == 1)
    }
}
