public import GuestDisplay
internal import Synchronization

/// How long a window's own stages took since it began: ``Stage/wait``, ``Stage/draw``, ``Stage/swap``. Who puts frames into the window adds the last two. Any
/// thread.
public final class WindowTimes: Sendable {
    private let state = Mutex(StageTimes())

    /// None yet.
    init() {}

    /// All so far.
    public var stages: StageTimes { state.withLock { $0 } }

    /// Counts a stage that began then and ends now. Returns when that is, at which the next one may begin.
    @discardableResult
    public func add(_ stage: Stage, since begin: Moment) -> Moment {
        let end = Moment.now
        add(stage, nanoseconds: end.nanoseconds(since: begin))
        return end
    }

    /// Counts a stage that took so long.
    func add(_ stage: Stage, nanoseconds: UInt64) {
        state.withLock { $0.add(stage, nanoseconds: nanoseconds) }
    }

    /// Takes over what was counted elsewhere.
    public func add(_ times: StageTimes) {
        state.withLock { $0.add(times) }
    }
}
