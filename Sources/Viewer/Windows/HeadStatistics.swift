internal import Dispatch
internal import GuestDisplay

/// One head's statistics: in the layer over its picture, and in a file.
@MainActor
final class HeadStatistics {
    /// What a window knows of itself at one time.
    struct Reading {
        let geometry: PictureGeometry
        let renderer: String
        let path: String
        let policy: ReleasePolicy
        let counters: IngestCounters
    }

    /// What the layer shows; nil while it is off.
    private(set) var shown: Statistics?
    /// Where the window counts its stages.
    let times = WindowTimes()

    private let head: Head.ID
    private let file: StatisticsFile?
    private var meter = StatisticsMeter(at: .now)
    private var samples: [StageTimes] = []
    /// The stages at the last sample; nil before the first.
    private var sampled: StageTimes?
    private var ticks = 0
    private let layerTimer = MainTimer()
    private let fileTimer = MainTimer()
    private var read: () -> Reading? = { nil }
    private var onChange: () -> Void = {}

    /// `file` is where lines go, if anywhere.
    init(of head: Head.ID, file: StatisticsFile?) {
        self.head = head
        self.file = file
    }

    /// From here on what `read` gives is told; `onChange` is called when the layer has something new.
    func begin(_ read: @escaping () -> Reading?, onChange: @escaping () -> Void) {
        self.read = read
        self.onChange = onChange
        if file != nil { write() }
    }

    /// The window is about to draw a picture.
    func didTake(_ picture: some GuestPicture) {
        if meter.didShow(picture: picture.number) { times.add(.wait, since: picture.published) }
    }

    /// So many pictures were shown by another thread, the last of that number.
    func didShow(_ count: UInt64, last number: UInt64) {
        meter.didShow(count, last: number)
    }

    /// Shows the layer, or no longer.
    func setShown(_ on: Bool) {
        shown = nil
        layerTimer.cancel()
        samples = []
        sampled = nil
        ticks = 0
        if on { update() }
    }

    /// Nothing is told any more.
    func end() {
        layerTimer.cancel()
        fileTimer.cancel()
    }

    // The graph goes on with each interval, the rest once a second.
    private func update() {
        guard let reading = read() else { return }
        var stages = reading.counters.stages
        stages.add(times.stages)
        if let sampled {
            samples = samples.suffix(StageGraph.columns - 1) + [stages.since(sampled)]
        }
        sampled = stages
        if ticks % (1000 / StageGraph.interval) == 0 { shown = meter.statistics(reading, times) }
        ticks += 1
        shown?.history = samples
        onChange()
        layerTimer.start(milliseconds: StageGraph.interval) { [weak self] in self?.update() }
    }

    // Of a copy of the meter: the layer's rates are those since it was last brought up to date.
    private func write() {
        guard let file, let reading = read() else { return }
        var meter = meter
        file.write(
            meter.statistics(reading, times), head: head,
            seconds: Double(DispatchTime.now().uptimeNanoseconds) / 1e9)
        fileTimer.start(milliseconds: 1000) { [weak self] in self?.write() }
    }
}

extension StatisticsMeter {
    @MainActor
    fileprivate mutating func statistics(
        _ reading: HeadStatistics.Reading, _ times: WindowTimes
    ) -> Statistics {
        statistics(
            at: .now, geometry: reading.geometry, renderer: reading.renderer, path: reading.path,
            policy: reading.policy, counters: reading.counters, window: times.stages)
    }
}
