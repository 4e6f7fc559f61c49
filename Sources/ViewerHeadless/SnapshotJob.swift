internal import Dispatch
public import GuestDisplay
internal import GuestDisplayGL
public import Logging
internal import Synchronization
internal import Viewer

/// One snapshot of a guest: connects, waits for the picture, writes the PNG. Blocks the thread that calls it, for which any will
/// do but one that a toolkit's loop runs on.
public struct SnapshotJob {
    /// How long no pixel may change for a picture to be stable, in milliseconds.
    static let stableMilliseconds = 500
    /// How long after the first picture the newest one is taken, in milliseconds: some refreshes of QEMU's, which are 30 ms apart, and the
    /// time to register anew where the first one shows that its surface was another.
    static let settleMilliseconds = 250
    /// The same for a buffer of a GPU that no update has come of yet, in milliseconds. To a listener that comes QEMU sends the buffer without a
    /// glFlush (ui/dbus-listener.c, `dbus_scanout_texture`; updates have one): what the guest drew last may be missing in it.
    static let unflushedMilliseconds = 2000
    /// How long a guest that was started is given to end, in seconds; its source insists in the meantime.
    static let endSeconds = 20

    private let source: any DisplaySource
    private let logger: Logger
    private let watch = SnapshotWatch()

    /// A job for a source that is not connected yet.
    public init(source: any DisplaySource, logger: Logger) {
        self.source = source
        self.logger = logger
    }

    /// Takes the snapshot and writes it. Throws the one line that says why not; then the output is as it was.
    public func run(_ options: SnapshotOptions) throws(DisplayError) {
        let deadline = DispatchTime.now() + options.timeout
        // What can be told at once is told before a guest is started or taken from its viewer.
        let output = try OutputFile(options.output)
        let ingest = try makeIngest(options)
        defer { ingest.stop() }
        // A guest that was started does not outlive its snapshot, nor does a start that takes long.
        let signals = TerminationSignals { [watch, source] signal in
            watch.interrupt(signal)
            source.endGuest()
        }
        defer { withExtendedLifetime(signals) {} }
        try source.connect(delegate: watch)
        let pixels: SnapshotPixels
        do throws(DisplayError) {
            pixels = try take(options, ingest: ingest, deadline: deadline)
        } catch {
            letGo()
            throw error
        }
        letGo()
        try PNG.withEncoded(pixels.values, size: pixels.size) { bytes throws(DisplayError) in
            try output.write(bytes)
        }
        logger.info("wrote \(pixels.size) to \(options.output)")
    }

    private func take(
        _ options: SnapshotOptions, ingest: Ingest, deadline: DispatchTime
    ) throws(DisplayError) -> SnapshotPixels {
        let number = try choose(options.head)
        let head = ingest.makeHead()
        let observation = head.observe { [watch] in watch.wake() }
        defer { observation.cancel() }
        try source.open(number, sink: head)
        defer { source.close(number) }
        var meter = StatisticsMeter(at: .now)
        let (picture, pixels) = try waitForPicture(
            of: head, number: number, options, deadline: deadline, meter: &meter)
        if options.layers.isEmpty { return pixels }
        let geometry = PictureGeometry(guest: pixels.size, window: pixels.size, mode: .oneToOne)
        var statistics = meter.statistics(
            at: .now, geometry: geometry, renderer: ingest.rendererDescription, path: head.path,
            policy: head.releasePolicy, counters: head.counters)
        statistics.shownRate = nil
        let notice = Notice.of(
            end: nil, machine: source.machine?.state, isOff: false, hasPicture: true, hint: nil)
        var stack = LayerStack()
        let layers = stack.layers(
            over: geometry, scaleFactor: 1,
            cursor: options.layers.contains(.cursor) ? head.cursor : nil,
            statistics: options.layers.contains(.statistics) ? statistics : nil,
            notice: options.layers.contains(.notices) ? notice : nil)
        return try compose(picture, layers, of: head)
    }

    private func choose(_ wanted: Int?) throws(DisplayError) -> Head.ID {
        let heads = source.heads
        if let wanted {
            if heads.contains(where: { $0.id == wanted }) { return wanted }
            throw HeadList.missing(wanted, among: heads)
        }
        if let first = heads.first(where: { $0.kind == .graphic }) { return first.id }
        throw DisplayError(
            "the guest has no graphic head; take another with --head, it has \(HeadList.describe(heads))"
        )
    }

    private func waitForPicture(
        of head: IngestHead, number: Head.ID, _ options: SnapshotOptions, deadline: DispatchTime,
        meter: inout StatisticsMeter
    ) throws(DisplayError) -> (Picture, SnapshotPixels) {
        // Its pixels are read when they are compared, or taken: a read-back holds the guest.
        var seen: (picture: Picture, pixels: SnapshotPixels?)?
        var stableAt = DispatchTime.distantFuture
        var firstAt: DispatchTime?
        while true {
            // The picture first: a guest may quit after what was wanted is there.
            let looked = DispatchTime.now()
            if case .picture(let picture) = head.content {
                if picture.number != seen?.picture.number {
                    let new = try options.waitsUntilStable ? read(picture, of: head) : nil
                    let start = firstAt ?? looked
                    firstAt = start
                    meter.didShow(picture: picture.number)
                    if !options.waitsUntilStable {
                        // The first picture is that of the last time anybody looked: QEMU refreshes a VGA only for a listener.
                        let counters = head.counters
                        let isUnflushed = counters.imports > 0 && counters.updates == 0
                        stableAt =
                            start
                            + .milliseconds(
                                isUnflushed
                                    ? SnapshotJob.unflushedMilliseconds
                                    : SnapshotJob.settleMilliseconds)
                    } else if new != seen?.pixels {
                        stableAt = looked + .milliseconds(SnapshotJob.stableMilliseconds)
                    }
                    stableAt = max(stableAt, start + .milliseconds(Int(options.delay * 1000)))
                    seen = (picture, new)
                }
            } else {
                seen = nil
                stableAt = .distantFuture
                firstAt = nil
            }
            if let signal = watch.interruption {
                throw DisplayError("interrupted by signal \(signal): no picture was written")
            }
            if let end = watch.end { throw SnapshotJob.error(of: end) }
            if watch.wait(until: min(stableAt, deadline)) { continue }
            if let seen, stableAt <= deadline {
                if let pixels = seen.pixels { return (seen.picture, pixels) }
                return (seen.picture, try read(seen.picture, of: head))
            }
            throw timeoutError(head, number: number, options)
        }
    }

    private func timeoutError(
        _ head: IngestHead, number: Head.ID, _ options: SnapshotOptions
    ) -> DisplayError {
        let time = "within \(options.timeout.formatted) s"
        if let refusal = head.lastRefusal {
            return DisplayError(
                "head \(number) showed no picture \(time); its last one was refused: \(refusal)")
        }
        switch head.content {
        case .nothing:
            return DisplayError(
                "head \(number) showed no picture \(time); give it longer with --timeout")
        case .off:
            return DisplayError(
                "the display of head \(number) was off \(time); wake the guest, "
                    + "or give it longer with --timeout")
        case .picture:
            return DisplayError(
                "the picture of head \(number) did not become stable \(time); "
                    + "give it longer with --timeout, or leave out --wait-stable")
        }
    }

    private static func error(of end: SourceEnd) -> DisplayError {
        switch end {
        case .guestQuit: DisplayError("the guest quit before its picture was taken")
        case .failed(let words), .takenOver(let words): DisplayError(words)
        }
    }

    private func read(
        _ picture: Picture, of head: IngestHead
    ) throws(DisplayError) -> SnapshotPixels {
        let values = try wait { head.readPixels(of: picture, completion: $0) }
        return SnapshotPixels(size: picture.size, values: values)
    }

    private func compose(
        _ picture: Picture, _ layers: [Layer], of head: IngestHead
    ) throws(DisplayError) -> SnapshotPixels {
        let values = try wait {
            head.compose(
                picture, layers: layers, frame: Rect(picture.size), size: picture.size,
                completion: $0)
        }
        return SnapshotPixels(size: picture.size, values: values)
    }

    private func wait(
        for start: (@escaping @Sendable (Result<[UInt32], DisplayError>) -> Void) -> Void
    ) throws(DisplayError) -> [UInt32] {
        let done = DispatchSemaphore(value: 0)
        let result = Mutex<Result<[UInt32], DisplayError>?>(nil)
        start { read in
            result.withLock { $0 = read }
            done.signal()
        }
        // The ingest answers always, also when it ends.
        done.wait()
        switch result.withLock({ $0 }) {
        case .success(let values):
            return values
        case .failure(let error):
            throw DisplayError("\(error); try --renderer software")
        case nil:
            preconditionFailure("no answer after the answer")
        }
    }

    private func makeIngest(_ options: SnapshotOptions) throws(DisplayError) -> Ingest {
        do throws(GLError) {
            if options.renderer != .software {
                do throws(GLError) {
                    return try Ingest(.gl(.headless(node: options.renderNode)), logger: logger)
                } catch {
                    if options.renderer == .gl || options.renderNode != nil { throw error }
                    logger.info("no GL: \(error)")
                }
            }
            return try Ingest(.software, logger: logger)
        } catch {
            throw DisplayError("\(error)")
        }
    }

    /// Ends a guest that was started, and waits until it has; lets go of any other, which goes on.
    private func letGo() {
        if source.ownsGuest, watch.end == nil {
            source.endGuest()
            let limit = DispatchTime.now() + .seconds(SnapshotJob.endSeconds)
            while watch.end == nil, watch.wait(until: limit) {}
            if watch.end == nil { logger.warning("the guest that was started does not end") }
        }
        source.disconnect()
    }
}

/// A picture that was read back.
struct SnapshotPixels: Equatable {
    let size: Size
    /// Rows of 0x00RRGGBB.
    let values: [UInt32]
}

extension Double {
    /// Without a fraction where there is none.
    fileprivate var formatted: String {
        self == rounded() && magnitude < 1e9 ? "\(Int(self))" : "\(self)"
    }
}
