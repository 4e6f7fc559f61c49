internal import GuestDisplay
internal import Synchronization

/// The guest's own buffers as pictures.
extension HeadWork {
    /// Has windows draw the guest's buffer itself, if that is changed and the guest flips; false if it is to be copied.
    func show(
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
    func settle(isForced: Bool = false) throws(GLError) {
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
    func leaveDirect() throws(GLError) {
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
