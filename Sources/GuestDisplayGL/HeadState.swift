internal import Dispatch
internal import GuestDisplay
internal import Synchronization

/// What a source has told a head, and what of it was published.
final class HeadState: @unchecked Sendable {
    /// What the head shows, as the source's events left it.
    enum Current {
        case nothing
        case off
        case surface(SurfaceBacking)
        /// Shared memory that the ingest uploads from.
        case mapped(MappedPicture)
        case gpu(GLScanout)
    }

    /// Whether the ingest has GL, and so textures.
    private let hasGL: Bool
    let observers = HeadObservers()
    let counters = Mutex(IngestCounters())
    /// What changes took that are in no picture yet, in nanoseconds; 0 when there are none.
    private let applied = Mutex<UInt64>(0)
    let lastRefusal = Mutex<SurfaceError?>(nil)
    /// How the newest scanout's pixels come.
    let path = Mutex("")
    /// How many scanouts were refused or shown after one that was: what is said of it changes then.
    let refusalSerial = Mutex<UInt64>(0)

    /// Held while a mapping's pixels are copied into the backing picture, and while any are copied out of it; never while anybody waits.
    let lock = Lock()
    /// Whether the source's thread writes the backing picture's memory just now, without the lock: its pixels may still be on their way. Nobody else touches that
    /// memory, and no picture is made of it. Under `lock`.
    private(set) var isFilling = false
    /// Whether the source's thread waits for ``takePending()``. Under `lock`.
    private var isAwaited = false
    private let didTake = DispatchSemaphore(value: 0)
    /// Under `lock`.
    private(set) var current = Current.nothing
    /// What changed in `current` since the ingest last looked; empty when nothing. Under `lock`.
    private var pending = Damage(size: .zero)
    /// Whether `current` is another than when the ingest last looked. Under `lock`.
    private var isAnother = false
    /// Frames to release when the ingest has read them. Under `lock`.
    private var releases: [FrameRelease] = []

    private let published = Mutex(IngestHead.Content.nothing)
    private let cursorState = Mutex(CursorState())

    init(hasGL: Bool) {
        self.hasGL = hasGL
    }

    var content: IngestHead.Content { published.withLock { $0 } }
    var cursor: CursorState { cursorState.withLock { $0 } }

    /// Whether a GPU's scanout is what the source showed last.
    func shows(_ scanout: GLScanout) -> Bool {
        lock.withLock {
            guard case .gpu(let current) = current else { return false }
            return current === scanout
        }
    }

    /// A change was applied, since that moment, some of which was another stage's.
    func didApply(since begin: Moment, without nanoseconds: UInt64) {
        let time = Moment.now.nanoseconds(since: begin)
        let own = time > nanoseconds ? time - nanoseconds : 1
        applied.withLock { $0 += own }
    }

    /// The ingest has looked, since that moment, at all changes that were applied; `isBehind` tells that their picture is still to come.
    func didIngest(since begin: Moment, isBehind: Bool) {
        let time = Moment.now.nanoseconds(since: begin)
        let whole = applied.withLock { applied -> UInt64 in
            // A cursor moved, or a slot came back.
            if applied == 0 { return 0 }
            applied += time
            defer { if !isBehind { applied = 0 } }
            return isBehind ? 0 : applied
        }
        if whole > 0 { note(.ingest, nanoseconds: whole) }
    }

    /// Counts a stage.
    func note(_ stage: Stage, nanoseconds: UInt64) {
        counters.withLock { $0.stages.add(stage, nanoseconds: nanoseconds) }
    }

    /// Replaces what is published.
    func publish(_ content: IngestHead.Content) {
        // The old picture's last reference may go here; it calls back, so not under the lock.
        let old = published.withLock { published in
            let old = published
            published = content
            return old
        }
        _ = old
    }

    /// Applies an event on the source's thread; `path` says how a scanout's pixels come.
    func apply(_ event: DisplayEvent, path: String) throws(SurfaceError) {
        switch event {
        case .cursor(let shape):
            cursorState.withLock { state in
                state.shape = shape
                state.isDefined = true
                state.shapeSerial += 1
                state.serial += 1
            }
        case .cursorPosition(let position):
            cursorState.withLock { state in
                state.position = position
                state.serial += 1
            }
        case .scanout(.off):
            lock.withLock { replace(.off, size: .zero, path: path) }
        case .scanout(.surface(let surface)):
            try show(surface, path: path)
        case .scanout(.gl(let scanout)):
            try show(scanout, path: path)
        case .update(.pixels(let surface, let x, let y)):
            try change(surface, x: x, y: y)
        case .update(.inPlace(let rect, let release)):
            try lock.withLock { () throws(SurfaceError) in try refresh(rect, release: release) }
        // A surface's pixels were read by now; the release of a texture or a mapping waits in `releases`.
        }
    }

    /// Pixels that are still on their way would keep the ingest from a picture that is whole, one after the other for ever, and for good if they never come: it has
    /// its turn first. It waits for nobody; a driver that hangs does not hold the source for longer than this.
    private func waitForIngest() {
        let mustWait = lock.withLock {
            isAwaited = !pending.isEmpty
            return isAwaited
        }
        guard mustWait else { return }
        _ = didTake.wait(timeout: .now() + .milliseconds(100))
        lock.withLock { isAwaited = false }
    }

    /// What the ingest has to do; asks and forgets. Under `lock`.
    func takePending() -> (isAnother: Bool, damage: Damage, releases: [FrameRelease]) {
        defer {
            isAnother = false
            pending = Damage(size: pending.size)
            releases = []
            if isAwaited { didTake.signal() }
            isAwaited = false
        }
        return (isAnother, pending, releases)
    }

    /// Runs `body` with the picture of a surface, if that is what is shown. Under `lock`.
    func withBacking(
        _ body: (inout SurfaceBacking) throws(GLError) -> Void
    ) throws(GLError) {
        guard case .surface(var backing) = current else { return }
        defer { current = .surface(backing) }
        try body(&backing)
    }

    /// A picture of a mapping was published.
    func didShow(_ surface: DisplaySurface) {
        lock.withLock {
            guard case .mapped(var picture) = current, picture.surface.memory === surface.memory
            else { return }
            picture.isShown = true
            current = .mapped(picture)
        }
    }

    /// The ingest could not read a mapping: it is not read any more, and its updates are refused. The last good picture stays; the whole scanout is refused where that is
    /// none of its own. Gives back whether it is; nil where something else has come, or this is known.
    func breakMapping(_ surface: DisplaySurface, _ error: SurfaceError) -> Bool? {
        let isShown: Bool? = lock.withLock {
            guard case .mapped(var picture) = current, !picture.isBroken,
                picture.surface.memory === surface.memory
            else { return nil }
            picture.isBroken = true
            current = .mapped(picture)
            noteBroken(picture, error)
            return picture.isShown
        }
        if isShown != nil { counters.withLock { $0.refused += 1 } }
        return isShown
    }

    /// Under `lock`, so that it does not overtake the next scanout.
    private func noteBroken(_ picture: MappedPicture, _ error: SurfaceError) {
        if picture.isShown { return }
        path.withLock { $0 = "" }
        noteRefusal(error)
    }

    /// Checks that a mapping is there still. Under `lock`.
    private func check(_ picture: inout MappedPicture) throws(SurfaceError) {
        let wasBroken = picture.isBroken
        do throws(SurfaceError) {
            try picture.check()
        } catch {
            if !wasBroken { noteBroken(picture, error) }
            throw error
        }
    }

    /// Why the newest scanout was refused; nil when it was not.
    func noteRefusal(_ refusal: SurfaceError?) {
        let before = lastRefusal.withLock { last in
            defer { last = refusal }
            return last
        }
        if before != refusal { refusalSerial.withLock { $0 += 1 } }
    }

    private func show(_ surface: DisplaySurface, path: String) throws(SurfaceError) {
        if hasGL, MappedPicture.canShow(surface) {
            let picture = try MappedPicture(surface)
            lock.withLock { replace(.mapped(picture), size: surface.size, path: path) }
            count(bytes: surface.byteCount(of: Rect(surface.size)))
            return
        }
        try fill(from: surface, x: 0, y: 0) { () throws(SurfaceError) in
            if case .surface(let backing) = current, backing.wouldBeReused(for: surface) {
                return (backing.memory, nil, nil)
            }
            return (PictureMemory(size: surface.size), nil, nil)
        } end: { result, memory in
            switch result {
            case .success:
                replace(
                    .surface(SurfaceBacking(surface, in: memory)), size: surface.size, path: path)
            case .failure:
                changeBacking { if $0.memory === memory { $0.breakPicture() } }
            }
        }
        count(bytes: surface.byteCount(of: Rect(surface.size)))
    }

    private func change(_ surface: DisplaySurface, x: Int, y: Int) throws(SurfaceError) {
        let rect = Rect(x: x, y: y, width: surface.size.width, height: surface.size.height)
        try fill(from: surface, x: x, y: y) { () throws(SurfaceError) in
            try copyMapped()
            guard case .surface(var backing) = current else { throw .nothingToUpdate }
            defer { current = .surface(backing) }
            return try backing.beginCopy(to: rect)
        } end: { result, _ in
            switch result {
            case .success(let changed):
                changeBacking { $0.endCopy() }
                note(changed, bytes: surface.byteCount(of: rect))
            case .failure:
                changeBacking { $0.breakPicture() }
            }
        }
    }

    /// Copies a surface's pixels to where `begin` says, over old ones that are kept elsewhere, or where nobody asks what changes. The lock is held all the while where
    /// the pixels are here, and else only by `begin` and `end`: nobody waits for their sender.
    private func fill(
        from surface: DisplaySurface, x: Int, y: Int,
        begin: () throws(SurfaceError) -> (
            memory: PictureMemory, old: PictureMemory?, digests: RowDigests?
        ),
        end: (Result<Rect, SurfaceError>, PictureMemory) -> Void
    ) throws(SurfaceError) {
        func copy(
            _ memory: PictureMemory, _ old: PictureMemory?, _ digests: RowDigests?
        ) -> Result<Rect, SurfaceError> {
            Result { () throws(SurfaceError) in
                try PixelConversion.copy(
                    arriving: surface, to: memory, x: x, y: y, over: old, digests: digests)
            }
        }
        guard surface.memory.isArriving else {
            return try lock.withLock { () throws(SurfaceError) in
                let (memory, old, digests) = try begin()
                let result = copy(memory, old, digests)
                end(result, memory)
                _ = try result.get()
            }
        }
        waitForIngest()
        let (memory, old, digests) = try lock.withLock { () throws(SurfaceError) in
            let target = try begin()
            isFilling = true
            return target
        }
        let result = copy(memory, old, digests)
        lock.withLock {
            isFilling = false
            end(result, memory)
        }
        _ = try result.get()
    }

    /// Under `lock`.
    private func changeBacking(_ body: (inout SurfaceBacking) -> Void) {
        guard case .surface(var backing) = current else { return }
        body(&backing)
        current = .surface(backing)
    }

    /// Under `lock`.
    private func note(_ changed: Rect, bytes: Int) {
        pending.add(changed)
        count(bytes: bytes)
        if changed.isEmpty { counters.withLock { $0.unchanged += 1 } }
    }

    /// A texture, or a buffer that the ingest has imported.
    private func show(_ scanout: GLScanout, path: String) throws(SurfaceError) {
        if case .texture = scanout.storage, !hasGL {
            throw SurfaceError(
                field: "texture", reason: "the software renderer cannot read it; use gl")
        }
        lock.withLock { replace(.gpu(scanout), size: scanout.crop.size, path: path) }
    }

    /// Under `lock`.
    private func replace(_ new: Current, size: Size, path: String) {
        current = new
        self.path.withLock { $0 = path }
        noteRefusal(nil)
        isAnother = true
        pending = size.isEmpty ? Damage(size: .zero) : .full(size)
        // Frames of the scanout before will not be read any more: their references end here, which releases them.
        releases = []
    }

    /// Bytes come for a picture in shared memory: from here on it is copied as others are. Under `lock`.
    private func copyMapped() throws(SurfaceError) {
        guard case .mapped(var picture) = current else { return }
        defer { if picture.isBroken { current = .mapped(picture) } }
        try check(&picture)
        let surface = picture.surface
        let memory = PictureMemory(size: surface.size)
        do throws(SurfaceError) {
            try PixelConversion.copy(Rect(surface.size), of: surface, to: memory, x: 0, y: 0)
        } catch {
            picture.isBroken = true
            noteBroken(picture, error)
            throw error
        }
        current = .surface(SurfaceBacking(surface, in: memory))
        pending = .full(surface.size)
        // All was read.
        releases = []
    }

    /// Under `lock`.
    private func refresh(_ rect: Rect, release: FrameRelease?) throws(SurfaceError) {
        switch current {
        case .gpu(let scanout):
            wait(for: rect, of: scanout.crop.size, release: release)
        case .mapped(var picture):
            defer { current = .mapped(picture) }
            try check(&picture)
            let surface = picture.surface
            let changed = wait(for: rect, of: surface.size, release: release)
            count(bytes: surface.byteCount(of: changed))
        case .surface(var backing):
            defer { current = .surface(backing) }
            let (changed, bytes) = try backing.refresh(rect)
            note(changed, bytes: bytes)
            release?.release()
        case .nothing, .off: throw .nothingToUpdate
        }
    }

    /// The ingest has to read a rectangle, and then to release the frame. Gives back which: one that does not lie in the picture counts as the whole. Under `lock`.
    @discardableResult
    private func wait(for rect: Rect, of size: Size, release: FrameRelease?) -> Rect {
        let rect = rect.lies(within: size) ? rect : Rect(size)
        pending.add(rect)
        if let release { releases.append(release) }
        return rect
    }

    private func count(bytes: Int) {
        counters.withLock { $0.bytesCopied += UInt64(bytes) }
    }
}

extension SurfaceError {
    fileprivate static let nothingToUpdate = SurfaceError(
        field: "update", reason: "there is no surface to update")
}
