public import GuestDisplay
internal import Synchronization

/// What every ``HeadSink`` must do, whatever it draws with. Each implementation runs it in its tests; ``run()`` throws the first rule that is
/// broken as a ``ScriptError``.
public struct HeadSinkConformance {
    /// A sink under test and how to look at what it shows.
    public struct Subject {
        /// The sink; new, nothing has come yet.
        public let sink: any HeadSink
        /// Returns when everything that was received is applied.
        public let settle: () throws -> Void
        /// What a window would show: size, and rows of 0x00RRGGBB; nil while the display is off or nothing has come.
        public let shown: () throws -> (size: Size, pixels: [UInt32])?

        /// Describes a subject.
        public init(
            sink: any HeadSink, settle: @escaping () throws -> Void,
            shown: @escaping () throws -> (size: Size, pixels: [UInt32])?
        ) {
            self.sink = sink
            self.settle = settle
            self.shown = shown
        }
    }

    private let make: () throws -> Subject

    /// A suite over subjects that `make` makes, one for each rule.
    public init(_ make: @escaping () throws -> Subject) {
        self.make = make
    }

    /// Runs all rules.
    public func run() throws {
        try showsScanouts()
        try readsLentBytesOnlyInTheCall()
        try placesUpdates()
        try showsWhatWasCollected()
        try turnsPicturesUpright()
        try refusesUpdatesOutside()
        try goesOffAndOn()
        try readsMappingsAgain()
        try readsMappingsWithPadding()
        try survivesMappingsThatShrink()
        try acceptsCursors()
    }

    // MARK: Rules

    private func showsScanouts() throws {
        let subject = try make()
        try expect(subject, nil, "before anything came")
        for (width, height, padding) in [(4, 3, 0), (5, 2, 12), (1, 1, 0), (64, 33, 4)] {
            let picture = TestPicture(width: width, height: height, seed: width)
            try subject.sink.receive(
                .scanout(.surface(try picture.surface(padding: padding, offset: padding))))
            try expect(subject, picture, "a scanout of \(width)×\(height)")
        }
    }

    private func readsLentBytesOnlyInTheCall() throws {
        let subject = try make()
        let picture = TestPicture(width: 8, height: 8, seed: 3)
        let memory = LentBytes(picture.bytes())
        let surface = try DisplaySurface(
            width: 8, height: 8, stride: 32, format: .x8r8g8b8, memory: memory)
        try subject.sink.receive(.scanout(.surface(surface)))
        memory.takeBack()
        try expect(subject, picture, "a scanout whose bytes were lent")
        guard memory.lateReads == 0 else {
            throw ScriptError("lent bytes were read \(memory.lateReads) times after the call")
        }
    }

    private func placesUpdates() throws {
        let subject = try make()
        var picture = TestPicture(width: 9, height: 7, seed: 1)
        try subject.sink.receive(.scanout(.surface(try picture.surface())))
        for (x, y, width, height) in [(0, 0, 1, 1), (8, 6, 1, 1), (2, 1, 5, 4), (0, 3, 9, 1)] {
            let part = TestPicture(width: width, height: height, seed: 10 * x + y + 5)
            try subject.sink.receive(
                .update(.pixels(try part.surface(padding: 8), x: x, y: y)))
            picture.put(part, x: x, y: y)
            try expect(subject, picture, "an update at \(x), \(y)")
        }
    }

    private func showsWhatWasCollected() throws {
        let subject = try make()
        var picture = TestPicture(width: 9, height: 7, seed: 1)
        try subject.sink.receive(.scanout(.surface(try picture.surface())))
        subject.sink.flush()
        func collect(_ x: Int, _ y: Int) throws {
            let part = TestPicture(width: 3, height: 2, seed: 10 * x + y + 5)
            try subject.sink.collect(.update(.pixels(try part.surface(), x: x, y: y)))
            picture.put(part, x: x, y: y)
        }
        for x in 0..<4 { try collect(x, 1) }
        subject.sink.flush()
        try expect(subject, picture, "a flush of what was collected")
        try collect(0, 4)
        try collect(6, 5)
        try subject.sink.receive(.cursorPosition(CursorPosition(x: 1, y: 1, isVisible: true)))
        try expect(subject, picture, "another event after what was collected")
        subject.sink.flush()
        try expect(subject, picture, "a flush of nothing")
    }

    /// A surface whose last row in memory is the picture's first.
    private func turnsPicturesUpright() throws {
        for padding in [0, 12] {
            let subject = try make()
            var picture = TestPicture(width: 9, height: 7, seed: 1)
            try subject.sink.receive(
                .scanout(
                    .surface(
                        try picture.surface(padding: padding, offset: padding, isTopDown: false))))
            try expect(subject, picture, "a scanout from its last row on")
            let part = TestPicture(width: 5, height: 4, seed: 2)
            try subject.sink.receive(
                .update(.pixels(try part.surface(padding: padding, isTopDown: false), x: 2, y: 1)))
            picture.put(part, x: 2, y: 1)
            try expect(subject, picture, "an update from its last row on")
        }
        let subject = try make()
        let first = TestPicture(width: 16, height: 16, seed: 1)
        let file = try SharedFile(first.bytes(isTopDown: false))
        try subject.sink.receive(.scanout(.surface(try first.mapped(file, isTopDown: false))))
        try expect(subject, first, "a mapping from its last row on")
        // The top left corner alone, which is in the last row in memory.
        var next = first
        next.put(TestPicture(width: 1, height: 1, seed: 3), x: 0, y: 0)
        try file.write(next.bytes(isTopDown: false))
        try subject.sink.receive(
            .update(.inPlace(Rect(x: 0, y: 0, width: 1, height: 1), release: nil)))
        try expect(subject, next, "an update in place from its last row on")
    }

    private func refusesUpdatesOutside() throws {
        let subject = try make()
        let part = try TestPicture(width: 3, height: 3, seed: 2).surface()
        try refuses(subject, .update(.pixels(part, x: 0, y: 0)), "an update of nothing")
        let picture = TestPicture(width: 4, height: 4, seed: 1)
        try subject.sink.receive(.scanout(.surface(try picture.surface())))
        for (x, y) in [(2, 0), (0, 2), (-1, 0), (0, -1), (Int.max, 0), (Int.min, Int.min)] {
            try refuses(subject, .update(.pixels(part, x: x, y: y)), "an update at \(x), \(y)")
            try expect(subject, picture, "after a refused update at \(x), \(y)")
        }
        try subject.sink.receive(.update(.pixels(part, x: 1, y: 1)))
    }

    private func goesOffAndOn() throws {
        let subject = try make()
        let picture = TestPicture(width: 4, height: 4, seed: 1)
        try subject.sink.receive(.scanout(.surface(try picture.surface())))
        try subject.sink.receive(.scanout(.off))
        try expect(subject, nil, "while off")
        try subject.sink.receive(.scanout(.surface(try picture.surface())))
        try expect(subject, picture, "on again")
    }

    /// Rows that lie anywhere in the memory, the last one without padding.
    private func readsMappingsWithPadding() throws {
        for (padding, offset) in [(0, 12), (20, 0), (4, 4096), (6, 3)] {
            let subject = try make()
            var picture = TestPicture(width: 16, height: 9, seed: 1)
            let file = try SharedFile(picture.bytes(padding: padding, offset: offset))
            try subject.sink.receive(
                .scanout(
                    .surface(try picture.mapped(file, padding: padding, offset: offset))))
            try expect(subject, picture, "a mapping with \(padding) bytes of padding")
            for (x, y) in [(0, 0), (11, 4), (3, 2)] {
                picture.put(TestPicture(width: 5, height: 5, seed: x), x: x, y: y)
                try file.write(picture.bytes(padding: padding, offset: offset))
                try subject.sink.receive(
                    .update(.inPlace(Rect(x: x, y: y, width: 5, height: 5), release: nil)))
                try expect(subject, picture, "an update in place at \(x), \(y)")
            }
        }
    }

    private func readsMappingsAgain() throws {
        let subject = try make()
        let released = Mutex(0)
        let first = TestPicture(width: 16, height: 16, seed: 1)
        let file = try SharedFile(first.bytes())
        try subject.sink.receive(.scanout(.surface(try first.mapped(file))))
        try expect(subject, first, "a mapping")
        for (round, rect) in [
            Rect(x: 0, y: 0, width: 16, height: 16), Rect(x: 0, y: 0, width: 17, height: 1),
            Rect(x: -1, y: 3, width: 1, height: 1), .zero,
        ].enumerated() {
            let next = TestPicture(width: 16, height: 16, seed: round + 2)
            try file.write(next.bytes())
            try subject.sink.receive(
                .update(
                    .inPlace(rect, release: FrameRelease { released.withLock { $0 += 1 } })))
            try expect(subject, next, "an update in place of \(rect)")
            let count = released.withLock { $0 }
            guard count == round + 1 else {
                throw ScriptError("\(round + 1) frames were released \(count) times")
            }
        }
    }

    private func survivesMappingsThatShrink() throws {
        let subject = try make()
        let released = Mutex(0)
        let picture = TestPicture(width: 64, height: 64, seed: 1)
        let file = try SharedFile(picture.bytes())
        try subject.sink.receive(.scanout(.surface(try picture.mapped(file))))
        try expect(subject, picture, "a mapping")
        file.resize(to: 64)
        let update = FrameUpdate.inPlace(
            Rect(picture.size), release: FrameRelease { released.withLock { $0 += 1 } })
        // Refused now, or accepted and found out later: both keep the picture.
        try? subject.sink.receive(.update(update))
        try expect(subject, picture, "a mapping that shrank")
        let next = TestPicture(width: 4, height: 4, seed: 9)
        try subject.sink.receive(.scanout(.surface(try next.surface())))
        try expect(subject, next, "the picture after a mapping that shrank")
    }

    private func acceptsCursors() throws {
        let subject = try make()
        let cursor = try Cursor(
            width: 2, height: 1, hotSpotX: 1, hotSpotY: 0, pixels: [0xff00_0000, 0])
        try subject.sink.receive(.cursor(cursor))
        try subject.sink.receive(
            .cursorPosition(CursorPosition(x: -5, y: .max, isVisible: true)))
        try subject.sink.receive(.cursor(nil))
        try subject.settle()
    }

    // MARK: Checks

    private func expect(_ subject: Subject, _ picture: TestPicture?, _ what: String) throws {
        try subject.settle()
        let shown = try subject.shown()
        guard shown?.size == picture?.size else {
            throw ScriptError(
                "\(what): shown is \(shown.map { "\($0.size)" } ?? "nothing"), expected \(picture.map { "\($0.size)" } ?? "nothing")"
            )
        }
        guard let shown, let picture else { return }
        guard shown.pixels.count == picture.pixels.count else {
            throw ScriptError("\(what): \(shown.pixels.count) pixels for \(shown.size)")
        }
        for (index, pixel) in picture.pixels.enumerated() where shown.pixels[index] != pixel {
            throw ScriptError(
                "\(what): pixel \(index % picture.size.width), \(index / picture.size.width) is 0x\(String(shown.pixels[index], radix: 16)), expected 0x\(String(pixel, radix: 16))"
            )
        }
    }

    private func refuses(_ subject: Subject, _ event: DisplayEvent, _ what: String) throws {
        do throws(SurfaceError) {
            try subject.sink.receive(event)
        } catch {
            return
        }
        throw ScriptError("\(what) was accepted")
    }
}
