internal import GuestDisplay

/// A head's ring of the current size, and slots of older rings whose pictures are still held. Ingest thread only; made on any.
final class HeadRings: @unchecked Sendable {
    private(set) var ring: PictureRing?
    /// Written but not published, because it was the last free slot: the one that a texture or a mapping is copied to when readers hold the others.
    var reserved: PictureSlot?
    private var retired: [PictureSlot] = []
    private let worker: IngestWorker
    private let onReturn: @Sendable () -> Void
    private var isClosed = false
    private var isKnown = false

    init(worker: IngestWorker, onReturn: @escaping @Sendable () -> Void) {
        self.worker = worker
        self.onReturn = onReturn
    }

    /// The ring for pictures of that size and kind; the one of another is retired.
    func ring(size: Size, hasReserve: Bool) -> PictureRing {
        if let ring, ring.size == size, ring.hasReserve == hasReserve { return ring }
        retireRing()
        if !isKnown {
            isKnown = true
            worker.add(self)
        }
        let new = PictureRing(
            size: size, hasReserve: hasReserve,
            makeSlot: { [worker, onReturn] () throws(GLError) in
                guard let store = worker.store else {
                    throw GLError(operation: "picture", reason: "the ingest has ended")
                }
                return PictureSlot(
                    size: size, storage: try store.make(size: size), onReturn: onReturn)
            }, destroySlot: { [worker] in worker.store?.destroy($0.storage) })
        ring = new
        return new
    }

    /// A slot that belongs to no ring, for one picture: destroyed when that has gone.
    func makeLoose(size: Size) throws(GLError) -> PictureSlot? {
        guard let store = worker.store else { return nil }
        if !isKnown {
            isKnown = true
            worker.add(self)
        }
        return PictureSlot(size: size, storage: try store.make(size: size), onReturn: onReturn)
    }

    /// Has a slot that belongs to no ring destroyed when its picture has gone.
    func retire(_ slot: PictureSlot) {
        slot.letGo()
        retired.append(slot)
    }

    /// Destroys slots of older rings that have come back.
    func sweep() {
        retired.removeAll { slot in
            if slot.isHeld { return false }
            worker.store?.destroy(slot.storage)
            return true
        }
    }

    /// Whether slots of older rings are still out.
    var isAwaitingReturns: Bool { !retired.isEmpty }

    /// Destroys all that is not held; what is held frees itself with its last reference.
    func close() {
        if isClosed { return }
        isClosed = true
        retireRing()
        sweep()
    }

    private func retireRing() {
        reserved = nil
        guard let ring else { return }
        retired += ring.retire()
        self.ring = nil
        sweep()
    }
}
