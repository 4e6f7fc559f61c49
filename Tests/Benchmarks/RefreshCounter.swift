import DisplayTesting
import GuestDisplay
import Logging
import QEMUSource
import Synchronization

/// A listener that does nothing but read: how many different frames QEMU's display offers a viewer that costs nothing.
final class RefreshCounter: HeadSink {
    private struct State {
        // The rows with the frame number; empty before the first scanout.
        var strip: [UInt32] = []
        var width = 0
        var frame: UInt32?
        var frames = 0
    }

    private static let rows = 8

    private let state = Mutex(State())

    /// Frames so far.
    var frames: Int { state.withLock { $0.frames } }

    func receive(_ event: DisplayEvent) throws(SurfaceError) {
        switch event {
        case .scanout(.surface(let surface)):
            try take(surface, x: 0, y: 0, isWhole: true)
        case .update(.pixels(let surface, let x, let y)) where y < RefreshCounter.rows:
            try take(surface, x: x, y: y, isWhole: false)
        default: break
        }
    }

    private func take(_ surface: DisplaySurface, x: Int, y: Int, isWhole: Bool) throws(SurfaceError)
    {
        let rows = min(surface.size.height, RefreshCounter.rows - y)
        try surface.memory.withBytes { bytes in
            state.withLock { state in
                if isWhole {
                    state.width = surface.size.width
                    state.strip = [UInt32](
                        repeating: 0, count: state.width * RefreshCounter.rows)
                }
                guard x + surface.size.width <= state.width else { return }
                for row in 0..<rows {
                    let start = surface.offset + row * surface.stride
                    for column in 0..<surface.size.width {
                        state.strip[(y + row) * state.width + x + column] =
                            bytes.loadUnaligned(
                                fromByteOffset: start + column * 4, as: UInt32.self) & 0xff_ffff
                    }
                }
                let picture = DemoCardPicture(
                    width: state.width, height: RefreshCounter.rows, pixels: state.strip)
                guard let frame = picture?.topFrame, frame != state.frame else { return }
                state.frame = frame
                state.frames += 1
            }
        }
    }

    /// Frames a second that QEMU offers while the demo guest moves so.
    static func rate(_ activity: Activity, seconds: Double) throws -> Double {
        var rate = 0.0
        try TestRun.run("benchmark-offered-\(activity)") { run in
            let guest = try GuestMachine(
                run, .seven, .demo("\(Scene.size.width)x\(Scene.size.height) \(activity.words)"),
                options: ["-vga", "std"])
            try guest.refresh()
            let logger = Logger(label: "benchmark") { _ in SwiftLogNoOpLogHandler() }
            let source = QEMUSource(.monitor(path: guest.qmpPath), logger: logger)
            try source.connect(delegate: RecordingDelegate())
            defer { source.disconnect() }
            let counter = RefreshCounter()
            try source.open(0, sink: counter)
            try eventually("frames come") { counter.frames > 3 }
            let (start, first) = (now(), counter.frames)
            while now() < start + seconds { rest() }
            rate = Double(counter.frames - first) / (now() - start)
        }
        return rate
    }
}
