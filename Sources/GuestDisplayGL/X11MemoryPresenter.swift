internal import CShimsX11
public import GuestDisplay

/// Puts frames into a window of X11 with the CPU, through memory that the X server reads (MIT-SHM), and only what changed: no toolkit copies it once
/// more on its way, and none has to read what the server answers. For any toolkit's native windows. One thread.
public final class X11MemoryPresenter {
    private let memory: OpaquePointer
    private let drawer = SoftwareDrawer()
    private var shown = PresentedState()

    /// Whether the X server named by `display` ($DISPLAY without) is on this machine and its windows have pixels of 32 bits as our pictures do.
    public static func works(display: String?) -> Bool {
        swiftvm_x11_memory_works(display)
    }

    /// For the window of that number (XID), which must live longer. Throws when the server cannot be reached, or the window is gone or has other pixels.
    public init(display: String?, window: UInt32) throws(GLError) {
        guard let memory = swiftvm_x11_memory_new(display, window) else {
            throw GLError(
                operation: "drawing with the CPU on X11",
                reason: "the window \(window) is not of 32-bit RGB, or the X server is gone")
        }
        self.memory = memory
    }

    deinit {
        swiftvm_x11_memory_free(memory)
    }

    /// Draws black, `picture` scaled into `frame`, and the layers over it, into the window, whose size is `size` pixels, and shows it. Waits only for the
    /// server to have read the frame before. Throws what failed; what the window shows is not known then. Returns how long ``Stage/draw`` and ``Stage/swap``
    /// took.
    public func present(
        _ picture: Picture?, layers: [Layer], frame: Rect, size: Size
    ) throws(GLError) -> StageTimes {
        var times = StageTimes()
        let begin = Moment.now
        var stride: CInt = 0
        var isNew = false
        guard
            let pixels = swiftvm_x11_memory_pixels(
                memory, CInt(clamping: size.width), CInt(clamping: size.height), &stride, &isNew)
        else {
            shown.invalidate()
            throw GLError(
                operation: "drawing with the CPU on X11",
                reason: "there is no memory for a window of \(size), or no X server any more")
        }
        let ready = Moment.now
        if isNew { shown.invalidate() }
        let damage = shown.update(to: picture, layers: layers, frame: frame, window: size)
        do throws(GLError) {
            try drawer.draw(
                picture, layers: layers, frame: frame, window: size, to: pixels,
                stride: Int(stride), damage: damage)
        } catch {
            shown.invalidate()
            throw error
        }
        let drawn = Moment.now
        for rect in damage.rects {
            let rect = rect.intersection(Rect(size))
            if rect.isEmpty { continue }
            swiftvm_x11_memory_put(
                memory, CInt(rect.x), CInt(rect.y), CInt(rect.width), CInt(rect.height))
        }
        swiftvm_x11_memory_flush(memory)
        let handing = Moment.now.nanoseconds(since: drawn)
        times.add(.draw, nanoseconds: drawn.nanoseconds(since: ready))
        times.add(.swap, nanoseconds: ready.nanoseconds(since: begin) + handing)
        return times
    }

    /// What the window showed is lost: the next frame is drawn whole.
    public func invalidate() { shown.invalidate() }
}
