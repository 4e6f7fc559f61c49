public import GuestDisplay

/// What a window tells about itself while statistics are shown: how fast, how large, drawn by what, and what became of the guest's pictures.
public struct Statistics: Hashable, Sendable {
    /// Pictures shown a second; nil where they are not shown one after the other.
    public var shownRate: Double?
    /// Pictures the guest's display offered a second.
    public var offeredRate: Double
    /// Where the picture lies: its size, the window's, the scale.
    public var geometry: PictureGeometry
    /// What draws, for a user to read.
    public var renderer: String
    /// How the pixels come, for a user to read; empty when unknown.
    public var path: String
    /// When a guest's buffers of a GPU are released.
    public var policy: ReleasePolicy
    /// What the head's ingest has done since it began.
    public var counters: IngestCounters
    /// Pictures shown since the window began; what was published and not shown was overtaken by a newer one.
    public var shown: UInt64
    /// How long the stages took since the beginning: the ingest's and the window's.
    public var stages: StageTimes
    /// How long they took lately: in the time of the rates.
    public var recent: StageTimes
    /// How long they took in each of the last intervals, the newest last, for a graph; nil where none is wanted.
    var history: [StageTimes]?

    /// Names all.
    public init(
        shownRate: Double?, offeredRate: Double, geometry: PictureGeometry, renderer: String,
        path: String = "", policy: ReleasePolicy, counters: IngestCounters, shown: UInt64,
        stages: StageTimes = StageTimes(), recent: StageTimes = StageTimes()
    ) {
        self.shownRate = shownRate
        self.offeredRate = offeredRate
        self.geometry = geometry
        self.renderer = renderer
        self.path = path
        self.policy = policy
        self.counters = counters
        self.shown = shown
        self.stages = stages
        self.recent = recent
    }

    /// Pictures that nobody saw because a newer one came before the window's next frame.
    public var dropped: UInt64 {
        counters.picturesPublished > shown ? counters.picturesPublished - shown : 0
    }

    /// Changes of the guest's that went into one picture with a later one.
    public var merged: UInt64 {
        let other = counters.picturesPublished + counters.unchanged
        return counters.changes > other ? counters.changes - other : 0
    }

    /// The lines that are shown.
    public var text: String {
        let rate = shownRate.map { "\(Statistics.decimal($0, places: 1)) of " } ?? ""
        let guest = geometry.guest.isEmpty ? "no picture" : "guest \(geometry.guest)"
        return """
            \(rate)\(Statistics.decimal(offeredRate, places: 1)) pictures/s
            \(guest), window \(geometry.window)\(scale)
            \(PlainText.oneLine(renderer))
            \(pathLine)
            received \(counters.changes), merged \(merged), dropped \(dropped), \
            refused \(counters.refused)
            """
    }

    private var pathLine: String {
        (path.isEmpty ? "" : "pictures as \(PlainText.oneLine(path)), ")
            + "release \(policy.rawValue)"
    }

    private var scale: String {
        if geometry.guest.isEmpty || geometry.frame.isEmpty { return "" }
        let factor = Double(geometry.frame.width) / Double(geometry.guest.width)
        return ", scale \(Statistics.decimal(factor, places: geometry.isIntegerScale ? 0 : 2))"
    }

    /// A number that is not negative with so many places, without Foundation.
    static func decimal(_ value: Double, places: Int) -> String {
        guard value.isFinite, value >= 0, value < 1e12 else { return "?" }
        var unit = 1
        for _ in 0..<places { unit *= 10 }
        let rounded = Int((value * Double(unit)).rounded())
        if places == 0 { return "\(rounded)" }
        let fraction = "\(rounded % unit)"
        let zeros = String(repeating: "0", count: places - fraction.count)
        return "\(rounded / unit).\(zeros)\(fraction)"
    }
}

/// Counts what a window shows and makes ``Statistics`` of it, once a second or when asked.
public struct StatisticsMeter: Sendable {
    private var shown: UInt64 = 0
    private var newestNumber: UInt64 = 0
    private var last:
        (time: ContinuousClock.Instant, shown: UInt64, published: UInt64, stages: StageTimes)

    /// Begins at a time.
    public init(at time: ContinuousClock.Instant) {
        last = (time, 0, 0, StageTimes())
    }

    /// The window has drawn the picture of that number; one that it draws again counts once. Whether it is another than the last.
    @discardableResult
    public mutating func didShow(picture number: UInt64) -> Bool {
        if number == newestNumber { return false }
        newestNumber = number
        shown += 1
        return true
    }

    /// So many pictures were shown, each another than those before, the last of that number.
    mutating func didShow(_ count: UInt64, last number: UInt64) {
        newestNumber = number
        shown += count
    }

    /// The rates since the last call, or since the beginning. `time` must be later; nothing has passed in no time.
    /// `window` is how long the window's own stages took, since it began.
    public mutating func statistics(
        at time: ContinuousClock.Instant, geometry: PictureGeometry, renderer: String,
        path: String, policy: ReleasePolicy, counters: IngestCounters,
        window: StageTimes = StageTimes()
    ) -> Statistics {
        let seconds = (time - last.time) / .seconds(1)
        let rate = { (now: UInt64, before: UInt64) -> Double in
            seconds > 0 && now > before ? Double(now - before) / seconds : 0
        }
        var stages = counters.stages
        stages.add(window)
        defer { last = (time, shown, counters.picturesPublished, stages) }
        return Statistics(
            shownRate: rate(shown, last.shown),
            offeredRate: rate(counters.picturesPublished, last.published), geometry: geometry,
            renderer: renderer, path: path, policy: policy, counters: counters, shown: shown,
            stages: stages, recent: stages.since(last.stages))
    }
}
