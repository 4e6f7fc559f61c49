import Synchronization
import Testing

@testable import GuestDisplay

@Suite struct StageTimesTests {
    @Test func eachStageIsCountedByItself() {
        var times = StageTimes()
        for (index, stage) in Stage.allCases.enumerated() {
            for time in [300, 100, 200] as [UInt64] {
                times.add(stage, nanoseconds: time + UInt64(index))
            }
        }
        for (index, stage) in Stage.allCases.enumerated() {
            #expect(times[stage].count == 3)
            #expect(times[stage].nanoseconds == 600 + 3 * UInt64(index))
            #expect(times[stage].longest == 300 + UInt64(index))
        }
        #expect(Set(Stage.allCases.map { times[$0] }).count == 6)
    }

    @Test func theMeanIsInMilliseconds() {
        var time = StageTime()
        #expect(time.mean == nil)
        time.add(nanoseconds: 1_000_000)
        time.add(nanoseconds: 2_000_000)
        #expect(time.mean == 1.5)
    }

    @Test func timesOfSeveralAreOne() {
        var (ingest, window) = (StageTimes(), StageTimes())
        ingest.add(.receive, nanoseconds: 10)
        ingest.add(.draw, nanoseconds: 7)
        window.add(.draw, nanoseconds: 3)
        window.add(.draw, nanoseconds: 5)
        ingest.add(window)
        #expect(ingest[.receive].count == 1 && ingest[.receive].nanoseconds == 10)
        #expect(ingest[.draw].count == 3 && ingest[.draw].nanoseconds == 15)
        #expect(ingest[.draw].longest == 7)
        #expect(ingest[.swap] == StageTime())
    }

    @Test func theDifferenceIsWhatCameSince() {
        var times = StageTimes()
        times.add(.wait, nanoseconds: 9)
        let before = times
        times.add(.wait, nanoseconds: 4)
        times.add(.swap, nanoseconds: 2)
        let since = times.since(before)
        #expect(since[.wait].count == 1 && since[.wait].nanoseconds == 4)
        #expect(since[.swap].count == 1 && since[.swap].nanoseconds == 2)
        #expect(since[.receive].count == 0)
        #expect(since[.wait].longest == 9, "since the beginning")
        #expect(times.since(times)[.wait].mean == nil)
    }

    @Test func momentsGoForward() {
        let early = Moment(nanoseconds: 5)
        let late = Moment(nanoseconds: 12)
        #expect(late.nanoseconds(since: early) == 7)
        #expect(early.nanoseconds(since: late) == 0)
        let (first, second) = (Moment.now, Moment.now)
        #expect(first.nanoseconds(since: second) == 0)
    }

    /// What watches a frame hears of its one release, however that comes about.
    @Test(arguments: [true, false]) func aReleaseIsTimedOnce(_ explicitly: Bool) {
        let order = Mutex<[String]>([])
        do {
            let frame = FrameRelease { order.withLock { $0.append("released") } }
            frame.onRelease { _ in order.withLock { $0.append("told") } }
            if explicitly {
                frame.release()
                frame.release()
                #expect(order.withLock { $0 } == ["released", "told"])
            }
        }
        #expect(order.withLock { $0 } == ["released", "told"])
    }
}
