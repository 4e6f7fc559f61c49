public import GuestDisplay

/// What every ``DisplaySource`` must do, whatever guest is behind it. Each implementation runs it in its tests; ``run()`` throws the first
/// rule that is broken as a ``ScriptError``.
public struct DisplaySourceConformance {
    /// A source under test, not yet connected, and its guest.
    public struct Subject {
        /// The source.
        public let source: any DisplaySource
        /// A head that the guest has.
        public let head: Head.ID
        /// A number that no head of the guest has.
        public let unknownHead: Head.ID
        /// Makes the guest show a picture on the head, now that it is open; nothing where it always shows one.
        public let draw: () throws -> Void

        /// Describes a subject.
        public init(
            source: any DisplaySource, head: Head.ID, unknownHead: Head.ID = 9999,
            draw: @escaping () throws -> Void = {}
        ) {
            self.source = source
            self.head = head
            self.unknownHead = unknownHead
            self.draw = draw
        }
    }

    private let make: () throws -> Subject

    /// A suite over subjects that `make` makes, one for each rule.
    public init(_ make: @escaping () throws -> Subject) {
        self.make = make
    }

    /// Runs all rules.
    public func run() throws {
        try knowsItsHeads()
        try showsAnOpenHead()
        try endsOnce()
    }

    // MARK: Rules

    private func knowsItsHeads() throws {
        let subject = try make()
        let source = subject.source
        guard source.heads.isEmpty, source.guestName.isEmpty else {
            throw ScriptError("heads or name are known before connect")
        }
        let delegate = RecordingDelegate()
        try source.connect(delegate: delegate)
        defer { source.disconnect() }
        let numbers = source.heads.map(\.id)
        guard numbers == Set(numbers).sorted() else {
            throw ScriptError("heads are not sorted, or not distinct: \(numbers)")
        }
        guard numbers.contains(subject.head), !numbers.contains(subject.unknownHead) else {
            throw ScriptError("heads are \(numbers), expected one \(subject.head)")
        }
        if (try? source.open(subject.unknownHead, sink: RecordingSink())) != nil {
            throw ScriptError("a head that does not exist was opened")
        }
        source.close(subject.unknownHead)
        source.send(.key(EvdevKey(30), isPressed: true), to: subject.unknownHead)
        _ = source.pointerMode(of: subject.unknownHead)
        guard delegate.ends.isEmpty else { throw ScriptError("it ended by itself") }
    }

    private func showsAnOpenHead() throws {
        let subject = try make()
        let source = subject.source
        try source.connect(delegate: RecordingDelegate())
        defer { source.disconnect() }
        let first = RecordingSink()
        try source.open(subject.head, sink: first)
        try subject.draw()
        guard first.wait(until: { $0.picture != nil }) else {
            throw ScriptError("an open head shows no picture")
        }
        // A second open replaces the sink, a closed head is silent.
        let second = RecordingSink()
        try source.open(subject.head, sink: second)
        let atReplacement = first.eventCount
        try subject.draw()
        guard second.wait(until: { $0.picture != nil }) else {
            throw ScriptError("a head that was opened again shows no picture")
        }
        guard first.eventCount == atReplacement else {
            throw ScriptError("a replaced sink still hears")
        }
        source.close(subject.head)
        let atClose = second.eventCount
        try? subject.draw()
        let third = RecordingSink()
        try source.open(subject.head, sink: third)
        try subject.draw()
        guard third.wait(until: { $0.picture != nil }) else {
            throw ScriptError("a head that was closed and opened shows no picture")
        }
        guard second.eventCount == atClose else { throw ScriptError("a closed sink still hears") }
    }

    private func endsOnce() throws {
        let subject = try make()
        let source = subject.source
        let delegate = RecordingDelegate()
        try source.connect(delegate: delegate)
        let sink = RecordingSink()
        try source.open(subject.head, sink: sink)
        try subject.draw()
        source.disconnect()
        guard delegate.waitForEnd() else { throw ScriptError("no end after disconnect") }
        let atEnd = sink.eventCount
        let calls = delegate.callCount
        source.disconnect()
        source.send(.pointerMotion(dx: 1, dy: 1), to: subject.head)
        source.close(subject.head)
        try? subject.draw()
        if (try? source.open(subject.head, sink: RecordingSink())) != nil {
            throw ScriptError("a head was opened after the end")
        }
        guard delegate.ends.count == 1 else {
            throw ScriptError("ended \(delegate.ends.count) times: \(delegate.ends)")
        }
        guard delegate.callCount == calls, sink.eventCount == atEnd else {
            throw ScriptError("something came after the end")
        }
    }
}
