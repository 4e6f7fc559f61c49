import GuestDisplay
import Testing

@testable import Viewer

@Suite struct HeadArrangementTests {
    private func monitor(_ x: Int, _ y: Int, _ width: Int, _ height: Int, scale: Double = 1)
        -> Monitor
    {
        Monitor(
            name: "\(x),\(y)", frame: Rect(x: x, y: y, width: width, height: height),
            pixelSize: Size(
                width: Int((Double(width) * scale).rounded()),
                height: Int((Double(height) * scale).rounded())))
    }

    private func full(_ head: Int, _ monitor: Monitor) -> HeadArrangement.Place {
        .init(head: head, size: monitor.pixelSize, monitor: monitor)
    }

    private func window(_ head: Int, _ width: Int, _ height: Int) -> HeadArrangement.Place {
        .init(head: head, size: Size(width: width, height: height))
    }

    @Test func windowsStandSideBySideInOrderOfHeads() {
        let frames = HeadArrangement.frames([window(3, 640, 480), window(1, 800, 600)])
        #expect(
            frames == [
                1: Rect(x: 0, y: 0, width: 800, height: 600),
                3: Rect(x: 800, y: 0, width: 640, height: 480),
            ])
    }

    @Test func fullScreenHeadsLieAsTheirMonitorsDo() {
        let frames = HeadArrangement.frames([
            full(0, monitor(1920, 200, 1280, 1024)), full(1, monitor(0, 0, 1920, 1080)),
        ])
        #expect(
            frames == [
                0: Rect(x: 1920, y: 200, width: 1280, height: 1024),
                1: Rect(x: 0, y: 0, width: 1920, height: 1080),
            ])
    }

    @Test func theLayoutBeginsAtItsCorner() {
        let frames = HeadArrangement.frames([
            full(0, monitor(-1280, -50, 1280, 1024)), full(1, monitor(0, 0, 1920, 1080)),
        ])
        #expect(frames[0] == Rect(x: 0, y: 0, width: 1280, height: 1024))
        #expect(frames[1] == Rect(x: 1280, y: 50, width: 1920, height: 1080))
    }

    @Test func aMonitorBetweenThatShowsNoHeadLeavesNoGap() {
        let frames = HeadArrangement.frames([
            full(0, monitor(0, 0, 800, 600)), full(1, monitor(1600, 0, 800, 600)),
            full(2, monitor(1600, 1200, 800, 600)),
        ])
        #expect(frames[0] == Rect(x: 0, y: 0, width: 800, height: 600))
        #expect(frames[1] == Rect(x: 800, y: 0, width: 800, height: 600))
        #expect(frames[2] == Rect(x: 800, y: 600, width: 800, height: 600))
    }

    @Test func pixelsOfScaledMonitorsNeitherOverlapNorLeaveGaps() {
        // Twice as dense on the left, then on the right.
        #expect(
            HeadArrangement.frames([
                full(0, monitor(0, 0, 1280, 720, scale: 2)), full(1, monitor(1280, 0, 1920, 1080)),
            ])[1] == Rect(x: 2560, y: 0, width: 1920, height: 1080))
        #expect(
            HeadArrangement.frames([
                full(0, monitor(0, 0, 1920, 1080)), full(1, monitor(1920, 0, 1280, 720, scale: 2)),
            ])[1] == Rect(x: 1920, y: 0, width: 2560, height: 1440))
        // Everything at 1.5: as the desktop has it, in pixels.
        #expect(
            HeadArrangement.frames([
                full(0, monitor(0, 100, 1280, 720, scale: 1.5)),
                full(1, monitor(1280, 0, 1280, 720, scale: 1.5)),
            ]) == [
                0: Rect(x: 0, y: 150, width: 1920, height: 1080),
                1: Rect(x: 1920, y: 0, width: 1920, height: 1080),
            ])
    }

    @Test func windowsFollowFullScreenHeads() {
        let frames = HeadArrangement.frames([
            window(0, 640, 480), full(1, monitor(100, 0, 800, 600)), window(2, 100, 100),
        ])
        #expect(frames[1] == Rect(x: 0, y: 0, width: 800, height: 600))
        #expect(frames[0] == Rect(x: 800, y: 0, width: 640, height: 480))
        #expect(frames[2] == Rect(x: 1440, y: 0, width: 100, height: 100))
    }

    @Test func twoHeadsOnOneMonitorDoNotCoverEachOther() {
        let same = monitor(0, 0, 800, 600)
        let frames = HeadArrangement.frames([full(0, same), full(1, same)])
        #expect(frames[1] == Rect(x: 800, y: 0, width: 800, height: 600))
    }

    @Test func aHeadWithoutASizeIsLeftOut() {
        #expect(HeadArrangement.frames([window(0, 0, 0)]).isEmpty)
        #expect(HeadArrangement.frames([]).isEmpty)
    }

    @Test func noLayoutOfManyOverlaps() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<300 {
            // Rows of monitors of any scale, some empty, some heads in windows.
            var places: [HeadArrangement.Place] = []
            var y = Int.random(in: -2000...2000, using: &generator)
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                var x = Int.random(in: -2000...2000, using: &generator)
                for _ in 0..<Int.random(in: 1...4, using: &generator) {
                    let scale = [1, 1.25, 1.5, 2, 3].randomElement(using: &generator)!
                    let monitor = monitor(x, y, 100 * Int.random(in: 3...9), 300, scale: scale)
                    x += monitor.frame.width + (Bool.random(using: &generator) ? 0 : 77)
                    switch Int.random(in: 0...3, using: &generator) {
                    case 0: places.append(window(places.count, 300, 200))
                    default: places.append(full(places.count, monitor))
                    }
                }
                y += 300
            }
            let frames = HeadArrangement.frames(places)
            #expect(frames.count == places.count)
            #expect(frames.values.map(\.x).min() == 0 && frames.values.map(\.y).min() == 0)
            let all = Array(frames.values)
            for first in all.indices {
                for second in all.indices where second > first {
                    let overlap = all[first].intersection(all[second])
                    #expect(overlap.isEmpty, "\(all[first]) and \(all[second]) of \(places)")
                }
            }
        }
    }
}
