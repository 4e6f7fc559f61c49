internal import Dispatch
internal import GuestDisplay
internal import Logging
internal import Synchronization

/// What the ingest thread does for a head.
final class HeadWork: IngestJob, @unchecked Sendable {
    let state: HeadState
    let worker: IngestWorker
    private let isScheduled = Atomic<Bool>(false)
    /// Whether something that failed is about to be tried again.
    private let isRetrying = Atomic<Bool>(false)
    /// Whether a returning slot is waited for.
    private let isWaiting: WaitFlag
    // From here on: ingest thread only.
    var rings: HeadRings
    var number: UInt64 = 0
    private var seenCursor: UInt64 = 0
    private var seenRefusal: UInt64 = 0
    /// Whether the ring lacks changes that were taken from the state, or a written slot was not published.
    var isBehind = false
    /// Whether something was published that nobody was told of yet.
    private var hasPublished = false
    /// Whether the source was still writing what it shows; it asks again when that is done.
    private var isFilling = false
    private var isClosed = false
    private var lastFailure: GLError?
    var direct: DirectFrames!
    var shownScanout: GLScanout?
    weak var published: Picture?
    /// The shared memory that pictures were published of last.
    private weak var shownMapping: (any SurfaceMemory)?

    init(state: HeadState, worker: IngestWorker) {
        self.state = state
        self.worker = worker
        let waiting = WaitFlag()
        isWaiting = waiting
        rings = HeadRings(worker: worker, onReturn: { waiting.slotReturned() })
        waiting.onReturn = { [weak self] in self?.schedule() }
        direct = DirectFrames(limit: worker.drawLimit) { [weak self] in self?.schedule() }
    }

    func schedule() {
        if isScheduled.exchange(true, ordering: .acquiringAndReleasing) { return }
        worker.enqueue(self)
    }

    func updateNow() {
        if isScheduled.exchange(true, ordering: .acquiringAndReleasing) { return }
        if !worker.runInPlace(self) { worker.enqueue(self) }
    }

    func run() {
        isScheduled.store(false, ordering: .sequentiallyConsistent)
        update()
    }

    func close() {
        isClosed = true
        state.publish(.nothing)
        direct.abandon()
        worker.remove(rings)
    }

    private func update() {
        if isClosed { return }
        let begin = Moment.now
        var hasFailed = false
        do throws(GLError) {
            try updateContent()
            try settle()
        } catch {
            hasFailed = true
            direct.abandon()
            state.counters.withLock { $0.failures += 1 }
            // A driver that fails, fails at every picture: say it once.
            if error != lastFailure { worker.logger.error("picture: \(error)") }
            lastFailure = error
        }
        state.didIngest(since: begin, isBehind: isBehind || isFilling)
        // Set before looking, so that a slot which comes back meanwhile is not missed.
        isWaiting.isSet = true
        rings.sweep()
        isWaiting.isSet = isBehind || rings.isAwaitingReturns
        if isBehind, !isFilling, let ring = rings.ring {
            if !ring.hasFree(besides: rings.reserved) { ring.awaitReturns() }
            if hasFailed {
                retry()
            } else if ring.hasFree(besides: rings.reserved) {
                schedule()
            }
        }
        // Also what was published before something failed.
        var isChanged = hasPublished
        hasPublished = false
        let cursor = state.cursor.serial
        if cursor != seenCursor {
            seenCursor = cursor
            isChanged = true
        }
        let refusal = state.refusalSerial.withLock { $0 }
        if refusal != seenRefusal {
            seenRefusal = refusal
            isChanged = true
        }
        if isChanged { state.observers.wakeAll() }
    }

    /// A guest that is still now brings no other occasion.
    private func retry() {
        if isRetrying.exchange(true, ordering: .relaxed) { return }
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(250)) { [weak self] in
            self?.isRetrying.store(false, ordering: .relaxed)
            self?.schedule()
        }
    }

    private func updateContent() throws(GLError) {
        // The lock is held while a surface's pixels are copied: its source may write them at any time.
        enum Step {
            case done(Bool)
            case publish(PictureRing, PictureSlot)
            case readMapping(MappedPicture, PictureRing, [FrameRelease], isChanged: Bool)
            case readTexture(
                GLScanout, PictureRing, [FrameRelease], isChanged: Bool, isAnother: Bool)
        }
        let step: Step = try state.lock.withLock { () throws(GLError) in
            isFilling = state.isFilling
            if isFilling { return .done(false) }
            let (isAnother, damage, releases) = state.takePending()
            switch state.current {
            case .nothing:
                return .done(false)
            case .off:
                isBehind = false
                return .done(isAnother)
            case .surface(let backing) where backing.isBroken:
                isBehind = false
                return .done(false)
            case .surface(let backing):
                let ring = rings.ring(size: backing.size, hasReserve: false)
                if !damage.isEmpty {
                    ring.note(damage)
                    isBehind = true
                }
                guard isBehind else { return .done(false) }
                guard let slot = try ring.takeFree() else {
                    state.counters.withLock { $0.deferrals += 1 }
                    return .done(false)
                }
                let pixels = slot.stale.pixelCount
                try state.withBacking { backing throws(GLError) in
                    try worker.store?.write(&backing, to: slot)
                }
                slot.stale = Damage(size: ring.size)
                count(pixels: pixels)
                return .publish(ring, slot)
            case .mapped(let picture):
                let ring = rings.ring(size: picture.surface.size, hasReserve: true)
                let isChanged = !damage.isEmpty && !picture.isBroken
                if isChanged { ring.note(damage) }
                return .readMapping(picture, ring, releases, isChanged: isChanged)
            case .gpu(let scanout):
                let ring = rings.ring(size: scanout.crop.size, hasReserve: true)
                if !damage.isEmpty { ring.note(damage) }
                return .readTexture(
                    scanout, ring, releases, isChanged: !damage.isEmpty, isAnother: isAnother)
            }
        }
        switch step {
        case .done(let isOff):
            if isOff {
                state.publish(.off)
                hasPublished = true
                shownScanout = nil
                try leaveDirect()
            }
        case .publish(let ring, let slot):
            try publish(slot, of: ring)
            shownScanout = nil
            try leaveDirect()
        case .readMapping(let picture, let ring, let releases, let isChanged):
            try updateMapping(picture, ring: ring, releases: releases, isChanged: isChanged)
        case .readTexture(let scanout, let ring, let releases, let isChanged, let isAnother):
            if worker.releasePolicy == .afterDraw,
                try show(
                    scanout, releases: releases, isChanged: isChanged, isAnother: isAnother)
            {
                return
            }
            try updateTexture(
                scanout, ring: ring, releases: releases, isChanged: isChanged)
        }
    }

    /// A texture is read at once into the reserved slot or a free one, and its frame released; published only if another slot is then
    /// free for the next frame, so that no reader holds the guest.
    private func updateTexture(
        _ scanout: GLScanout, ring: PictureRing, releases: [FrameRelease], isChanged: Bool
    ) throws(GLError) {
        if isChanged {
            let slot = try reserve(in: ring)
            // Before it is written: what fails is tried again.
            isBehind = true
            let pixels = slot.stale.pixelCount
            direct.retire()
            // Without a store the ingest has ended, and the frames go with their references.
            if direct.mayBeDrawn {
                try worker.store?.write(scanout, to: slot, releasing: [])
                direct.hold(releases)
            } else {
                try worker.store?.write(scanout, to: slot, releasing: releases)
            }
            state.counters.withLock { $0.imports = worker.noteImports() }
            slot.stale = Damage(size: ring.size)
            count(pixels: pixels)
        } else {
            for release in releases { release.release() }
            if isBehind, let slot = rings.reserved, !slot.stale.isEmpty {
                try worker.store?.write(scanout, to: slot, releasing: [])
                slot.stale = Damage(size: ring.size)
            }
        }
        _ = try publishReserved(of: ring)
    }

    /// The slot that is always kept to write.
    private func reserve(in ring: PictureRing) throws(GLError) -> PictureSlot {
        if let slot = rings.reserved { return slot }
        guard let slot = try ring.takeFree() else {
            preconditionFailure("the slot kept in reserve was given away")
        }
        rings.reserved = slot
        return slot
    }

    /// Publishes the reserved slot, if there is something new and another slot is free for the next frame. Whether it was.
    private func publishReserved(of ring: PictureRing) throws(GLError) -> Bool {
        guard isBehind, let slot = rings.reserved else { return false }
        guard ring.hasFree(besides: slot) else {
            state.counters.withLock { $0.deferrals += 1 }
            return false
        }
        try publish(slot, of: ring)
        rings.reserved = nil
        return true
    }

    /// Shared memory is read as a texture is: at once into the reserved slot or a free one, and its frames released.
    private func updateMapping(
        _ picture: MappedPicture, ring: PictureRing, releases: [FrameRelease], isChanged: Bool
    ) throws(GLError) {
        // Also when something fails.
        defer { for release in releases { release.release() } }
        if isChanged { isBehind = true }
        guard isBehind, let store = worker.store else { return }
        let slot = try reserve(in: ring)
        if !slot.stale.isEmpty {
            let pixels = slot.stale.pixelCount
            let surface = picture.surface
            if picture.isBroken {
                isBehind = false
                return
            }
            if let refusal = try store.write(
                surface, to: slot, new: ring.unpublished, over: newest(of: surface))
            {
                slot.stale = .full(ring.size)
                isBehind = false
                return refuse(surface, refusal)
            }
            slot.stale = Damage(size: ring.size)
            count(pixels: pixels)
            for release in releases { release.release() }
        }
        guard try publishReserved(of: ring) else { return }
        if shownMapping !== picture.surface.memory { state.didShow(picture.surface) }
        shownMapping = picture.surface.memory
        shownScanout = nil
        try leaveDirect()
    }

    /// The picture that shows what a mapping had, except for what is new.
    private func newest(of surface: DisplaySurface) -> Picture.Storage? {
        shownMapping === surface.memory ? published?.storage : nil
    }

    private func refuse(_ surface: DisplaySurface, _ refusal: SurfaceError) {
        guard let isShown = state.breakMapping(surface, refusal) else { return }
        worker.logger.warning(
            isShown
                ? "the guest's picture stays until its next scanout: \(refusal)"
                : "the guest's picture is refused: \(refusal)")
    }

    private func publish(_ slot: PictureSlot, of ring: PictureRing) throws(GLError) {
        try worker.store?.finish(slot)
        number += 1
        isBehind = false
        publish(ring.publish(slot, number: number))
        ring.trim()
    }

    func publish(_ picture: Picture) {
        published = picture
        state.publish(.picture(picture))
        hasPublished = true
        state.counters.withLock { $0.picturesPublished += 1 }
        lastFailure = nil
    }

    func count(pixels: Int) {
        state.counters.withLock { $0.pixelsUploaded += UInt64(pixels) }
    }
}

/// Passes a slot's return on to the ingest thread while that waits for one, and drops it otherwise.
private final class WaitFlag: @unchecked Sendable {
    private let flag = Atomic<Bool>(false)
    /// Set once, before the first slot is made.
    var onReturn: @Sendable () -> Void = {}

    var isSet: Bool {
        get { flag.load(ordering: .sequentiallyConsistent) }
        set { flag.store(newValue, ordering: .sequentiallyConsistent) }
    }

    func slotReturned() {
        if isSet { onReturn() }
    }
}
