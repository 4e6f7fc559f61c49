public import GuestDisplay

/// One whole picture of a head: immutable and numbered. Any number of readers on any threads may hold it; when the last
/// reference goes, its memory returns to the head's ring and is written again.
public final class Picture: GuestPicture {
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
    public let number: UInt64
    /// Size in pixels.
    public let size: Size
    /// When it could be drawn first.
    public let published = Moment.now

    private let slot: PictureSlot?
    private let history: DamageHistory

    init(number: UInt64, slot: PictureSlot, history: DamageHistory) {
        self.number = number
        size = slot.size
        storage = slot.storage
        self.slot = slot
        self.history = history
        slot.take()
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
        slot?.giveBack()
        if case .guest(let frame) = storage { frame.pictureIsGone() }
    }

    /// Where the pixels are.
    public let storage: Storage

    /// What changed since the picture of that number of the same head: nothing for its own number, everything when that
    /// picture was of another size, too old to remember, or newer.
    public func damage(since number: UInt64) -> Damage {
        history.damage(since: number, to: self.number)
    }
}

/// What changed from each of the newest pictures of one size to the next.
struct DamageHistory: Sendable {
    /// How many steps are remembered. A window that skipped more than a quarter of a second at 60 Hz draws everything.
    static let maximumSteps = 16

    let size: Size
    /// The number of the picture and what changed in it since the one before; numbers follow each other.
    private var steps: [(number: UInt64, damage: Damage)] = []

    init(size: Size) {
        self.size = size
    }

    /// Remembers what the picture `number` changed.
    mutating func add(_ damage: Damage, number: UInt64) {
        if steps.count == DamageHistory.maximumSteps { steps.removeFirst() }
        steps.append((number, damage))
    }

    func damage(since old: UInt64, to new: UInt64) -> Damage {
        if old == new { return Damage(size: size) }
        guard old < new, let first = steps.first, old + 1 >= first.number, old > 0 else {
            return .full(size)
        }
        return steps.reduce(into: Damage(size: size)) { union, step in
            if step.number > old && step.number <= new { union.formUnion(step.damage) }
        }
    }
}
