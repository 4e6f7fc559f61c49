import GuestDisplay
import Synchronization
import Testing

@testable import Viewer

/// Which pictures a window shows without the main thread.
@Suite struct PictureArrivalsTests {
    private final class FakePicture: GuestPicture {
        let number: UInt64
        let size: Size
        let published = Moment.now

        init(_ number: UInt64, _ size: Size) {
            self.number = number
            self.size = size
        }
    }

    private final class FakePictures: HeadPictures {
        typealias Picture = FakePicture

        struct State {
            var content = HeadContent<FakePicture>.nothing
            var cursor = CursorState()
            var refusal: SurfaceError?
        }

        let state = Mutex(State())

        var content: HeadContent<FakePicture> { state.withLock { $0.content } }
        var cursor: CursorState { state.withLock { $0.cursor } }
        var lastRefusal: SurfaceError? { state.withLock { $0.refusal } }
        let counters = IngestCounters()
        let path = ""
        let releasePolicy = ReleasePolicy.afterCopy

        func observe(_ wake: @escaping @Sendable () -> Void) -> Observation {
            Observation(onCancel: {})
        }

        func readPixels(
            of picture: FakePicture,
            completion: @escaping @Sendable (Result<[UInt32], DisplayError>) -> Void
        ) {
            completion(.failure(DisplayError("nothing is in it")))
        }

        func receive(_ event: DisplayEvent) throws(SurfaceError) {}
        func note(_ stage: Stage, nanoseconds: UInt64) {}
    }

    private static let size = Size(width: 640, height: 480)

    /// A window that has shown the picture 1, and a guest that goes on.
    private final class Rig {
        let pictures = FakePictures()
        let times = WindowTimes()
        let arrivals: PictureArrivals<FakePicture>
        let shown = Shown()

        final class Shown: Sendable {
            let numbers = Mutex<[UInt64]>([])
            let works = Mutex(true)
            let told = Mutex(0)
        }

        init() {
            arrivals = PictureArrivals(times: times) { [shown] in shown.told.withLock { $0 += 1 } }
        }

        /// The main thread draws.
        func draw(_ number: UInt64, cursor: UInt64? = 0, interval: UInt64 = 0) {
            arrivals.frameBegins(FakePicture(number, size), cursor: cursor)
            arrivals.allow(interval: interval) { [shown] picture in
                guard shown.works.withLock({ $0 }) else { return nil }
                shown.numbers.withLock { $0.append(picture.number) }
                var times = StageTimes()
                times.add(.draw, nanoseconds: 5)
                return times
            }
        }

        /// The guest's picture comes; whether it was shown.
        func arrive(_ number: UInt64, _ size: Size = PictureArrivalsTests.size) -> Bool {
            pictures.state.withLock { $0.content = .picture(FakePicture(number, size)) }
            return arrivals.show(pictures)
        }

        var numbers: [UInt64] { shown.numbers.withLock { $0 } }
        /// How many new pictures were told of.
        var told: Int { shown.told.withLock { $0 } }
    }

    @Test func tellsOfEachNewPictureOnce() {
        let rig = Rig()
        rig.arrivals.frameBegins(nil, cursor: 0)
        #expect(rig.told == 0)
        rig.draw(1)
        rig.draw(1)
        #expect(rig.told == 1, "a layer is no picture")
        #expect(rig.arrive(2) && !rig.arrive(2))
        #expect(rig.told == 2)
        rig.draw(2)
        #expect(rig.told == 2, "the window had it")
        rig.draw(3)
        #expect(rig.told == 3)
        rig.shown.works.withLock { $0 = false }
        #expect(!rig.arrive(4))
        #expect(rig.told == 3, "it was not shown")
        rig.shown.works.withLock { $0 = true }
        rig.arrivals.setVisible(false)
        #expect(rig.arrive(4))
        rig.draw(5)
        #expect(rig.told == 3, "nobody saw it")
        rig.arrivals.setVisible(true)
        rig.draw(6)
        #expect(rig.told == 4)
    }

    @Test func showsWhatFollowsAFrame() {
        let rig = Rig()
        #expect(!rig.arrive(1), "nothing was drawn yet")
        rig.draw(1)
        #expect(!rig.arrive(1), "the window has it")
        for number in [2, 3, 7] as [UInt64] { #expect(rig.arrive(number)) }
        #expect(!rig.arrive(6), "older")
        #expect(rig.numbers == [2, 3, 7])
        #expect(rig.arrivals.newest?.number == 7)
        #expect(rig.times.stages[.draw].count == 3)
        #expect(rig.times.stages[.wait].count == 3)
        let counted = rig.arrivals.takeCount()
        #expect(counted?.count == 3 && counted?.number == 7)
        #expect(rig.arrivals.takeCount() == nil)
        // The main thread is about to show a newer one, which it counts itself.
        #expect(rig.arrive(8))
        rig.arrivals.note(FakePicture(9, Self.size))
        #expect(rig.arrivals.takeCount()?.number == 8)
        rig.arrivals.note(FakePicture(7, Self.size))
        #expect(rig.arrivals.newest?.number == 9, "pictures do not go back")
    }

    @Test func aWakeIsOneUntilItWasSeen() {
        let flag = WakeFlag()
        #expect(flag.set())
        #expect(!flag.set())
        flag.clear()
        #expect(flag.set())
    }

    @Test func leavesToTheMainThreadWhatItAloneCan() {
        let rig = Rig()
        rig.draw(1)
        #expect(!rig.arrive(2, Size(width: 641, height: 480)), "of another size")
        rig.pictures.state.withLock { $0.cursor.serial = 1 }
        #expect(!rig.arrive(2), "the pointer is another")
        rig.pictures.state.withLock { $0.cursor.serial = 0 }
        rig.pictures.state.withLock { $0.refusal = SurfaceError(field: "stride", reason: "0") }
        #expect(!rig.arrive(2), "a refusal is to be said")
        rig.pictures.state.withLock { $0.refusal = nil }
        rig.shown.works.withLock { $0 = false }
        #expect(!rig.arrive(2), "the window cannot")
        rig.shown.works.withLock { $0 = true }
        #expect(rig.arrive(2))
        rig.pictures.state.withLock { $0.content = .off }
        #expect(!rig.arrivals.show(rig.pictures))
        rig.arrivals.forbid()
        #expect(!rig.arrive(3), "there is something to draw")
        rig.draw(3, cursor: nil)
        #expect(!rig.arrive(4), "the frame says something that a picture may end")
        rig.arrivals.frameBegins(nil, cursor: 0)
        rig.arrivals.allow(interval: 0) { _ in StageTimes() }
        #expect(!rig.arrive(4), "the window shows no picture")
        #expect(rig.numbers == [2])
    }

    @Test func noFasterThanTheMonitor() throws {
        let rig = Rig()
        #expect(rig.arrivals.elapsed == nil)
        rig.draw(1, interval: .max)
        // The window was idle: a few may come together.
        for number in 2...5 as ClosedRange<UInt64> { #expect(rig.arrive(number)) }
        #expect(!rig.arrive(6))
        #expect(rig.arrivals.elapsed != nil)
        rig.draw(6, interval: 1)
        #expect(rig.arrive(7))
        #expect(rig.numbers == [2, 3, 4, 5, 7])
        // What the main thread draws is one of them.
        let busy = Rig()
        busy.draw(1, interval: .max)
        #expect(busy.arrive(2))
        busy.draw(3, interval: .max)
        busy.draw(4, interval: .max)
        #expect(busy.arrive(5))
        #expect(!busy.arrive(6))
        #expect(rig.arrivals.elapsed == nil, "it is time for the next")
    }
}
