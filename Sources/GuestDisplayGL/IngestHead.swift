public import GuestDisplay
internal import Logging
internal import Synchronization

/// One head's pictures: takes a source's events, publishes numbered pictures, and wakes who observes.
///
/// Any thread may call, except ``receive(_:)``, which is the source's.
public final class IngestHead: HeadPictures {
    /// What a window shows.
    public typealias Content = HeadContent<Picture>

    let state: HeadState
    private let worker: IngestWorker
    private let updater: HeadUpdater
    /// Whether there are changes that wait for ``flush()``. The source's thread's.
    private let hasCollected = Atomic<Bool>(false)

    init(worker: IngestWorker) {
        self.worker = worker
        let state = HeadState(hasGL: worker.hasGL)
        self.state = state
        updater = HeadUpdater(state: state, worker: worker)
    }

    deinit {
        updater.close()
    }

    /// The newest published content.
    public var content: Content { state.content }

    /// The guest's pointer.
    public var cursor: CursorState { state.cursor }

    /// What was done since the head began.
    public var counters: IngestCounters { state.counters.withLock { $0 } }

    /// How the pixels of the newest scanout come here.
    public var path: String { state.path.withLock { $0 } }

    /// When a guest's buffers of a GPU are released.
    public var releasePolicy: ReleasePolicy { worker.releasePolicy }

    /// Why the newest scanout was refused; nil when it was not.
    public var lastRefusal: SurfaceError? { state.lastRefusal.withLock { $0 } }

    /// Calls `wake` on the ingest thread, or a source's in its place, after each change of content or cursor, until the observation is cancelled or dropped.
    /// `wake` must not block; changes that come together are one call.
    public func observe(_ wake: @escaping @Sendable () -> Void) -> Observation {
        let id = state.observers.add(wake)
        return Observation { [state] in state.observers.remove(id) }
    }

    /// Reads a picture of this head's ingest back, on the ingest thread; `completion` is called there, or at once after the ingest's end,
    /// exactly once. Rows of 0x00RRGGBB, top first, `width × height` of them.
    public func readPixels(
        of picture: Picture,
        completion: @escaping @Sendable (Result<[UInt32], DisplayError>) -> Void
    ) {
        read(completion) { store throws(GLError) in try store.read(picture.storage) }
    }

    /// What a window of `size` would show, composed on the ingest thread: `picture` scaled into `frame`, or none, and the layers over it.
    /// `completion` is called as that of ``readPixels(of:completion:)``, with rows of 0x00RRGGBB, top first, `width × height` of them; it is an
    /// error for a size that is empty, or beyond ``SurfaceLimits``.
    public func compose(
        _ picture: Picture?, layers: [Layer], frame: Rect, size: Size,
        completion: @escaping @Sendable (Result<[UInt32], DisplayError>) -> Void
    ) {
        do throws(SurfaceError) {
            try DisplaySurface.check(size: size)
        } catch {
            completion(.failure(DisplayError("\(error)")))
            return
        }
        read(completion) { store throws(GLError) in
            try store.compose(picture, layers: layers, frame: frame, size: size)
                .map { $0 & 0xff_ffff }
        }
    }

    // What `body` refers to lives until the job has run, so a picture's slot is not written.
    private func read(
        _ completion: @escaping @Sendable (Result<[UInt32], DisplayError>) -> Void,
        _ body: @escaping @Sendable (any PictureStore) throws(GLError) -> [UInt32]
    ) {
        let accepted = worker.enqueue { [worker] in
            do throws(GLError) {
                guard let store = worker.store else { throw .ended }
                completion(.success(try body(store)))
            } catch {
                completion(.failure(DisplayError("\(error)")))
            }
        }
        if !accepted { completion(.failure(DisplayError("\(GLError.ended)"))) }
    }

    /// Calls `body` on the ingest thread when all that was received is applied.
    func settle(_ body: @escaping @Sendable () -> Void) {
        worker.enqueue(body)
    }

    /// Takes the next event: copies borrowed pixels before it returns, never waits for a window. Throws when the event
    /// cannot be shown; the last good picture stays. A mapping whose memory goes while it is read later is refused in the log, and its next update with an error.
    public func receive(_ event: DisplayEvent) throws(SurfaceError) {
        try apply(event)
        update()
    }

    /// Takes the next event as ``receive(_:)``; no picture is made of changed pixels before ``flush()``, or another event.
    public func collect(_ event: DisplayEvent) throws(SurfaceError) {
        try apply(event)
        switch event {
        case .update(.pixels), .update(.inPlace(_, nil)):
            hasCollected.store(true, ordering: .relaxed)
        // Somebody waits for a frame's release.
        default: update()
        }
    }

    /// Makes a picture of what was collected.
    public func flush() {
        if hasCollected.load(ordering: .relaxed) { update() }
    }

    private func update() {
        hasCollected.store(false, ordering: .relaxed)
        updater.updateNow()
    }

    private func apply(_ event: DisplayEvent) throws(SurfaceError) {
        state.counters.withLock { $0.events += 1 }
        let begin = Moment.now
        if case .update(.inPlace(_, let release?)) = event { time(release) }
        do throws(SurfaceError) {
            let (event, path, trial) = try worker.prepared(event)
            if case .scanout = event { tell(path) }
            try state.apply(event, path: path)
            trial?.onFailure { [weak self] error in self?.refuse(event, error) }
        } catch {
            noteRefusal(of: event, error)
            throw error
        }
        switch event {
        case .scanout(.surface), .scanout(.gl):
            state.didApply(since: begin, without: event.receiveNanoseconds)
            state.counters.withLock { $0.changes += 1 }
        case .update:
            state.didApply(since: begin, without: event.receiveNanoseconds)
            state.counters.withLock {
                $0.changes += 1
                $0.updates += 1
            }
        case .scanout(.off), .cursor, .cursorPosition: break
        }
    }

    /// Counts what the source has measured.
    public func note(_ stage: Stage, nanoseconds: UInt64) {
        state.note(stage, nanoseconds: nanoseconds)
    }
}

extension IngestHead {
    private func time(_ release: FrameRelease) {
        // The state holds the frame.
        release.onRelease { [weak state] in state?.note(.release, nanoseconds: $0) }
    }

    /// A scanout that was received and turns out to be none that can be shown, unless another has come.
    private func refuse(_ event: DisplayEvent, _ error: SurfaceError) {
        guard case .scanout(.gl(let scanout)) = event, state.shows(scanout) else { return }
        worker.logger.warning("the guest's picture is refused: \(error)")
        noteRefusal(of: event, error)
    }

    private func noteRefusal(of event: DisplayEvent, _ error: SurfaceError) {
        state.counters.withLock { $0.refused += 1 }
        guard case .scanout = event else { return }
        state.path.withLock { $0 = "" }
        state.noteRefusal(error)
        updater.schedule()
    }

    /// Writes down how pictures come from now on, once.
    private func tell(_ path: String) {
        guard !path.isEmpty, path != self.path else { return }
        // Who holds an imported buffer, and until when, is the policy's.
        let policy = path.hasSuffix("imported") ? ", \(worker.releasePolicy.rawValue)" : ""
        worker.logger.debug("pictures as \(path)\(policy)")
    }
}

extension GLError {
    fileprivate static let ended = GLError(
        operation: "read-back", reason: "the ingest has ended")
}

extension DisplayEvent {
    /// How long its pixels took to come, while they were taken.
    fileprivate var receiveNanoseconds: UInt64 {
        switch self {
        case .scanout(.surface(let surface)), .update(.pixels(let surface, _, _)):
            surface.memory.receiveNanoseconds
        default: 0
        }
    }
}
