import CCairo
import DisplayTesting
import GuestDisplay
import Testing

@testable import GuestDisplayGL

/// The rules that everything that shows a head keeps: GL and the CPU, framebuffers, windows, memory and what is composed for a file.
@Suite(.serialized)
struct PresenterConformanceTests {
    /// Runs the suite over windows of one kind, with an ingest of its own for each.
    private func run(
        _ makeIngest: () throws -> Ingest, hasAlpha: Bool = true,
        _ withPresent:
            @escaping (
                Size, IngestHead,
                ((@escaping (Picture?, [Layer], Rect) throws -> [UInt32]) throws -> Void)
            ) throws -> Void
    ) throws {
        let ingest = try makeIngest()
        defer { ingest.stop() }
        try PresenterConformance { size, body in
            let head = ingest.makeHead()
            try withPresent(size, head) { present in
                try body(
                    PresenterConformance.Subject(
                        sink: head, hasAlpha: hasAlpha,
                        settle: { try head.waitUntilSettled() },
                        present: { layers, frame in
                            try present(head.content.picture, layers, frame)
                        }))
            }
        }.run()
    }

    @Test(arguments: Kind.allCases)
    func pictureDrawer(_ kind: Kind) throws {
        try run(kind.makeIngest) { size, _, body in
            let window = try OffscreenWindow(size)
            defer { window.close() }
            try body { picture, layers, frame in
                try window.drawer.draw(picture, layers: layers, frame: frame, window: size)
                return try window.read().values
            }
        }
    }

    @Test func softwareDrawerInMemory() throws {
        try run(Kind.software.makeIngest) { size, _, body in
            let drawer = SoftwareDrawer()
            let memory = CanaryMemory(size, padding: 12)
            try body { picture, layers, frame in
                memory.fill()
                try drawer.draw(
                    picture, layers: layers, frame: frame, window: size, to: memory.base,
                    stride: memory.stride)
                #expect(memory.isPaddingUntouched)
                return memory.pixels
            }
        }
    }

    /// As a window that keeps what it shows: only what the state says is drawn anew.
    @Test func softwareDrawerOfDamageAlone() throws {
        try run(Kind.software.makeIngest) { size, _, body in
            let drawer = SoftwareDrawer()
            let memory = CanaryMemory(size, padding: 0)
            memory.fill()
            var state = PresentedState()
            try body { picture, layers, frame in
                let damage = state.update(to: picture, layers: layers, frame: frame, window: size)
                try drawer.draw(
                    picture, layers: layers, frame: frame, window: size, to: memory.base,
                    stride: memory.stride, damage: damage)
                return memory.pixels
            }
        }
    }

    /// As a toolkit's widget draws: a cairo context somewhere in a larger surface, logical pixels of two or three of the monitor's.
    @Test(arguments: [1, 2, 3])
    func softwareDrawerToCairo(_ scale: Int) throws {
        try run(Kind.software.makeIngest) { size, _, body in
            let drawer = SoftwareDrawer()
            // Where the window's pixels begin, in pixels of the surface, and how large it is.
            let (left, top) = (4 * scale, 2 * scale)
            let surface = cairo_image_surface_create(
                CAIRO_FORMAT_ARGB32, CInt(size.width + 2 * left), CInt(size.height + 2 * top))
            defer { cairo_surface_destroy(surface) }
            cairo_surface_set_device_scale(surface, Double(scale), Double(scale))
            try body { picture, layers, frame in
                let cairo = try #require(cairo_create(surface))
                defer { cairo_destroy(cairo) }
                cairo_translate(cairo, 4, 2)
                cairo_scale(cairo, 1 / Double(scale), 1 / Double(scale))
                // Two parts, as an exposed window has.
                cairo_rectangle(cairo, 0, 0, 7, Double(size.height))
                cairo_rectangle(cairo, 7, 0, Double(size.width - 7), Double(size.height))
                cairo_clip(cairo)
                try drawer.draw(
                    picture, layers: layers, frame: frame, window: size, to: cairo)
                cairo_surface_flush(surface)
                let data = try #require(cairo_image_surface_get_data(surface))
                let stride = Int(cairo_image_surface_get_stride(surface))
                var pixels: [UInt32] = []
                for y in 0..<size.height {
                    for x in 0..<size.width {
                        pixels.append(
                            UnsafeRawPointer(data).load(
                                fromByteOffset: (y + top) * stride + (x + left) * 4,
                                as: UInt32.self))
                    }
                }
                return pixels
            }
        }
    }

    @Test(arguments: Kind.allCases)
    func composed(_ kind: Kind) throws {
        try run(kind.makeIngest, hasAlpha: false) { size, head, body in
            try body { picture, layers, frame in
                try wait("a composed picture") { done in
                    head.compose(
                        picture, layers: layers, frame: frame, size: size, completion: done)
                }.get()
            }
        }
    }

    @Test(.enabled(if: XServer.isInstalled, "Xvfb is needed"))
    func windowOnX11() throws {
        let server = try XServer()
        defer { server.stop() }
        let display = try EGLDisplayHandle.x11(server.display)
        let visual = try EGLWindowPresenter.nativeVisualID(for: display)
        try run({ try Ingest(.gl(display), logger: quiet) }, hasAlpha: false) { size, _, body in
            let window = try server.makeWindow(size, x: 0, visualID: visual)
            let presenter = try EGLWindowPresenter(display: display, nativeWindow: window)
            defer { presenter.close() }
            try body { picture, layers, frame in
                try presenter.present(picture, layers: layers, frame: frame, window: size)
                return try server.read(window, size: size).values
            }
        }
    }

    @Test(.enabled(if: XServer.isInstalled, "Xvfb is needed"))
    func memoryOnX11() throws {
        let server = try XServer()
        defer { server.stop() }
        try run(Kind.software.makeIngest, hasAlpha: false) { size, _, body in
            let window = try server.makeWindow(size, x: 0, visualID: server.rootVisual)
            let presenter = try X11MemoryPresenter(display: server.name, window: UInt32(window))
            try body { picture, layers, frame in
                _ = try presenter.present(picture, layers: layers, frame: frame, size: size)
                // The server has done it when it has answered, for which the next frame waits.
                _ = try presenter.present(picture, layers: layers, frame: frame, size: size)
                return try server.read(window, size: size).values
            }
        }
    }

    /// What is handed to the compositor, which shows it nowhere.
    @Test(.enabled(if: WaylandServer.isInstalled, "Weston is needed"))
    func surfaceOnWayland() throws {
        let server = try WaylandServer()
        defer { server.stop() }
        let display = try EGLDisplayHandle.wayland(server.display)
        try run({ try Ingest(.gl(display), logger: quiet) }) { size, _, body in
            try server.withWindow(size) { window in
                let presenter = try EGLWindowPresenter(display: display, waylandWindow: window)
                defer { presenter.close() }
                try body { picture, layers, frame in
                    var shown: [UInt32] = []
                    try presenter.present(
                        picture, layers: layers, frame: frame, window: size
                    ) { () throws(GLError) in
                        shown = try OffscreenFramebuffer.readBound(size)
                    }
                    return shown
                }
            }
        }
    }
}

/// A window's memory with rubbish in it, around it and between its rows.
final class CanaryMemory {
    static let canary: UInt32 = 0x5ac3_965a

    let size: Size
    /// Bytes from one row to the next.
    let stride: Int
    private let words: UnsafeMutableBufferPointer<UInt32>
    private let margin = 64

    init(_ size: Size, padding: Int) {
        self.size = size
        stride = size.width * 4 + padding
        words = .allocate(capacity: stride / 4 * size.height + 2 * margin)
        words.initialize(repeating: CanaryMemory.canary)
    }

    deinit {
        words.deallocate()
    }

    var base: UnsafeMutableRawPointer { UnsafeMutableRawPointer(words.baseAddress! + margin) }

    func fill() {
        words.update(repeating: CanaryMemory.canary)
    }

    /// The window's pixels, without what lies between the rows.
    var pixels: [UInt32] {
        var pixels: [UInt32] = []
        for row in 0..<size.height {
            let first = margin + row * (stride / 4)
            pixels += words[first..<(first + size.width)]
        }
        return pixels
    }

    /// Whether nothing but the window's pixels was written.
    var isPaddingUntouched: Bool {
        words.indices.allSatisfy { index in
            let at = index - margin
            let isInside =
                at >= 0 && at < stride / 4 * size.height && at % (stride / 4) < size.width
            return isInside || words[index] == CanaryMemory.canary
        }
    }
}

extension IngestHead {
    /// Waits until everything that was received is published.
    func waitUntilSettled() throws {
        _ = try wait("the ingest thread's turn") { (done: @escaping @Sendable (Bool) -> Void) in
            settle { done(true) }
        }
    }
}
