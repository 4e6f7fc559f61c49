internal import GuestDisplay

/// Hands changes of a picture to a sink that may show several of them together: QEMU reads a screen at once, and tells of it in a message for each part that has
/// changed, a fraction of a millisecond apart. For the listener's thread.
final class UpdateCollector: @unchecked Sendable {
    /// For how long another part is waited for where there have been some, in nanoseconds.
    static let pause = 500_000
    /// What comes sooner than this after what was shown, in nanoseconds, is another part of the same reading.
    static let gap: UInt64 = 1_000_000
    /// For how long changes are collected at most, in nanoseconds: a quarter of a frame's time at sixty a second.
    static let limit: UInt64 = 4_000_000
    /// How many readings in one part it takes until none is expected to have several.
    static let patience = 16

    private let sink: any HeadSink
    private let limit: UInt64
    /// How many changes the sink has that it may not have shown, and since when.
    private var count = 0
    private var begin: Moment?
    /// When the last were shown.
    private var lastFlush: Moment?
    private var patienceLeft = 0

    /// `limit` is another than ``limit`` in tests.
    init(sink: any HeadSink, limit: UInt64 = UpdateCollector.limit) {
        self.sink = sink
        self.limit = limit
    }

    /// Whether the sink has changes that it may not have shown.
    var hasCollected: Bool { count > 0 }

    /// Whether it is worth to wait for ``pause`` before ``flush(at:)``: something was collected, and more may follow. `isInMessage` says that some of it has come.
    func expectsMore(isInMessage: Bool) -> Bool {
        count > 0 && (isInMessage || patienceLeft > 0)
    }

    /// Gives the sink an event: collected where it changes the picture and nobody waits for its frame's release; any other ends what was collected.
    func receive(_ event: DisplayEvent, at now: Moment = .now) throws(SurfaceError) {
        switch event {
        case .update(.pixels), .update(.inPlace(_, nil)): try sink.collect(event)
        default:
            try sink.receive(event)
            count = 0
            return
        }
        let follows = lastFlush.map { now.nanoseconds(since: $0) < UpdateCollector.gap } ?? false
        if count > 0 || follows { patienceLeft = UpdateCollector.patience }
        if count == 0 { begin = now }
        count += 1
    }

    /// Nothing follows what was collected, or not yet.
    func flush(at now: @autoclosure () -> Moment = .now) {
        if count == 0 { return }
        if count == 1, patienceLeft > 0 { patienceLeft -= 1 }
        count = 0
        lastFlush = now()
        sink.flush()
    }

    /// Whether changes were collected for long enough.
    func isDue(at now: @autoclosure () -> Moment = .now) -> Bool {
        guard count > 0, let begin else { return false }
        return now().nanoseconds(since: begin) >= limit
    }
}
