internal import Dispatch
internal import GuestDisplay

/// One head's statistics: in the layer over its picture, and in a file, both once a second.
@MainActor
final class HeadStatistics {
    /// What a window knows of itself at one time.
    struct Reading {
        let geometry: PictureGeometry
        let renderer: String
        let path: String
        let counters: IngestCounters
    }

    /// What the layer shows; nil while it is off.
    private(set) var shown: Statistics?

    private let head: Head.ID
    private let file: StatisticsFile?
    private var meter = StatisticsMeter(at: .now)
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

    /// The window has drawn the picture of that number.
    func didShow(picture number: UInt64) {
        meter.didShow(picture: number)
    }

    /// Shows the layer, or no longer.
    func setShown(_ on: Bool) {
        shown = nil
        layerTimer.cancel()
        if on { update() }
    }

    /// Nothing is told any more.
    func end() {
        layerTimer.cancel()
        fileTimer.cancel()
    }

    private func update() {
        guard let reading = read() else { return }
        shown = meter.statistics(reading)
        onChange()
        layerTimer.start(milliseconds: 1000) { [weak self] in self?.update() }
    }

    // Of a copy of the meter: the layer's rates are those since it was last brought up to date.
    private func write() {
        guard let file, let reading = read() else { return }
        var meter = meter
        file.write(
            meter.statistics(reading), head: head,
            seconds: Double(DispatchTime.now().uptimeNanoseconds) / 1e9)
        fileTimer.start(milliseconds: 1000) { [weak self] in self?.write() }
    }
}

extension StatisticsMeter {
    fileprivate mutating func statistics(_ reading: HeadStatistics.Reading) -> Statistics {
        statistics(
            at: .now, geometry: reading.geometry, renderer: reading.renderer, path: reading.path,
            counters: reading.counters)
    }
}
