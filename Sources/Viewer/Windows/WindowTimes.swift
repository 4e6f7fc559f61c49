public import GuestDisplay

/// How long a window's own stages took since it began: ``Stage/wait``, ``Stage/draw``, ``Stage/swap``. Who puts frames into the window adds the last two.
@MainActor
public final class WindowTimes {
    /// All so far.
    public private(set) var stages = StageTimes()

    /// None yet.
    init() {}

    /// Counts a stage that began then and ends now. Returns when that is, at which the next one may begin.
    @discardableResult
    public func add(_ stage: Stage, since begin: Moment) -> Moment {
        let end = Moment.now
        stages.add(stage, nanoseconds: end.nanoseconds(since: begin))
        return end
    }

    /// Takes over what was counted elsewhere.
    public func add(_ times: StageTimes) {
        stages.add(times)
    }
}
