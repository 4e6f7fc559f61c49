internal import GuestDisplay

/// Hands changes of a picture to a sink that may show several of them together: QEMU reads a screen at once, and tells of it in a message for each part that has
/// changed, a fraction of a millisecond apart. For the listener's thread.
final class UpdateCollector: @unchecked Sendable {
    /// For how long another part is waited for where there have been some, in milliseconds.
    static let pause: CInt = 1
    /// What follows sooner than this, in nanoseconds, is another part of what was shown.
    static let gap: UInt64 = 2_000_000
    /// How many readings in one part it takes until none is expected to have several.
    static let patience = 16

    private let sink: any HeadSink
    /// How many changes the sink has that it may not have shown.
    private var count = 0
    private var lastFlush: Moment?
    private var patienceLeft = 0

    init(sink: any HeadSink) {
        self.sink = sink
    }

    /// Whether it is worth to wait for ``pause`` before ``flush(at:)``: something was collected, and more may follow. `isInMessage` says that some of it has come.
    func expectsMore(isInMessage: Bool) -> Bool {
        count > 0 && (isInMessage || patienceLeft > 0)
    }

    /// Gives the sink a change of the picture.
    func collect(_ event: DisplayEvent, at now: Moment = .now) throws(SurfaceError) {
        try sink.collect(event)
        let follows = lastFlush.map { now.nanoseconds(since: $0) < UpdateCollector.gap } ?? false
        if count > 0 || follows { patienceLeft = UpdateCollector.patience }
        count += 1
    }

    /// Nothing follows what was collected.
    func flush(at now: @autoclosure () -> Moment = .now) {
        if count == 0 { return }
        if count == 1, patienceLeft > 0 { patienceLeft -= 1 }
        count = 0
        sink.flush()
        lastFlush = now()
    }
}
