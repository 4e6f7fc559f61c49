internal import GuestDisplay
internal import Synchronization

/// What a source has told a head, and what of it was published.
final class HeadState: @unchecked Sendable {
    /// What the head shows, as the source's events left it.
    enum Current {
        case nothing
        case off
        case surface(SurfaceBacking)
        case gpu(GLScanout)
    }

    /// Whether the ingest has GL.
    private let canReadTextures: Bool
    let observers = HeadObservers()
    let counters = Mutex(IngestCounters())
    /// What changes took that are in no picture yet, in nanoseconds; 0 when there are none.
    private let applied = Mutex<UInt64>(0)
    let lastRefusal = Mutex<SurfaceError?>(nil)
    /// How the newest scanout's pixels come.
    let path = Mutex("")
    /// How many scanouts were refused or shown after one that was: what is said of it changes then.
    let refusalSerial = Mutex<UInt64>(0)

    /// Held while pixels are copied into the backing picture or out of it; never while anybody waits.
    let lock = Lock()
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

    init(canReadTextures: Bool) {
        self.canReadTextures = canReadTextures
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

    /// A change was applied, since that moment.
    func didApply(since begin: Moment) {
        let time = max(1, Moment.now.nanoseconds(since: begin))
        applied.withLock { $0 += time }
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

    /// Applies an event on the source's thread.
    func apply(_ event: DisplayEvent) throws(SurfaceError) {
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
            lock.withLock { replace(.off, size: .zero) }
        case .scanout(.surface(let surface)):
            try lock.withLock { () throws(SurfaceError) in try show(surface) }
        case .scanout(.gl(let scanout)):
            try show(scanout)
        case .update(.pixels(let surface, let x, let y)):
            try lock.withLock { () throws(SurfaceError) in
                try change { backing throws(SurfaceError) in
                    try backing.apply(surface, x: x, y: y)
                }
            }
        case .update(.inPlace(let rect, let release)):
            try lock.withLock { () throws(SurfaceError) in try refresh(rect, release: release) }
        // A surface's pixels were read by now; a texture's release waits in `releases`.
        }
    }

    /// What the ingest has to do; asks and forgets. Under `lock`.
    func takePending() -> (isAnother: Bool, damage: Damage, releases: [FrameRelease]) {
        defer {
            isAnother = false
            pending = Damage(size: pending.size)
            releases = []
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

    private func show(_ surface: DisplaySurface) throws(SurfaceError) {
        var old: SurfaceBacking?
        if case .surface(let backing) = current { old = backing }
        do throws(SurfaceError) {
            let new = try SurfaceBacking(surface, reusing: old)
            replace(.surface(new), size: surface.size)
            count(bytes: surface.size.width * surface.size.height * surface.format.bytesPerPixel)
        } catch {
            if var old, old.wouldBeReused(for: surface) {
                old.breakPicture()
                current = .surface(old)
            }
            throw error
        }
    }

    /// A texture, or a buffer that the ingest has imported.
    private func show(_ scanout: GLScanout) throws(SurfaceError) {
        if case .texture = scanout.storage, !canReadTextures {
            throw SurfaceError(
                field: "texture", reason: "the software renderer cannot read it; use gl")
        }
        lock.withLock { replace(.gpu(scanout), size: scanout.crop.size) }
    }

    /// Under `lock`.
    private func replace(_ new: Current, size: Size) {
        current = new
        isAnother = true
        pending = size.isEmpty ? Damage(size: .zero) : .full(size)
        // Frames of the scanout before will not be read any more: their references end here, which releases them.
        releases = []
    }

    /// Under `lock`.
    private func change(
        _ body: (inout SurfaceBacking) throws(SurfaceError) -> (Rect, Int)
    ) throws(SurfaceError) {
        guard case .surface(var backing) = current else {
            throw SurfaceError(field: "update", reason: "there is no surface to update")
        }
        defer { current = .surface(backing) }
        let (rect, bytes) = try body(&backing)
        pending.add(rect)
        count(bytes: bytes)
        if rect.isEmpty { counters.withLock { $0.unchanged += 1 } }
    }

    /// Under `lock`.
    private func refresh(_ rect: Rect, release: FrameRelease?) throws(SurfaceError) {
        if case .gpu(let scanout) = current {
            pending.add(
                rect.lies(within: scanout.crop.size) ? rect : Rect(scanout.crop.size))
            if let release { releases.append(release) }
        } else {
            try change { backing throws(SurfaceError) in try backing.refresh(rect) }
            release?.release()
        }
    }

    private func count(bytes: Int) {
        counters.withLock { $0.bytesCopied += UInt64(bytes) }
    }
}
