internal import GuestDisplay

/// The slots of a head's pictures of one size, and which of them may be written. Ingest thread only.
final class PictureRing {
    /// How many slots there can be: one published, one to write, and one in the hand of each of six readers.
    static let maximumSlots = 8
    /// How many free slots are kept for the next pictures.
    static let keptFree = 2

    let size: Size
    /// Whether one slot is always kept to write, so that a frame can be read at once (``HeadRings/reserved``).
    let hasReserve: Bool
    private(set) var slots: [PictureSlot] = []
    private let history: DamageHistory

    private let makeSlot: () throws(GLError) -> PictureSlot
    private let destroySlot: (PictureSlot) -> Void
    /// What changed since the newest published picture.
    private(set) var unpublished: Damage

    init(
        size: Size, hasReserve: Bool,
        makeSlot: @escaping () throws(GLError) -> PictureSlot,
        destroySlot: @escaping (PictureSlot) -> Void
    ) {
        self.size = size
        self.hasReserve = hasReserve
        self.makeSlot = makeSlot
        self.destroySlot = destroySlot
        history = DamageHistory(size: size)
        unpublished = Damage(size: size)
    }

    /// The content changed there: no slot has it yet.
    func note(_ damage: Damage) {
        unpublished.formUnion(damage)
        for slot in slots { slot.stale.formUnion(damage) }
    }

    /// Whether ``takeFree(besides:)`` would find or make one.
    func hasFree(besides reserved: PictureSlot?) -> Bool {
        slots.count < PictureRing.maximumSlots
            || slots.contains { !$0.isHeld && $0 !== reserved }
    }

    /// The free slot with the least to bring up to date, or a new one; nil when all are held and there may be no more.
    func takeFree(besides reserved: PictureSlot? = nil) throws(GLError) -> PictureSlot? {
        var best: PictureSlot?
        for slot in slots where !slot.isHeld && slot !== reserved {
            if let chosen = best, chosen.stale.pixelCount <= slot.stale.pixelCount { continue }
            best = slot
        }
        if let best { return best }
        if slots.count >= PictureRing.maximumSlots { return nil }
        let slot = try makeSlot()
        slots.append(slot)
        return slot
    }

    /// The picture of a slot that is up to date.
    func publish(_ slot: PictureSlot, number: UInt64) -> Picture {
        precondition(slot.stale.isEmpty)
        history.add(unpublished, number: number)
        unpublished = Damage(size: size)
        return slot.makePicture(number: number, history: history)
    }

    /// Has the slots tell when a picture comes back: there is none to write.
    func awaitReturns() {
        for slot in slots { slot.letGo() }
    }

    /// Destroys free slots beyond ``keptFree``: readers have gone.
    func trim() {
        var free = 0
        slots.removeAll { slot in
            if slot.isHeld { return false }
            free += 1
            if free <= PictureRing.keptFree { return false }
            slot.letGo()
            destroySlot(slot)
            return true
        }
    }

    /// Destroys the free slots and gives those back that are still held, to be destroyed later.
    func retire() -> [PictureSlot] {
        for slot in slots { slot.letGo() }
        let held = slots.filter(\.isHeld)
        for slot in slots where !slot.isHeld { destroySlot(slot) }
        slots = []
        return held
    }
}
