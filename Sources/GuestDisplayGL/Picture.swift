public import GuestDisplay
internal import Synchronization

/// One whole picture of a head: immutable and numbered. Any number of readers on any threads may hold it; when the last
/// reference but the ring's own goes, its memory is written again, and this object is the next picture's.
public final class Picture: GuestPicture, @unchecked Sendable {
    /// Where the pixels are.
    public enum Storage: Sendable {
        /// x8r8g8b8 rows in CPU memory.
        case memory(PictureMemory)
        /// An EGLImage of a texture of the ingest's context.
        case image(SharedImage)
        /// The guest's own buffer.
        case guest(GuestFrame)
    }

    /// Counts up within a head, from 1, by one a picture.
    public private(set) var number: UInt64
    /// Size in pixels.
    public let size: Size
    /// When it could be drawn first.
    public private(set) var published = Moment.now

    private let slot: PictureSlot?
    private let history: DamageHistory

    init(number: UInt64, slot: PictureSlot, history: DamageHistory) {
        self.number = number
        size = slot.size
        storage = slot.storage
        self.slot = slot
        self.history = history
    }

    /// Is the next picture of its slot. Nobody else may have a reference to it.
    func renew(number: UInt64, slot: PictureSlot) {
        self.number = number
        storage = slot.storage
        published = .now
    }

    /// A picture that is all new, in the guest's buffer. A frame has one picture.
    init(number: UInt64, frame: GuestFrame) {
        self.number = number
        size = frame.scanout.crop.size
        storage = .guest(frame)
        slot = nil
        history = DamageHistory(size: size)
    }

    deinit {
        slot?.pictureIsGone()
        if case .guest(let frame) = storage { frame.pictureIsGone() }
    }

    /// Where the pixels are.
    public private(set) var storage: Storage

    /// What changed since the picture of that number of the same head: nothing for its own number, everything when that
    /// picture was of another size, too old to remember, or newer.
    public func damage(since number: UInt64) -> Damage {
        history.damage(since: number, to: self.number)
    }
}

/// What changed from each of the newest pictures of one size to the next: one for all pictures of a ring. Any thread.
final class DamageHistory: Sendable {
    /// How many steps are remembered. A window that skipped more than a quarter of a second at 60 Hz draws everything.
    static let maximumSteps = 16

    /// What changed in the picture `number` since the one before; numbers follow each other.
    private struct Step {
        var number: UInt64
        var damage: Damage
    }

    let size: Size
    /// The steps in a ring: that of a number is at the number modulo ``maximumSteps``.
    private let steps: Mutex<[Step]>

    init(size: Size) {
        self.size = size
        steps = Mutex(
            Array(
                repeating: Step(number: 0, damage: Damage(size: size)),
                count: DamageHistory.maximumSteps))
    }

    /// Remembers what the picture `number` changed.
    func add(_ damage: Damage, number: UInt64) {
        steps.withLock {
            $0[DamageHistory.place(of: number)] = Step(number: number, damage: damage)
        }
    }

    func damage(since old: UInt64, to new: UInt64) -> Damage {
        if old == new { return Damage(size: size) }
        guard old < new, old > 0, new - old <= UInt64(DamageHistory.maximumSteps) else {
            return .full(size)
        }
        return steps.withLock { steps in
            var union = Damage(size: size)
            for number in old + 1...new {
                let step = steps[DamageHistory.place(of: number)]
                // Forgotten for a newer one, or from before the ring.
                guard step.number == number else { return .full(size) }
                union.formUnion(step.damage)
            }
            return union
        }
    }

    private static func place(of number: UInt64) -> Int {
        Int(number % UInt64(maximumSteps))
    }
}
