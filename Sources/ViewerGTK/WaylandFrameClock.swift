internal import CGTK
internal import CShimsGTK
internal import Viewer

/// When to draw on a Wayland surface: once for each frame that the compositor wants, which it says with `wl_surface.frame`. Main thread alone.
@MainActor
final class WaylandFrameClock {
    /// Draws, now or soon.
    var draw: (() -> Void)?

    /// How long the compositor may take, in microseconds. It asks for no frame of a window that is out of sight, and may forget to when it comes into
    /// sight again.
    private static let patience = 1_000_000

    /// What was asked of the compositor and has not come.
    private var nextFrame: OpaquePointer?
    /// Until when it is waited for; GLib's monotonic clock, in microseconds.
    private var nextFrameEnd = 0
    /// Whether something is to be drawn when it comes.
    private var isDirty = false
    /// For a frame that does not come.
    private let timer = MainTimer()

    isolated deinit {
        forget()
    }

    /// Draws: at once while no frame is waited for, else when that comes, or does not for too long.
    func queueDraw() {
        if nextFrame != nil {
            isDirty = true
            startTimer()
        } else {
            draw?()
        }
    }

    /// What is drawn now will be committed to that surface: asks for the frame after it. One request is enough, however often is drawn meanwhile, as
    /// the compositor keeps each until the window is seen, and would answer all at once; with `isNew` the one before is forgotten.
    func drawing(on surface: OpaquePointer, isNew: Bool = false) {
        isDirty = false
        if isNew { dropFrame() }
        let end = Int(g_get_monotonic_time()) + WaylandFrameClock.patience
        guard nextFrame == nil else {
            if end >= nextFrameEnd + WaylandFrameClock.patience { nextFrameEnd = end }
            return
        }
        nextFrame = swiftvm_frame_request(
            surface,
            { context in
                let clock = Unmanaged<WaylandFrameClock>.fromOpaque(context!)
                MainActor.assumeIsolated { clock.takeUnretainedValue().frameCame() }
            }, Unmanaged.passUnretained(self).toOpaque())
        nextFrameEnd = end
    }

    /// The surface is going, or who draws on it.
    func forget() {
        dropFrame()
        isDirty = false
        timer.cancel()
    }

    private func frameCame() {
        dropFrame()
        drawIfDirty()
    }

    /// One timer at a time: it mostly finds that the frame came.
    private func startTimer() {
        if timer.isRunning { return }
        let rest = max(nextFrameEnd - Int(g_get_monotonic_time()), 0)
        timer.start(milliseconds: (rest + 999) / 1000) { [weak self] in self?.timePassed() }
    }

    private func timePassed() {
        guard isDirty else { return }
        if nextFrame != nil, Int(g_get_monotonic_time()) < nextFrameEnd { return startTimer() }
        drawIfDirty()
    }

    private func drawIfDirty() {
        guard isDirty else { return }
        isDirty = false
        draw?()
    }

    private func dropFrame() {
        if let nextFrame { swiftvm_frame_free(nextFrame) }
        nextFrame = nil
    }
}
