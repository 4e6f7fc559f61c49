public import GuestDisplay

/// What every way to show a head must do, whatever it draws with and wherever to: a window, a framebuffer, memory, a picture for a file. Each
/// runs it in its tests; ``run()`` throws the first rule that is broken as a ``ScriptError``.
public struct PresenterConformance {
    /// A window under test.
    public struct Subject {
        /// Takes the events of the head that is shown; new, nothing has come yet.
        public let sink: any HeadSink
        /// Returns when everything that was received is applied.
        public let settle: () throws -> Void
        /// Presents the head's newest picture, if any, in `frame`, with the layers over it, and returns what the window then shows: rows of
        /// 0xAARRGGBB, the top one first.
        public let present: (_ layers: [Layer], _ frame: Rect) throws -> [UInt32]
        /// Whether what `present` returns has alpha; without it, the top eight bits are not looked at.
        public let hasAlpha: Bool

        /// Describes a subject.
        public init(
            sink: any HeadSink, hasAlpha: Bool, settle: @escaping () throws -> Void,
            present: @escaping (_ layers: [Layer], _ frame: Rect) throws -> [UInt32]
        ) {
            self.sink = sink
            self.hasAlpha = hasAlpha
            self.settle = settle
            self.present = present
        }
    }

    private let withWindow: (Size, (Subject) throws -> Void) throws -> Void

    /// A suite over windows of sizes of its choice: `withWindow` makes one, runs the body, and closes it.
    public init(
        _ withWindow: @escaping (Size, (Subject) throws -> Void) throws -> Void
    ) {
        self.withWindow = withWindow
    }

    /// Runs all rules.
    public func run() throws {
        try comparisonCanFail()
        try showsNothingAsBlack()
        try showsWholeFactorsExactly()
        try cutsWhatReachesBeyondTheWindow()
        try averagesByAreaAtOtherFactors()
        try blendsLayers()
        try followsUpdates()
        try leavesNoTraceOfLayers()
        try goesOffAndOn()
    }

    // MARK: Rules

    /// Turned over, moved by a pixel, red and blue changed, transparent: each is found.
    private func comparisonCanFail() throws {
        let picture = TestPicture(width: 7, height: 5, seed: 1)
        var reference = WindowReference(picture.size)
        reference.show(picture, in: Rect(picture.size))
        let right = reference.pixels
        let rows = (0..<5).map { Array(right[$0 * 7..<$0 * 7 + 7]) }
        let wrong: [(String, [UInt32])] = [
            ("turned over", rows.reversed().flatMap { $0 }),
            ("mirrored", rows.flatMap { $0.reversed() }),
            ("moved", Array(right[1...] + right[..<1])),
            (
                "with red as blue",
                right.map { $0 & 0xff00_ff00 | ($0 & 0xff) << 16 | $0 >> 16 & 0xff }
            ),
            ("transparent", right.map { $0 & 0xff_ffff }),
            ("darker by two", [right[0] ^ 2] + right[1...]),
        ]
        for (what, pixels) in wrong
        where reference.complaint(about: pixels, tolerance: 1, comparesAlpha: true) == nil {
            throw ScriptError("the comparison does not see a picture that is \(what)")
        }
    }

    private func showsNothingAsBlack() throws {
        let window = Size(width: 9, height: 7)
        try withWindow(window) { subject in
            try expect(subject, nil, [], .zero, window, tolerance: 0, "before anything came")
            try expect(
                subject, nil,
                [Layer(content: layer(), frame: Rect(x: 1, y: 1, width: 3, height: 2))],
                .zero, window, tolerance: 1, "a layer over nothing")
        }
    }

    private func showsWholeFactorsExactly() throws {
        let picture = TestPicture(width: 13, height: 9, seed: 2)
        let window = Size(width: 71, height: 53)
        try withWindow(window) { subject in
            try send(picture, to: subject)
            for (across, down) in [(1, 1), (2, 2), (3, 3), (5, 5), (4, 1), (1, 5), (2, 3)] {
                for (x, y) in [(0, 0), (5, 3), (71 - 13 * across, 53 - 9 * down)] {
                    let frame = Rect(x: x, y: y, width: 13 * across, height: 9 * down)
                    try expect(
                        subject, picture, [], frame, window, tolerance: 0, "\(across)×\(down)")
                }
            }
        }
    }

    private func cutsWhatReachesBeyondTheWindow() throws {
        let picture = TestPicture(width: 40, height: 30, seed: 3)
        let window = Size(width: 21, height: 16)
        try withWindow(window) { subject in
            try send(picture, to: subject)
            for factor in [1, 2, 3] {
                let (width, height) = (40 * factor, 30 * factor)
                for (x, y) in [
                    (-7, -4), (0, 0), (21 - width, 16 - height), (3, -9), (-2, 5), (20, 15),
                    (21, 0), (0, 16), (-width, 0), (0, -height), (100, 100),
                ] {
                    let frame = Rect(x: x, y: y, width: width, height: height)
                    try expect(subject, picture, [], frame, window, tolerance: 0, "panned")
                }
            }
        }
    }

    private func averagesByAreaAtOtherFactors() throws {
        let picture = TestPicture(width: 24, height: 18, seed: 4)
        let window = Size(width: 67, height: 51)
        try withWindow(window) { subject in
            try send(picture, to: subject)
            for (width, height) in [
                (36, 27), (60, 45), (12, 9), (13, 11), (25, 19), (23, 17), (48, 20), (5, 40),
                (2, 2), (65, 36),
            ] {
                for (x, y) in [(1, 3), (-3, -1), (67 - width, 51 - height)] {
                    let frame = Rect(x: x, y: y, width: width, height: height)
                    try expect(
                        subject, picture, [], frame, window, tolerance: 1,
                        "scaled to \(width)×\(height)")
                }
            }
        }
    }

    private func blendsLayers() throws {
        let picture = TestPicture(width: 31, height: 23, seed: 5)
        let window = Size(width: 62, height: 46)
        let content = layer()
        let other = Layer.Content(
            size: Size(width: 2, height: 2),
            pixels: [0xff00_ff00, 0x0000_0000, 0x7f7f_0000, 0x1010_1010])
        try withWindow(window) { subject in
            try send(picture, to: subject)
            for factor in [1, 2] {
                let frame = Rect(x: 0, y: 0, width: 31 * factor, height: 23 * factor)
                let layers = [
                    Layer(content: content, frame: Rect(x: 2, y: 1, width: 3, height: 2)),
                    // Over the edges, and beside the window.
                    Layer(content: content, frame: Rect(x: 61, y: 45, width: 3, height: 2)),
                    Layer(content: content, frame: Rect(x: -1, y: -1, width: 3, height: 2)),
                    Layer(content: content, frame: Rect(x: 70, y: 5, width: 3, height: 2)),
                    // Larger, by a whole factor and another.
                    Layer(content: content, frame: Rect(x: 6, y: 4, width: 6, height: 4)),
                    Layer(content: content, frame: Rect(x: 20, y: 4, width: 7, height: 5)),
                    // One over another, half over the picture's edge.
                    Layer(content: other, frame: Rect(x: 7, y: 5, width: 4, height: 4)),
                    Layer(content: other, frame: Rect(x: 28, y: 20, width: 8, height: 8)),
                ]
                try expect(
                    subject, picture, layers, frame, window, tolerance: 2, "layers together")
                for layer in layers {
                    try expect(subject, picture, [layer], frame, window, tolerance: 1, "a layer")
                }
            }
            // Not premultiplied, as a guest's cursor may be: it saturates, and does not wrap.
            let wrong = Layer.Content(
                size: Size(width: 2, height: 1), pixels: [0x10ff_ffff, 0x00ff_ff00])
            try expect(
                subject, picture,
                [Layer(content: wrong, frame: Rect(x: 9, y: 9, width: 4, height: 2))],
                Rect(picture.size), window, tolerance: 1, "colours beyond their alpha")
        }
    }

    /// Updates of all sizes, at a whole factor and another, and pictures of other sizes: the window is always the newest picture.
    private func followsUpdates() throws {
        let window = Size(width: 58, height: 45)
        try withWindow(window) { subject in
            var seed = 10
            for (width, height) in [(29, 21), (17, 40), (29, 21)] {
                var picture = TestPicture(width: width, height: height, seed: seed)
                try send(picture, to: subject)
                for (frame, tolerance) in [
                    (Rect(x: 3, y: 2, width: width, height: height), 0),
                    (Rect(x: 1, y: 1, width: width * 3 / 2, height: height), 1),
                ] {
                    for step in 0..<8 {
                        seed += 1
                        let part = TestPicture(
                            width: step % 3 == 0 ? 1 : 1 + seed * 7 % (width - 1),
                            height: step % 3 == 0 ? 1 : 1 + seed * 5 % (height - 1), seed: seed)
                        let x = seed * 11 % (width - part.size.width + 1)
                        let y = seed * 13 % (height - part.size.height + 1)
                        picture.put(part, x: x, y: y)
                        try subject.sink.receive(
                            .update(.pixels(try part.surface(padding: 4), x: x, y: y)))
                        try expect(
                            subject, picture, [], frame, window, tolerance: tolerance,
                            "update \(step) of \(part.size) at \(x), \(y)")
                    }
                }
            }
        }
    }

    /// A layer that moves, changes, goes or changes places with another is where it is and nowhere else.
    private func leavesNoTraceOfLayers() throws {
        let picture = TestPicture(width: 30, height: 20, seed: 6)
        let window = Size(width: 40, height: 30)
        try withWindow(window) { subject in
            try send(picture, to: subject)
            let (one, two) = (layer(), layer())
            func at(_ x: Int, _ y: Int, _ content: Layer.Content) -> Layer {
                Layer(content: content, frame: Rect(x: x, y: y, width: 3, height: 2))
            }
            let steps = [
                [at(1, 1, one)], [at(2, 1, one)], [at(2, 1, two)], [],
                [at(5, 5, one), at(6, 6, two)], [at(6, 6, two), at(5, 5, one)], [at(6, 6, two)],
                [at(6, 6, one), at(6, 6, two)], [at(36, 27, one)], [],
            ]
            for (index, layers) in steps.enumerated() {
                try expect(
                    subject, picture, layers, Rect(x: 4, y: 3, width: 30, height: 20), window,
                    tolerance: layers.isEmpty ? 0 : 2, "step \(index) of layers")
            }
        }
    }

    private func goesOffAndOn() throws {
        let picture = TestPicture(width: 8, height: 6, seed: 7)
        let window = Size(width: 10, height: 10)
        try withWindow(window) { subject in
            try send(picture, to: subject)
            let frame = Rect(x: 1, y: 1, width: 8, height: 6)
            try expect(subject, picture, [], frame, window, tolerance: 0, "on")
            try subject.sink.receive(.scanout(.off))
            try expect(subject, nil, [], frame, window, tolerance: 0, "off")
            try send(picture, to: subject)
            try expect(subject, picture, [], frame, window, tolerance: 0, "on again")
        }
    }

    // MARK: Tools

    /// Opaque, half and not at all; a new one each time.
    private func layer() -> Layer.Content {
        Layer.Content(
            size: Size(width: 3, height: 2),
            pixels: [
                0xff12_3456, 0x8080_0000, 0x0000_0000, 0x8000_0080, 0xffff_ffff, 0x4000_4000,
            ])
    }

    private func send(_ picture: TestPicture, to subject: Subject) throws {
        try subject.sink.receive(.scanout(.surface(try picture.surface())))
    }

    private func expect(
        _ subject: Subject, _ picture: TestPicture?, _ layers: [Layer], _ frame: Rect,
        _ window: Size, tolerance: Int, _ what: String
    ) throws {
        try subject.settle()
        let shown = try subject.present(layers, frame)
        var reference = WindowReference(window)
        if let picture { reference.show(picture, in: frame) }
        for layer in layers { reference.show(layer) }
        if let complaint = reference.complaint(
            about: shown, tolerance: tolerance, comparesAlpha: subject.hasAlpha)
        {
            throw ScriptError("\(what) in \(frame) of \(window): \(complaint)")
        }
    }
}
