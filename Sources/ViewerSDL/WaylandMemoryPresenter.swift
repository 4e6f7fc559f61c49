internal import CShimsSDL
internal import GuestDisplay
internal import GuestDisplayGL
internal import Viewer

/// Draws with the CPU into memory that a Wayland compositor shares, only what changed: SDL's window surface needs GL on Wayland.
@MainActor
final class WaylandMemoryPresenter: Presenter {
    private let memory: OpaquePointer
    private let drawer = SoftwareDrawer()
    /// What each of the pictures in memory shows, and what the window shows.
    private var drawn = [PresentedState](
        repeating: PresentedState(), count: Int(SWIFTVM_SDL_PICTURES))
    private var shown = PresentedState()
    private var isClosed = false

    /// Nil for a window that is not on Wayland.
    init?(window: OpaquePointer) {
        guard let memory = swiftvm_sdl_memory_new(window) else { return nil }
        self.memory = memory
    }

    func present(_ frame: HeadFrame<Picture>, window size: Size) throws(DisplayError) {
        let begin = Moment.now
        var (stride, index): (Int32, Int32) = (0, 0)
        var isNew = false
        guard
            let pixels = swiftvm_sdl_memory_begin(
                memory, Int32(clamping: size.width), Int32(clamping: size.height), &stride, &index,
                &isNew)
        else { throw DisplayError("no memory for a window of \(size)") }
        if isNew { drawn[Int(index)].invalidate() }
        let place = frame.geometry.frame
        let stale = drawn[Int(index)].update(
            to: frame.picture, layers: frame.layers, frame: place, window: size)
        do throws(GLError) {
            try drawer.draw(
                frame.picture, layers: frame.layers, frame: place, window: size, to: pixels,
                stride: Int(stride), damage: stale)
        } catch {
            invalidate()
            throw DisplayError("\(error)")
        }
        let damage = shown.update(
            to: frame.picture, layers: frame.layers, frame: place, window: size)
        let rects = damage.rects.map { $0.intersection(Rect(size)) }.filter { !$0.isEmpty }
        let drawn = frame.times.add(.draw, since: begin)
        swiftvm_sdl_memory_commit(
            memory,
            rects.flatMap { [Int32($0.x), Int32($0.y), Int32($0.width), Int32($0.height)] },
            Int32(rects.count))
        frame.times.add(.swap, since: drawn)
    }

    func invalidate() {
        for index in drawn.indices { drawn[index].invalidate() }
        shown.invalidate()
    }

    func close() {
        if isClosed { return }
        isClosed = true
        swiftvm_sdl_memory_free(memory)
    }
}
