internal import Dispatch
internal import GuestDisplay
internal import Logging
internal import Synchronization

/// Brings a head's published content up to date, on the ingest thread or in its place.
final class HeadUpdater: Sendable {
    private let work: HeadWork
    private let worker: IngestWorker

    init(state: HeadState, worker: IngestWorker) {
        self.worker = worker
        work = HeadWork(state: state, worker: worker)
    }

    /// Has the ingest thread look at the head soon; many calls before it does are one.
    func schedule() {
        work.schedule()
    }

    /// Looks at the head at once where that needs no context and the ingest thread has nothing to do, and else as ``schedule()``: two threads' turns are saved.
    func updateNow() {
        work.updateNow()
    }

    /// The head is gone: frees its rings on the ingest thread.
    func close() {
        worker.enqueue { [work] in work.close() }
    }
}

/// What the ingest thread does for a head.
private final class HeadWork: IngestJob, @unchecked Sendable {
    private let state: HeadState
    private let worker: IngestWorker
    private let isScheduled = Atomic<Bool>(false)
    /// Whether something that failed is about to be tried again.
    private let isRetrying = Atomic<Bool>(false)
    /// Whether a returning slot is waited for.
    private let isWaiting: WaitFlag
    // From here on: ingest thread only.
    private var rings: HeadRings
    private var number: UInt64 = 0
    private var seenCursor: UInt64 = 0
    private var seenRefusal: UInt64 = 0
    /// Whether the ring lacks changes that were taken from the state, or a written slot was not published.
    private var isBehind = false
    /// Whether something was published that nobody was told of yet.
    private var hasPublished = false
    /// Whether the source was still writing what it shows; it asks again when that is done.
    private var isFilling = false
    private var isClosed = false
    private var lastFailure: GLError?
    private var direct: DirectFrames!
    private var shownScanout: GLScanout?
    private weak var published: Picture?

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
        state.didIngest(since: begin, isBehind: isBehind)
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
                let ring = rings.ring(size: backing.size, holdsTextures: false)
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
            case .gpu(let scanout):
                let ring = rings.ring(size: scanout.crop.size, holdsTextures: true)
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

    // MARK: The guest's own buffers

    /// Has windows draw the guest's buffer itself, if that is changed and the guest flips; false if it is to be copied.
    private func show(
        _ scanout: GLScanout, releases: [FrameRelease], isChanged: Bool, isAnother: Bool
    ) throws(GLError) -> Bool {
        guard isChanged else { return false }
        let isFlip = isAnother && shownScanout?.isFlip(to: scanout) == true
        shownScanout = scanout
        let isFlipping = direct.note(isFlip: isFlip, isUpdate: !isAnother || !releases.isEmpty)
        // A flip comes as a scanout and an update: the second goes the way of the first.
        let isUpdateOfFlip = !isAnother && direct.current != nil
        guard isFlipping, isUpdateOfFlip || isWatched, let store = worker.store,
            let frame = try store.frame(of: scanout, onChange: { [weak self] in self?.schedule() })
        else { return false }
        state.counters.withLock {
            $0.imports = worker.noteImports()
            $0.direct += 1
        }
        direct.show(frame)
        direct.hold(releases)
        isBehind = false
        number += 1
        publish(Picture(number: number, frame: frame))
        return true
    }

    /// Whether some window draws what is published.
    private var isWatched: Bool {
        switch published?.storage {
        case .image(let image): image.fences.wasRead
        case .guest(let frame): frame.isDrawn
        case .memory, nil: false
        }
    }

    /// Releases what waits for windows once none can be disturbed any more; windows that take too long get copies.
    private func settle(isForced: Bool = false) throws(GLError) {
        if case .copy(let frames) = direct.nextStep(isForced: isForced) {
            for frame in frames {
                let isCurrent = frame === direct.current
                if isCurrent { number += 1 }
                guard let copy = try copy(of: frame) else { continue }
                frame.substitute(copy)
                if isCurrent {
                    direct.retire()
                    publish(copy)
                }
            }
        }
        guard case .release = direct.nextStep(isForced: isForced) else { return }
        try worker.store?.release(direct.take())
    }

    /// Something else is published now.
    private func leaveDirect() throws(GLError) {
        direct.retire()
        try settle(isForced: true)
    }

    /// What a frame shows, for those who hold a picture of it when the guest draws on.
    private func copy(of frame: GuestFrame) throws(GLError) -> Picture? {
        guard let store = worker.store,
            let slot = try rings.makeLoose(size: frame.scanout.crop.size)
        else { return nil }
        do throws(GLError) {
            try store.write(frame.scanout, to: slot, releasing: [])
            try store.finish(slot)
        } catch {
            store.destroy(slot.storage)
            throw error
        }
        count(pixels: slot.stale.pixelCount)
        let picture = slot.makePicture(number: number, history: DamageHistory(size: slot.size))
        rings.retire(slot)
        return picture
    }

    /// A texture is read at once into the reserved slot or a free one, and its frame released; published only if another slot is then
    /// free for the next frame, so that no reader holds the guest.
    private func updateTexture(
        _ scanout: GLScanout, ring: PictureRing, releases: [FrameRelease], isChanged: Bool
    ) throws(GLError) {
        if isChanged {
            var writable = rings.reserved
            if writable == nil { writable = try ring.takeFree() }
            guard let slot = writable else {
                preconditionFailure("the slot kept in reserve was given away")
            }
            rings.reserved = slot
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
        guard isBehind, let slot = rings.reserved else { return }
        guard ring.hasFree(besides: slot) else {
            state.counters.withLock { $0.deferrals += 1 }
            return
        }
        try publish(slot, of: ring)
        rings.reserved = nil
    }

    private func publish(_ slot: PictureSlot, of ring: PictureRing) throws(GLError) {
        try worker.store?.finish(slot)
        number += 1
        isBehind = false
        publish(ring.publish(slot, number: number))
        ring.trim()
    }

    private func publish(_ picture: Picture) {
        published = picture
        state.publish(.picture(picture))
        hasPublished = true
        state.counters.withLock { $0.picturesPublished += 1 }
        lastFailure = nil
    }

    private func count(pixels: Int) {
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

extension GLScanout {
    /// Whether the guest goes on to another buffer of the same kind with this one.
    fileprivate func isFlip(to next: GLScanout) -> Bool {
        guard backingSize == next.backingSize, crop.size == next.crop.size else { return false }
        switch (storage, next.storage) {
        case (.texture(let old), .texture(let new)): return old != new
        case (.dmaBuffer(let old), .dmaBuffer(let new)): return old.identity != new.identity
        case (.texture, .dmaBuffer), (.dmaBuffer, .texture): return false
        }
    }
}
