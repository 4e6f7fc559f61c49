/// What went wrong between a program and a guest: one line that says what and what to do.
public struct DisplayError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What went wrong and what to do, one line without a full stop at the end.
    public let description: String

    /// Says what went wrong and what to do.
    public init(_ description: String) {
        self.description = description
    }
}

/// How a guest's display ended.
public enum SourceEnd: Hashable, Sendable {
    /// The guest or its user ended it: it shut down, or the virtual machine quit as it was asked to.
    case guestQuit
    /// The virtual machine died, or the connection to it was lost; the text says how, in one line.
    case failed(String)
    /// The display went to another program, and the guest goes on; the text says so, in one line, and what to do.
    case takenOver(String)
}

/// What a head receives from a source.
public protocol HeadSink: AnyObject, Sendable {
    /// Takes the next event in the guest's order. Called on the source's thread, one call at a time for a head. It must
    /// not wait for a window or a display server. It throws ``SurfaceError`` when the event cannot be shown as it is (the last good
    /// picture stays), so that the source can answer its sender; an event that is queued for later is accepted.
    func receive(_ event: DisplayEvent) throws(SurfaceError)
    /// Takes the next event as ``receive(_:)``; other events or ``flush()`` follow within a few milliseconds, and what has changed need not be shown before: a guest's screen
    /// that was read at once comes in several parts. No pixels that are still on their way follow before ``flush()``. Without an implementation of its own, a sink takes each by itself.
    func collect(_ event: DisplayEvent) throws(SurfaceError)
    /// Nothing follows what was collected. Called as ``receive(_:)`` is, never during another call; does nothing when nothing was collected.
    func flush()
    /// Hears how many nanoseconds a stage took that the source alone can measure, which is ``Stage/receive``. Any thread; must not wait. Without an
    /// implementation of its own, a sink does not count it.
    func note(_ stage: Stage, nanoseconds: UInt64)
}

extension HeadSink {
    public func collect(_ event: DisplayEvent) throws(SurfaceError) { try receive(event) }
    public func flush() {}
    public func note(_ stage: Stage, nanoseconds: UInt64) {}
}

/// What a program hears from a source. All calls come on the source's threads, one at a time; they must not block.
public protocol DisplaySourceDelegate: AnyObject, Sendable {
    /// Heads came, went or changed. All of them, sorted by number.
    func source(_ source: any DisplaySource, didChange heads: [Head])
    /// The guest's pointing device changed, for that head.
    func source(_ source: any DisplaySource, didChange mode: PointerMode, of head: Head.ID)
    /// The machine's run state changed.
    func source(_ source: any DisplaySource, didChange state: MachineState)
    /// The display has ended; the last call, exactly once after a successful connect, also after ``DisplaySource/disconnect()``.
    func source(_ source: any DisplaySource, didEnd end: SourceEnd)
}

/// A guest's display: pictures in, input out. Implementations: QEMU's D-Bus display, and the scripted source of the tests.
///
/// All methods may be called from any thread. None but ``connect(delegate:)`` and ``open(_:sink:)`` waits for the guest.
public protocol DisplaySource: AnyObject, Sendable {
    /// The guest's name, text from outside: never markup. Empty before ``connect(delegate:)``.
    var guestName: String { get }
    /// All heads, sorted by number; empty before ``connect(delegate:)``.
    var heads: [Head] { get }
    /// Whether the guest was started by this program, and ends with it.
    var ownsGuest: Bool { get }
    /// Control of the machine, where this source can; nil where not.
    var machine: (any MachineControl)? { get }

    /// Connects; returns when heads and guest name are known. Blocks, within a time limit of its own, so never on a UI thread. Once.
    func connect(delegate: any DisplaySourceDelegate) throws(DisplayError)
    /// Begins a head's pictures: `sink` gets its current scanout first. Blocks as `connect`. A second call for a head replaces its sink.
    func open(_ head: Head.ID, sink: any HeadSink) throws(DisplayError)
    /// Ends a head's pictures; its sink hears nothing after this returns. Unknown heads are ignored.
    func close(_ head: Head.ID)
    /// Says that a window shows the head's newest picture, and would show the next at once: a source that reads the guest's screen by a clock of its own reads
    /// it sooner. Never waits, nor allocates while pictures go on coming. Heads that are not open are ignored.
    func requestUpdate(of head: Head.ID)
    /// The pointing device of that head now.
    func pointerMode(of head: Head.ID) -> PointerMode
    /// Sends input, in order; never waits. What a guest cannot take (a place when its mouse is relative) is dropped.
    func send(_ event: InputEvent, to head: Head.ID)
    /// Tells the guest about the window or monitor that shows a head; never waits. Guests that cannot change ignore it.
    func setLayout(_ layout: HeadLayout, of head: Head.ID)
    /// Ends a guest that was started by this program (``ownsGuest``); never waits, the delegate hears of the end. Does nothing for
    /// any other guest.
    func endGuest()
    /// Lets go of the guest, which goes on; every open head ends. Idempotent.
    func disconnect()
    /// A new source of the same guest, not connected yet, that takes its display from the program that has it: for one whose display
    /// has ended as ``SourceEnd/takenOver(_:)``. Nil where displays are not taken. Never waits.
    func takingBack() -> (any DisplaySource)?
}

extension DisplaySource {
    public func requestUpdate(of head: Head.ID) {}
    public func takingBack() -> (any DisplaySource)? { nil }
}
