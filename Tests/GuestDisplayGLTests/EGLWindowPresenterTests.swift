import GuestDisplay
import Testing

@testable import GuestDisplayGL

/// Windows on real display servers, as the GTK viewer has them.
@Suite(.serialized)
struct EGLWindowPresenterTests {
    /// The first frame of a new size is of that size, and so are those after it.
    @Test(.enabled(if: WaylandServer.isInstalled, "Weston is needed"))
    func surfaceOnWaylandIsResized() throws {
        let server = try WaylandServer()
        defer { server.stop() }
        let display = try EGLDisplayHandle.wayland(server.display)
        let ingest = try Ingest(.gl(display), logger: quiet)
        defer { ingest.stop() }
        let head = ingest.makeHead()
        let begin = Size(width: 40, height: 30)
        try server.withWindow(begin) { window in
            let presenter = try EGLWindowPresenter(display: display, waylandWindow: window)
            defer { presenter.close() }
            let sizes = [(40, 30), (120, 90), (121, 33), (64, 200), (40, 30)]
            for (seed, (width, height)) in sizes.enumerated() {
                let size = Size(width: width, height: height)
                let content = Pixels.random(size, seed: UInt64(seed))
                try head.receive(.scanout(.surface(try content.surface())))
                let picture = try head.waitForPicture(content)
                try server.resize(window, to: size)
                for _ in 0..<3 {
                    var shown: [UInt32] = []
                    try presenter.present(
                        picture, layers: [], frame: Rect(size), window: size
                    ) { () throws(GLError) in
                        shown = try OffscreenFramebuffer.readBound(size)
                    }
                    #expect(shown.map { $0 & 0xff_ffff } == content.values)
                    try server.roundtrip()
                }
            }
        }
    }

    @Test(.enabled(if: XServer.isInstalled, "Xvfb is needed"))
    func twoWindowsShowOneRing() throws {
        let server = try XServer()
        defer { server.stop() }
        let display = try EGLDisplayHandle.x11(server.display)
        let ingest = try Ingest(.gl(display), logger: quiet)
        defer { ingest.stop() }
        #expect(ingest.rendererDescription.hasSuffix(" X11"))
        let head = ingest.makeHead()
        let size = Size(width: 120, height: 90)
        let visual = try EGLWindowPresenter.nativeVisualID(for: display)
        // Side by side: what another window covers cannot be read.
        let windows = try [(size, 0), (Size(width: 250, height: 190), 130)].map { size, x in
            (size: size, id: try server.makeWindow(size, x: x, visualID: visual))
        }
        let presenters = try windows.map {
            try EGLWindowPresenter(display: display, nativeWindow: $0.id)
        }
        defer { for presenter in presenters { presenter.close() } }
        for seed in 0..<5 as Range<UInt64> {
            let content = Pixels.random(size, seed: seed)
            try head.receive(.scanout(.surface(try content.surface())))
            let picture = try head.waitForPicture(content)
            let frames = [Rect(size), Rect(x: 5, y: 5, width: 240, height: 180)]
            for (index, presenter) in presenters.enumerated() {
                let times = try presenter.present(
                    picture, layers: [], frame: frames[index], window: windows[index].size)
                #expect(times[.draw].count == 1 && times[.swap].count == 1)
            }
            #expect(try server.read(windows[0].id, size: size) == content)
            let large = try server.read(windows[1].id, size: windows[1].size)
            var doubled = Pixels(
                size: windows[1].size, values: Array(repeating: 0, count: 250 * 190))
            for y in 0..<180 {
                for x in 0..<240 { doubled[x + 5, y + 5] = content[x / 2, y / 2] }
            }
            #expect(large == doubled)
        }
    }
}
