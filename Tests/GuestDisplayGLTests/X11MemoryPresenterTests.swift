import GuestDisplay
import Testing

@testable import GuestDisplayGL

/// Frames that another thread shows, in which only the picture is new.
@Suite(.enabled(if: XServer.isInstalled, "Xvfb is needed"))
struct X11MemoryPresenterTests {

    /// A window, and a guest that changes a part of its picture.
    private final class Rig {
        let server: XServer
        let presenter: X11MemoryPresenter
        private let window: UInt
        private let ingest: Ingest
        private let head: IngestHead
        private(set) var content: Pixels
        private var random = Random(5)

        init() throws {
            server = try XServer()
            window = try server.makeWindow(size, x: 0, visualID: server.rootVisual)
            presenter = try X11MemoryPresenter(display: server.name, window: UInt32(window))
            ingest = try Kind.software.makeIngest()
            head = ingest.makeHead()
            content = Pixels.random(guest, seed: 4)
            try head.receive(.scanout(.surface(try content.surface())))
        }

        func end() {
            ingest.stop()
            server.stop()
        }

        /// The next picture: the guest draws there.
        func next(_ rect: Rect) throws -> Picture {
            let part = Pixels(size: rect.size, values: random.pixels(rect.width * rect.height))
            content.put(part, x: rect.x, y: rect.y)
            try head.receive(.update(.pixels(part.surface(), x: rect.x, y: rect.y)))
            return try newest
        }

        var newest: Picture {
            get throws { try head.waitForPicture(content) }
        }

        /// What the guest's place in the window shows once it is as wanted: the server reads it when it comes to it.
        func shows(_ wanted: Pixels) throws {
            while true {
                let seen = try server.read(window, size: size)
                var part = Pixels(size: guest, values: [])
                for y in 0..<guest.height {
                    for x in 0..<guest.width { part.values.append(seen[frame.x + x, frame.y + y]) }
                }
                if part == wanted { return }
            }
        }

        /// What the server was given before was read.
        func present(_ picture: Picture, layers: [Layer] = []) throws {
            _ = try presenter.present(picture, layers: layers, frame: frame, size: size)
        }

        /// As ``X11MemoryPresenter/presentNext(_:)`` when the server has read the frame before.
        func presentNext(_ picture: Picture) -> StageTimes? {
            // Its answer comes by itself.
            while !presenter.isSettled {}
            return presenter.presentNext(picture)
        }
    }

    @Test(.timeLimit(.minutes(10))) func nextPictures() throws {
        let rig = try Rig()
        defer { rig.end() }
        #expect(rig.presenter.presentNext(try rig.newest) == nil, "before any frame")
        // The ring has some places, which the server maps as they come.
        for number in 0..<4 {
            try rig.present(rig.next(Rect(x: number, y: 0, width: 5, height: 5)))
        }
        for number in 0..<20 {
            let picture = try rig.next(Rect(x: number * 3, y: number, width: 9, height: 7))
            let times = try #require(rig.presentNext(picture))
            #expect(times[.draw].count == 1 && times[.swap].count == 1)
            try rig.shows(rig.content)
        }
    }

    @Test(.timeLimit(.minutes(10))) func whereMoreThanThePictureIsNew() throws {
        let rig = try Rig()
        defer { rig.end() }
        let layer = Layer(
            content: Layer.Content(
                size: Size(width: 20, height: 10), pixels: Array(repeating: 0xff00_ff00, count: 200)
            ),
            frame: Rect(x: 40, y: 30, width: 20, height: 10))
        for number in 0..<4 {
            try rig.present(
                rig.next(Rect(x: number, y: 0, width: 5, height: 5)), layers: [layer])
        }
        #expect(rig.presentNext(try rig.next(Rect(x: 0, y: 0, width: 8, height: 8))) != nil)
        // Beneath the layer.
        let under = try rig.next(Rect(x: 25, y: 25, width: 8, height: 8))
        #expect(rig.presentNext(under) == nil)
        try rig.present(under)
        try rig.shows(rig.content)
        rig.presenter.invalidate()
        let lost = try rig.next(Rect(x: 0, y: 0, width: 8, height: 8))
        #expect(rig.presentNext(lost) == nil, "the window has lost what it showed")
        try rig.present(lost)
        try rig.shows(rig.content)
    }

    @Test(.timeLimit(.minutes(10))) func serverThatHasGone() throws {
        let rig = try Rig()
        for number in 0..<4 {
            try rig.present(rig.next(Rect(x: number, y: 0, width: 5, height: 5)))
        }
        rig.server.stop()
        // It is known to have gone once something was sent to it, or read from it.
        while rig.presenter.presentNext(try rig.next(Rect(x: 0, y: 0, width: 4, height: 4))) != nil
        {}
        #expect(
            try rig.presenter.present(rig.newest, layers: [], frame: frame, size: size)
                == StageTimes())
    }
}

private let guest = Size(width: 97, height: 61)
private let size = Size(width: 160, height: 100)
private let frame = Rect(x: 20, y: 10, width: 97, height: 61)
