import GuestDisplay
import Testing

@testable import Viewer

@Suite struct HeadLayoutsTests {
    private let first = Head(id: 0, label: "a", kind: .graphic, output: 0)
    private let second = Head(
        id: 1, label: "b", kind: .graphic, output: 1, size: Size(width: 640, height: 480))

    private func window(_ head: Int, _ width: Int, _ height: Int) -> HeadArrangement.Place {
        .init(head: head, size: Size(width: width, height: height))
    }

    private func changes(_ layouts: inout HeadLayouts, _ places: HeadArrangement.Place...)
        -> [Int: Rect]
    {
        Dictionary(uniqueKeysWithValues: layouts.changes(places).map { ($0.head, $0.frame) })
    }

    @Test func aGuestThatNobodyResizedIsToldNothing() {
        var layouts = HeadLayouts()
        layouts.opened(first)
        #expect(changes(&layouts, window(0, 720, 400)).isEmpty)
        #expect(changes(&layouts, window(0, 1280, 800)).isEmpty)
        #expect(changes(&layouts, window(0, 0, 0)).isEmpty)
    }

    @Test func aWantedSizeIsToldOnce() {
        var layouts = HeadLayouts()
        layouts.want(Size(width: 1000, height: 700), of: 0)
        let told = Rect(x: 0, y: 0, width: 1000, height: 700)
        #expect(changes(&layouts, window(0, 640, 480)) == [0: told])
        #expect(changes(&layouts, window(0, 640, 480)).isEmpty)
        #expect(changes(&layouts, window(0, 1000, 700)).isEmpty)
    }

    @Test func aSecondaryOutputIsSwitchedOnBesideTheFirst() {
        var layouts = HeadLayouts()
        layouts.opened(first)
        layouts.opened(second)
        let size = HeadLayouts.firstSize
        #expect(
            changes(&layouts, window(0, 1280, 800), window(1, 640, 480))
                == [1: Rect(x: 1280, y: 0, width: size.width, height: size.height)])
    }

    @Test func aSecondaryOutputThatIsOnKeepsItsSize() {
        var layouts = HeadLayouts()
        layouts.opened(
            Head(
                id: 1, label: "b", kind: .graphic, output: 1, size: Size(width: 800, height: 600)))
        #expect(
            changes(&layouts, window(0, 1280, 800), window(1, 800, 600))
                == [1: Rect(x: 1280, y: 0, width: 800, height: 600)])
    }

    @Test func onlySecondaryOutputsAreSwitchedOffAndComeBackAsTheyWere() {
        var layouts = HeadLayouts()
        layouts.opened(second)
        layouts.want(Size(width: 900, height: 500), of: 1)
        #expect(changes(&layouts, window(0, 640, 480), window(1, 640, 480)).count == 1)
        let isSecondOff = layouts.closed(second)
        let isFirstOff = layouts.closed(first)
        #expect(isSecondOff && !isFirstOff)
        layouts.opened(second)
        #expect(
            changes(&layouts, window(0, 640, 480), window(1, 640, 480))
                == [1: Rect(x: 640, y: 0, width: 900, height: 500)])
        layouts.forget(1)
        layouts.opened(second)
        #expect(
            changes(&layouts, window(0, 640, 480), window(1, 640, 480))[1]?.size
                == HeadLayouts.firstSize)
    }

    @Test func aHeadThatMovesIsToldWithItsSize() {
        var layouts = HeadLayouts()
        #expect(
            changes(&layouts, window(0, 640, 480), window(1, 800, 600))
                == [1: Rect(x: 640, y: 0, width: 800, height: 600)])
        layouts.want(Size(width: 1000, height: 700), of: 0)
        #expect(
            changes(&layouts, window(0, 640, 480), window(1, 800, 600)) == [
                0: Rect(x: 0, y: 0, width: 1000, height: 700),
                1: Rect(x: 1000, y: 0, width: 800, height: 600),
            ])
        // Alone again, it lies at the corner.
        #expect(
            changes(&layouts, window(1, 800, 600))
                == [1: Rect(x: 0, y: 0, width: 800, height: 600)])
    }

    @Test func aGuestThatChoseAnotherSizeAfterwardsIsNotToldTheOldOneAgain() {
        var layouts = HeadLayouts()
        layouts.want(Size(width: 1000, height: 700), of: 1)
        #expect(changes(&layouts, window(0, 640, 480), window(1, 640, 480)).count == 1)
        // On its way it shows others.
        layouts.guestShows(Size(width: 720, height: 400), on: 1)
        layouts.guestShows(Size(width: 1000, height: 700), on: 1)
        layouts.guestShows(Size(width: 1920, height: 1080), on: 1)
        #expect(changes(&layouts, window(0, 640, 480), window(1, 1920, 1080)).isEmpty)
        #expect(
            changes(&layouts, window(0, 800, 600), window(1, 1920, 1080))
                == [1: Rect(x: 800, y: 0, width: 1920, height: 1080)])
    }
}
