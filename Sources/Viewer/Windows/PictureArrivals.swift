public import GuestDisplay
internal import Synchronization

/// Shows a head's pictures as they arrive, on the thread that they arrive on: where nothing but the picture is another than in the window's last frame, the
/// main thread has nothing to do. It draws all other frames, and says after each whether what comes next may be shown so. Any thread.
public final class PictureArrivals<Picture: GuestPicture>: Sendable {
    /// Shows a picture in the place of the last frame's, without waiting for anything. Nil when it cannot, and has not; else how long the stages took.
    public typealias Show = @Sendable (Picture) -> StageTimes?

    private struct State {
        /// What the window shows, or is about to.
        var newest: Picture?
        /// Nil while the main thread has something to draw.
        var show: Show?
        /// Whether the last frame is one that only a picture changes.
        var isPlain = false
        /// Of the guest's pointer as the window has it.
        var cursor: UInt64 = 0
        /// The time between two of the monitor's frames, in nanoseconds.
        var interval: UInt64 = 0
        /// When the last picture was shown here.
        var last: Moment?
        /// How much time there is for frames, in nanoseconds, and when that was found: each takes an interval.
        var credit: UInt64 = 0
        var creditTime: Moment?
        /// The number of the last that was shown here or in a frame.
        var shown: UInt64 = 0
        /// Whether anybody can see the window.
        var isVisible = true
        /// How many were shown here and not counted yet, and the number of the last.
        var count: UInt64 = 0
        var number: UInt64 = 0

        /// Whether there is time for another frame.
        mutating func hasCredit(at now: Moment) -> Bool {
            let most = PictureArrivals.burst * interval
            let earned = creditTime.map { now.nanoseconds(since: $0) } ?? most
            credit = min(credit + min(earned, most), most)
            creditTime = now
            return credit >= interval
        }

        mutating func spendCredit() {
            credit -= min(credit, interval)
        }
    }

    /// How many frames may follow each other at once after a while without: what changed at one refresh may come in several pictures, and the last may be the
    /// one that somebody waits for.
    private static var burst: UInt64 { 4 }

    private let state = Mutex(State())
    private let times: WindowTimes
    private let onShow: @Sendable () -> Void

    /// `onShow` hears of each new picture that the window shows while it can be seen, on the thread that shows it; it must not wait.
    init(times: WindowTimes, onShow: @escaping @Sendable () -> Void = {}) {
        self.times = times
        self.onShow = onShow
    }

    // MARK: The main thread's

    /// The picture that was shown last or is about to be.
    var newest: Picture? { state.withLock { $0.newest } }

    /// That picture is the newest, unless one that follows it was shown; nil forgets it.
    func note(_ picture: Picture?) {
        state.withLock { state in
            if let picture, let newest = state.newest, newest.number > picture.number { return }
            state.newest = picture
        }
    }

    /// Whether anybody can see the window: one that is minimised may have to be drawn all the same.
    func setVisible(_ isVisible: Bool) {
        state.withLock { $0.isVisible = isVisible }
    }

    /// The main thread is about to draw a frame with `picture`. `cursor` is the serial of the guest's pointer as the window has it; nil where the frame
    /// says something that a picture may end.
    func frameBegins(_ picture: Picture?, cursor: UInt64?) {
        let isNew = state.withLock { state in
            state.show = nil
            if state.interval > 0 {
                _ = state.hasCredit(at: .now)
                state.spendCredit()
            }
            state.isPlain = picture != nil && cursor != nil
            state.cursor = cursor ?? 0
            guard let picture else { return false }
            state.newest = picture
            defer { state.shown = picture.number }
            return state.isVisible && picture.number != state.shown
        }
        if isNew { onShow() }
    }

    /// The frame that ``HeadController/frame()`` gave last is on the window: pictures of its size may follow with `show`, on the average not more often than
    /// every `interval` nanoseconds.
    public func allow(interval: UInt64, _ show: @escaping Show) {
        state.withLock { state in
            guard state.isPlain else { return }
            // A day is as good as for ever, and can be multiplied.
            state.interval = min(interval, 86_400_000_000_000)
            state.show = show
        }
    }

    /// There is something to draw that the main thread alone can, or the window is gone: until it has, all goes to the main thread. Nothing is shown here any
    /// more when this returns.
    public func forbid() {
        // The closure's references may end here, and must not under the lock.
        let old = state.withLock { state in
            defer { state.show = nil }
            return state.show
        }
        _ = old
    }

    /// How many nanoseconds ago a picture was shown here, where it is not yet time for the next; nil where it is.
    public var elapsed: UInt64? {
        state.withLock { state in
            let now = Moment.now
            guard let last = state.last, !state.hasCredit(at: now) else { return nil }
            return now.nanoseconds(since: last)
        }
    }

    /// How many pictures were shown here since the last call, and the last one's number.
    func takeCount() -> (count: UInt64, number: UInt64)? {
        state.withLock { state in
            guard state.count > 0 else { return nil }
            defer { state.count = 0 }
            return (state.count, state.number)
        }
    }

    // MARK: The pictures' thread's

    /// Shows the newest of `pictures`; false where the main thread has to.
    func show<Pictures: HeadPictures>(_ pictures: Pictures) -> Bool
    where Pictures.Picture == Picture {
        guard case .picture(let picture) = pictures.content, pictures.lastRefusal == nil else {
            return false
        }
        let cursor = pictures.cursor.serial
        var old: Picture?
        var isVisible = false
        let isShown = state.withLockIfAvailable { state in
            guard let show = state.show, let newest = state.newest, newest.size == picture.size,
                newest.number < picture.number, state.cursor == cursor
            else { return false }
            let now = Moment.now
            guard state.hasCredit(at: now), let stages = show(picture) else { return false }
            state.spendCredit()
            times.add(.wait, nanoseconds: now.nanoseconds(since: picture.published))
            times.add(stages)
            old = newest
            state.newest = picture
            state.last = now
            state.count += 1
            state.number = picture.number
            state.shown = picture.number
            isVisible = state.isVisible
            return true
        }
        _ = old
        if isVisible { onShow() }
        return isShown ?? false
    }
}
