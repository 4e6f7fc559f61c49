internal import Dispatch
public import GuestDisplay
internal import Synchronization

/// What a session tells its viewer, on the main thread.
@MainActor
public protocol SessionDelegate: AnyObject {
    /// The guest is connected; ``Session/heads`` and ``Session/guestName`` are known.
    func sessionDidConnect(_ session: Session)
    /// The guest could not be reached; the last call.
    func session(_ session: Session, didFail error: DisplayError)
    /// Heads came, went or changed.
    func sessionDidChangeHeads(_ session: Session)
    /// Pointer mode, machine state or the end of the guest: whatever titles, menus and notices show.
    func sessionDidChangeState(_ session: Session)
}

/// A guest and what is known of it, for a viewer's main thread. Everything that waits for the guest happens on a queue of its own.
@MainActor
public final class Session {
    /// The guest's display; its calls that never wait may be used directly. Another one once the guest was taken back.
    public private(set) var source: any DisplaySource {
        didSet {
            // The old one's references may end here, and must not under the lock.
            let old = current.withLock { current in
                defer { current = source }
                return current
            }
            _ = old
        }
    }
    /// The same, for any thread.
    private nonisolated let current: Mutex<any DisplaySource>
    /// Hears what changes.
    public weak var delegate: (any SessionDelegate)?

    /// Whether ``start()`` has succeeded.
    public private(set) var isConnected = false
    /// All heads, sorted by number.
    public private(set) var heads: [Head] = []
    /// How the guest ended; nil while it is there.
    public private(set) var end: SourceEnd?
    /// Whether the machine runs; nil when unknown.
    public private(set) var machineState: MachineState?
    private var pointerModes: [Head.ID: PointerMode] = [:]

    private let queue = DispatchQueue(label: "swiftvm.session")
    private var relay: SessionRelay?
    /// What shows the open heads, for a source that comes after this one.
    private var sinks: [Head.ID: any HeadSink] = [:]
    /// Whether the source can be followed by one that takes the guest back.
    private var canBeTaken = false
    /// The source that is taking the guest back, and what it told before it had.
    private var successor: (source: any DisplaySource, end: SourceEnd?)?
    /// Ends the session from any thread, without the main one.
    public let farewell: Farewell

    /// A session of a guest that is not connected yet.
    public init(source: any DisplaySource) {
        self.source = source
        current = Mutex(source)
        farewell = Farewell(source)
    }

    /// The guest's name for a title: one line; "Virtual machine" when it has none.
    public var guestName: String {
        let name = PlainText.oneLine(source.guestName, limit: 60)
        return name.isEmpty ? "Virtual machine" : name
    }

    /// Connects, off the main thread. The delegate hears how it went.
    public func start() {
        let relay = SessionRelay(session: self)
        self.relay = relay
        let source = source
        farewell.begin(source)
        queue.async {
            do throws(DisplayError) {
                try source.connect(delegate: relay)
                let heads = source.heads
                let state = source.machine?.state
                relay.onMain { $0.connected(heads: heads, state: state) }
            } catch {
                relay.farewell.ended(source)
                relay.onMain { $0.delegate?.session($0, didFail: error) }
            }
        }
    }

    /// Opens a head, off the main thread; `completion` runs on the main thread with nil or what went wrong.
    public func open(
        _ head: Head.ID, sink: any HeadSink,
        completion: @escaping @MainActor @Sendable (DisplayError?) -> Void
    ) {
        sinks[head] = sink
        let source = source
        queue.async {
            var failure: DisplayError?
            do throws(DisplayError) {
                try source.open(head, sink: sink)
            } catch {
                failure = error
            }
            DispatchQueue.main.async { [failure] in
                MainActor.assumeIsolated { completion(failure) }
            }
        }
    }

    /// Ends a head's pictures, off the main thread.
    public func close(_ head: Head.ID) {
        sinks[head] = nil
        let source = source
        queue.async { source.close(head) }
    }

    /// Says that a window shows the newest picture of a head. Any thread.
    nonisolated func requestUpdate(of head: Head.ID) {
        current.withLock { $0 }.requestUpdate(of: head)
    }

    /// The pointing device of a head.
    public func pointerMode(of head: Head.ID) -> PointerMode {
        pointerModes[head] ?? source.pointerMode(of: head)
    }

    /// Whether the menu may offer an action now.
    public func canPerform(_ action: MachineAction) -> Bool {
        guard end == nil, isConnected, let machine = source.machine,
            machine.actions.contains(action)
        else { return false }
        switch action {
        case .pause: return machineState != .paused && machineState != .shutDown
        case .resume: return machineState == .paused
        case .reset, .powerButton, .quit: return true
        }
    }

    /// Does an action; `failed` runs on the main thread if it fails.
    public func perform(
        _ action: MachineAction, failed: @escaping @MainActor @Sendable (DisplayError) -> Void
    ) {
        guard let machine = source.machine else {
            failed(DisplayError("this connection does not control the machine"))
            return
        }
        machine.perform(action) { error in
            guard let error else { return }
            DispatchQueue.main.async { MainActor.assumeIsolated { failed(error) } }
        }
    }

    /// Presses and releases a combination in a head.
    public func send(_ combination: KeyCombination, to head: Head.ID) {
        for event in combination.events { source.send(event, to: head) }
    }

    // MARK: - Taking back

    /// Whether another program has taken the display, and ``takeBack()`` may be offered.
    public var canTakeBack: Bool {
        guard case .takenOver = end else { return false }
        return successor == nil && canBeTaken && isConnected
    }

    /// Whether ``takeBack()`` is under way.
    public var isTakingBack: Bool { successor != nil }

    var takeBackNotice: Notice.TakeBack {
        isTakingBack ? .underWay : canTakeBack ? .possible : .impossible
    }

    /// Takes the display back from the program that has taken it, off the main thread: the open heads go on into the same sinks,
    /// and the delegate hears of the heads and of the state. Where that fails ``end`` says why, and it can be tried again. Does nothing
    /// unless ``canTakeBack``.
    public func takeBack() {
        guard canTakeBack, let next = source.takingBack() else { return }
        successor = (next, nil)
        let relay = SessionRelay(session: self)
        self.relay = relay
        let sinks = sinks
        farewell.begin(next)
        delegate?.sessionDidChangeState(self)
        queue.async {
            do throws(DisplayError) {
                try next.connect(delegate: relay)
                let heads = Set(next.heads.map(\.id))
                for (head, sink) in sinks where heads.contains(head) {
                    try next.open(head, sink: sink)
                }
                relay.onMain { $0.tookBack() }
            } catch {
                next.disconnect()
                relay.farewell.ended(next)
                relay.onMain { $0.tookNothingBack(error) }
            }
        }
    }

    private func tookBack() {
        guard let (next, itsEnd) = successor else { return }
        source = next
        successor = nil
        heads = next.heads
        machineState = next.machine?.state
        pointerModes = [:]
        end = itsEnd
        delegate?.sessionDidChangeHeads(self)
        delegate?.sessionDidChangeState(self)
    }

    private func tookNothingBack(_ error: DisplayError) {
        successor = nil
        end = .takenOver("the display was not taken back: \(error)")
        delegate?.sessionDidChangeState(self)
    }

    // MARK: - What the source tells

    private func connected(heads: [Head], state: MachineState?) {
        isConnected = true
        self.heads = heads
        if machineState == nil { machineState = state }
        delegate?.sessionDidConnect(self)
    }

    fileprivate func changed(heads: [Head]) {
        self.heads = heads
        if isConnected { delegate?.sessionDidChangeHeads(self) }
    }

    fileprivate func changed(mode: PointerMode, of head: Head.ID) {
        pointerModes[head] = mode
        delegate?.sessionDidChangeState(self)
    }

    fileprivate func changed(state: MachineState) {
        machineState = state
        delegate?.sessionDidChangeState(self)
    }

    fileprivate func ended(_ end: SourceEnd, of source: any DisplaySource) {
        if let successor, successor.source === source {
            // Taken again before it was ours: what the end is, once it has begun.
            self.successor?.end = end
            return
        }
        guard self.end == nil, source === self.source else { return }
        self.end = end
        if case .takenOver = end { canBeTaken = source.takingBack() != nil }
        delegate?.sessionDidChangeState(self)
    }
}

/// Hears the source on its threads and repeats on the main thread, in order.
private final class SessionRelay: DisplaySourceDelegate, @unchecked Sendable {
    // Read and written on the main thread alone.
    private weak var session: Session?
    let farewell: Farewell

    @MainActor
    init(session: Session) {
        self.session = session
        farewell = session.farewell
    }

    func onMain(_ body: @escaping @MainActor @Sendable (Session) -> Void) {
        DispatchQueue.main.async {
            MainActor.assumeIsolated {
                if let session = self.session { body(session) }
            }
        }
    }

    func source(_ source: any DisplaySource, didChange heads: [Head]) {
        onMain { $0.changed(heads: heads) }
    }

    func source(_ source: any DisplaySource, didChange mode: PointerMode, of head: Head.ID) {
        onMain { $0.changed(mode: mode, of: head) }
    }

    func source(_ source: any DisplaySource, didChange state: MachineState) {
        onMain { $0.changed(state: state) }
    }

    func source(_ source: any DisplaySource, didEnd end: SourceEnd) {
        farewell.ended(source)
        onMain { $0.ended(end, of: source) }
    }
}
