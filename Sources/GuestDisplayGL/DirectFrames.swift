internal import Dispatch
internal import GuestDisplay
internal import Synchronization

/// The guest's own buffers as a head's pictures (``ReleasePolicy/afterDraw``): which windows may still draw, and which frames that holds. Ingest
/// thread only.
///
/// A guest that flips does not draw into the buffer that it shows. So the newest buffer may be drawn at any time, and an older one until the guest's frame is
/// released: by then nobody may draw it any more, or only a copy.
final class DirectFrames {
    /// After so many flips in a row a guest is known to flip. One that draws into what it shows is copied.
    static let provenFlips = 2

    private let limit: DispatchTimeInterval
    private let onChange: @Sendable () -> Void
    /// What is published now; nil when that is a copy.
    private(set) var current: GuestFrame?
    /// Published before; some window may hold a picture of each.
    private var older: [GuestFrame] = []
    /// What the guest waits for.
    private var releases: [FrameRelease] = []
    private var deadline: DispatchTime?
    /// Whether `onChange` is to come at some time, though perhaps before the deadline: one timer at a time.
    private let isAwake = Flag()
    private var flips = 0
    private var hasUpdate = false

    /// Windows have `limit` to draw; `onChange` is called on any thread when it has passed.
    init(limit: Duration, onChange: @escaping @Sendable () -> Void) {
        self.limit = .microseconds(Int(limit / .microseconds(1)))
        self.onChange = onChange
    }

    /// Whether a frame waits for windows.
    var isHolding: Bool { !releases.isEmpty }

    /// The guest shows another buffer, or, without `isFlip`, has drawn into the one it shows. Whether it is known to flip.
    func note(isFlip: Bool, isUpdate: Bool) -> Bool {
        if isFlip {
            flips += 1
            hasUpdate = false
        }
        if isUpdate {
            // The first update after a flip is the flip's own.
            if hasUpdate { flips = 0 }
            hasUpdate = true
        }
        return flips >= DirectFrames.provenFlips
    }

    /// Whether a guest that draws on could disturb a window.
    var mayBeDrawn: Bool { current != nil || older.contains { $0.mayBeDrawn || $0.isInUse } }

    /// Publishes the guest's buffer from now on.
    func show(_ frame: GuestFrame) {
        retire()
        current = frame
    }

    /// Keeps frames until windows have drawn what is published, and let go of what was.
    func hold(_ frames: [FrameRelease]) {
        releases += frames
        guard deadline == nil, isHolding else { return }
        let end = DispatchTime.now() + limit
        deadline = end
        wake(at: end)
    }

    private func wake(at deadline: DispatchTime) {
        if isAwake.value.exchange(true, ordering: .sequentiallyConsistent) { return }
        DispatchQueue.global().asyncAfter(deadline: deadline) { [isAwake, onChange] in
            isAwake.value.store(false, ordering: .sequentiallyConsistent)
            onChange()
        }
    }

    /// A copy, or nothing, is published instead from now on.
    func retire() {
        if let current { older.append(current) }
        current = nil
        // Fences of pictures that went long ago were reached long ago.
        older.removeAll { !$0.mayBeDrawn && !$0.isInUse && !(isHolding && $0.fences.wasRead) }
    }

    /// Between the timer and the ingest thread.
    private final class Flag: Sendable {
        let value = Atomic(false)
    }

    /// What to do about the frames that wait.
    enum Step {
        /// Nothing, until a window has drawn, let go, or taken too long.
        case wait
        /// Release them.
        case release
        /// Windows took too long: these are to be copied first.
        case copy([GuestFrame])
    }

    /// With `isForced`, windows have no more time.
    func nextStep(isForced: Bool = false) -> Step {
        guard isHolding else { return .wait }
        // The timer was perhaps an earlier frame's.
        if let deadline, deadline > .now() { wake(at: deadline) }
        let frames = older + (current.map { [$0] } ?? [])
        let pending = frames.filter { $0.mayBeDrawn && ($0 !== current || !$0.isDrawn) }
        if !pending.isEmpty {
            let isLate = deadline.map { $0 <= .now() } ?? false
            return isLate || isForced ? .copy(pending) : .wait
        }
        // A window that has begun is about to end: it says so.
        return older.contains(where: \.isInUse) ? .wait : .release
    }

    /// Releases what waits, whatever windows do: the head has ended, or GL has failed.
    func abandon() {
        for frame in releases { frame.release() }
        releases = []
        deadline = nil
        older = []
        current = nil
    }

    /// The frames that wait; they are not held any more. Has the next commands wait until all windows have read.
    func take() throws(GLError) -> [FrameRelease] {
        defer {
            releases = []
            deadline = nil
            older.removeAll { !$0.mayBeDrawn }
        }
        for frame in older { try frame.fences.waitForReaders() }
        try current?.fences.waitForReaders()
        return releases
    }
}
