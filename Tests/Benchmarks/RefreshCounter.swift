import DisplayTesting
import GuestDisplay
import Logging
import QEMUSource
import Synchronization

/// A listener that does nothing but read: how many different frames QEMU's display offers a viewer that costs nothing.
final class RefreshCounter: HeadSink {
    private struct State {
        // The rows down to the frame number's last; empty before the first scanout.
        var rows: [UInt32] = []
        var width = 0
        var frame: UInt32?
        var frames = 0
    }

    private let activity: Activity
    /// How many rows hold the frame number.
    private let count: Int
    private let state = Mutex(State())

    init(_ activity: Activity) {
        self.activity = activity
        // Down to the end of the block or of the strip (Resources/demo-guest/README.md, "Cells").
        count = activity == .small ? 328 : 8
    }

    /// Frames so far.
    var frames: Int { state.withLock { $0.frames } }

    func receive(_ event: DisplayEvent) throws(SurfaceError) {
        switch event {
        case .scanout(.surface(let surface)):
            try take(surface, x: 0, y: 0, isWhole: true)
        case .update(.pixels(let surface, let x, let y)) where y < count:
            try take(surface, x: x, y: y, isWhole: false)
        default: break
        }
    }

    private func take(_ surface: DisplaySurface, x: Int, y: Int, isWhole: Bool) throws(SurfaceError)
    {
        let rows = min(surface.size.height, count - y)
        try surface.memory.withBytes { bytes in
            state.withLock { state in
                if isWhole {
                    state.width = surface.size.width
                    state.rows = [UInt32](
                        repeating: 0, count: state.width * count)
                }
                guard x + surface.size.width <= state.width else { return }
                for row in 0..<rows {
                    let start = surface.offset + row * surface.stride
                    for column in 0..<surface.size.width {
                        state.rows[(y + row) * state.width + x + column] =
                            bytes.loadUnaligned(
                                fromByteOffset: start + column * 4, as: UInt32.self) & 0xff_ffff
                    }
                }
                let picture = DemoCardPicture(
                    width: state.width, height: count, pixels: state.rows)
                let number = activity == .small ? picture?.blockFrame : picture?.topFrame
                guard let frame = number, frame != state.frame else { return }
                state.frame = frame
                state.frames += 1
            }
        }
    }

    /// Frames a second that QEMU offers while the demo guest moves so.
    static func rate(_ activity: Activity, of stage: Stage, seconds: Double) throws -> Double {
        var rate = 0.0
        try TestRun.run("benchmark-offered-\(activity)") { run in
            let guest = try GuestMachine(
                run, stage.version, stage.guest(activity), options: stage.device)
            try guest.refresh()
            let logger = Logger(label: "benchmark") { _ in SwiftLogNoOpLogHandler() }
            let source = QEMUSource(.monitor(path: guest.qmpPath), logger: logger)
            try source.connect(delegate: RecordingDelegate())
            defer { source.disconnect() }
            let counter = RefreshCounter(activity)
            try source.open(0, sink: counter)
            try eventually("frames come") { counter.frames > 3 }
            let (start, first) = (now(), counter.frames)
            while now() < start + seconds { rest() }
            rate = Double(counter.frames - first) / (now() - start)
        }
        return rate
    }
}
