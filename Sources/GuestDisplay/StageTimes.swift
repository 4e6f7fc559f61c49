internal import Glibc

/// A moment of the clock that only goes forward (CLOCK_MONOTONIC), from which short times are measured.
public struct Moment: Hashable, Sendable {
    private let nanoseconds: UInt64

    /// So long after the clock began.
    package init(nanoseconds: UInt64) {
        self.nanoseconds = nanoseconds
    }

    /// This one.
    public static var now: Moment {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Moment(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
    }

    /// How many nanoseconds have passed since an earlier moment; 0 for one that is not earlier.
    public func nanoseconds(since earlier: Moment) -> UInt64 {
        nanoseconds > earlier.nanoseconds ? nanoseconds - earlier.nanoseconds : 0
    }
}

/// A part of a picture's way from the guest to the screen whose time is measured. Their raw values are names for files and people.
public enum Stage: String, CaseIterable, Sendable {
    /// From when the source finds the first bytes of a change of the picture until it has read them all.
    case receive
    /// What the ingest does for a picture: it copies changes into its own memory and brings the picture that windows get up to date, or tells the GPU to.
    case ingest
    /// From a picture's publication until a window takes it for drawing. Pictures that a window does not take are not in it.
    case wait
    /// A window's drawing, of the picture and what lies over it: how long our calls take, not how long a GPU is busy with them.
    case draw
    /// Handing over to the display server what was drawn, with the wait for memory from which it still reads the frame before; never counted where the
    /// toolkit does that itself.
    case swap
    /// From the arrival of an update that the guest waits for (a dma-buf, a mapping) until the guest was told to draw on.
    case release
}

/// How often a stage came, and how long it took.
public struct StageTime: Hashable, Sendable {
    /// How often.
    public private(set) var count: UInt64 = 0
    /// All together, in nanoseconds.
    public private(set) var nanoseconds: UInt64 = 0
    /// The longest of all since the beginning, in nanoseconds.
    public private(set) var longest: UInt64 = 0

    /// None yet.
    public init() {}

    /// Counts one more.
    public mutating func add(nanoseconds time: UInt64) {
        count &+= 1
        nanoseconds &+= time
        longest = max(longest, time)
    }

    /// Takes over those that another has counted.
    public mutating func add(_ other: StageTime) {
        count &+= other.count
        nanoseconds &+= other.nanoseconds
        longest = max(longest, other.longest)
    }

    /// What came after `earlier`, a former state of this. ``longest`` stays that since the beginning.
    public func since(_ earlier: StageTime) -> StageTime {
        var difference = self
        difference.count = count &- earlier.count
        difference.nanoseconds = nanoseconds &- earlier.nanoseconds
        return difference
    }

    /// How long it took on the average, in milliseconds; nil when it never came.
    public var mean: Double? {
        count == 0 ? nil : Double(nanoseconds) / Double(count) / 1_000_000
    }
}

/// How often each ``Stage`` came, and how long it took: members of a fixed size, so that counting allocates nothing.
public struct StageTimes: Hashable, Sendable {
    private var receive = StageTime()
    private var ingest = StageTime()
    private var wait = StageTime()
    private var draw = StageTime()
    private var swap = StageTime()
    private var release = StageTime()

    /// None yet.
    public init() {}

    /// One stage.
    public private(set) subscript(stage: Stage) -> StageTime {
        get {
            switch stage {
            case .receive: receive
            case .ingest: ingest
            case .wait: wait
            case .draw: draw
            case .swap: swap
            case .release: release
            }
        }
        _modify {
            switch stage {
            case .receive: yield &receive
            case .ingest: yield &ingest
            case .wait: yield &wait
            case .draw: yield &draw
            case .swap: yield &swap
            case .release: yield &release
            }
        }
    }

    /// Counts a stage that took so long.
    public mutating func add(_ stage: Stage, nanoseconds: UInt64) {
        self[stage].add(nanoseconds: nanoseconds)
    }

    /// Takes over what another has counted.
    public mutating func add(_ other: StageTimes) {
        for stage in Stage.allCases { self[stage].add(other[stage]) }
    }

    /// What came after `earlier`, a former state of this.
    public func since(_ earlier: StageTimes) -> StageTimes {
        var difference = StageTimes()
        for stage in Stage.allCases { difference[stage] = self[stage].since(earlier[stage]) }
        return difference
    }
}
