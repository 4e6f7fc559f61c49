internal import GuestDisplay
internal import Synchronization

/// One place of a ring: memory for a picture, written while nobody but the slot has a reference to its ``Picture``. Ingest thread only, except where it
/// says so.
///
/// The slot keeps the picture's object, for the next one; so it is not told when the last reader goes. Where that is waited for, see ``letGo()``.
final class PictureSlot: @unchecked Sendable {
    let size: Size
    /// Its memory. Another one only while it is not held.
    var storage: Picture.Storage
    /// Where it differs from the newest content.
    var stale: Damage

    /// The picture that was made of it last, unless ``letGo()`` gave it away.
    private var picture: Picture?
    /// Whether a picture is alive that was given away.
    private let isAway = Atomic<Bool>(false)
    private let onReturn: @Sendable () -> Void

    /// `onReturn` is called on any thread when the last reference to a picture has gone that ``letGo()`` gave away.
    init(size: Size, storage: Picture.Storage, onReturn: @escaping @Sendable () -> Void) {
        self.size = size
        self.storage = storage
        stale = .full(size)
        self.onReturn = onReturn
    }

    /// Whether somebody has a picture of it.
    var isHeld: Bool {
        if isAway.load(ordering: .acquiring) { return true }
        if picture == nil || isKnownUniquelyReferenced(&picture) {
            // What readers read was read before what is written from here on.
            atomicMemoryFence(ordering: .acquiring)
            return false
        }
        return true
    }

    /// The picture of what it holds now; it must not be held.
    func makePicture(number: UInt64, history: DamageHistory) -> Picture {
        precondition(!isHeld, "a slot was published twice")
        if let picture {
            picture.renew(number: number, slot: self)
            return picture
        }
        let new = Picture(number: number, slot: self, history: history)
        picture = new
        return new
    }

    /// Tells with `onReturn` when the last reader has gone, or at once when there is none: the picture is no longer the slot's. Else picture and slot would
    /// keep each other, so this is also a slot's end.
    func letGo() {
        guard let picture else { return }
        isAway.store(true, ordering: .sequentiallyConsistent)
        self.picture = nil
        _ = picture
    }

    /// The last reference to its picture has gone. Any thread.
    func pictureIsGone() {
        isAway.store(false, ordering: .sequentiallyConsistent)
        onReturn()
    }
}
