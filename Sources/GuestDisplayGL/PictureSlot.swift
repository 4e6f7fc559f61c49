internal import GuestDisplay
internal import Synchronization

/// One place of a ring: memory for a picture, written while no ``Picture`` of it is alive.
final class PictureSlot: @unchecked Sendable {
    let size: Size
    /// Its memory. Another one only on the ingest thread, while no picture of it is alive.
    var storage: Picture.Storage
    /// Where it differs from the newest content. Ingest thread only.
    var stale: Damage

    private let held = Atomic<Bool>(false)
    private let onReturn: @Sendable () -> Void

    /// `onReturn` is called on any thread when the last reference to its picture has gone.
    init(size: Size, storage: Picture.Storage, onReturn: @escaping @Sendable () -> Void) {
        self.size = size
        self.storage = storage
        stale = .full(size)
        self.onReturn = onReturn
    }

    /// Whether a picture of it is alive.
    var isHeld: Bool { held.load(ordering: .acquiring) }

    func take() {
        let before = held.exchange(true, ordering: .acquiringAndReleasing)
        precondition(!before, "a slot was published twice")
    }

    func giveBack() {
        held.store(false, ordering: .sequentiallyConsistent)
        onReturn()
    }
}
