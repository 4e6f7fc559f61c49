internal import CShimsX11
public import GuestDisplay

/// Puts frames into a window of X11 with the CPU, through memory that the X server reads (MIT-SHM), and only what changed: no toolkit copies it once
/// more on its way, and none has to read what the server answers. A picture at its own size is read by the server where it is; only what is scaled, or
/// has layers over it, is drawn before. For any toolkit's native windows. Any thread; one after the other.
public final class X11MemoryPresenter: @unchecked Sendable {
    private let lock = Lock()
    // From here on: under the lock.
    private let memory: OpaquePointer
    private let drawer = SoftwareDrawer()
    /// What the window shows.
    private var shown = PresentedState()
    /// What the window's own memory holds.
    private var drawn = PresentedState()
    /// The pictures' memories that the server has mapped.
    private var attached: [Attached] = []
    /// What the server may be reading.
    private var held: Picture?
    /// The last frame, but for its picture; nil when what the window shows is not known.
    private var last: (layers: [Layer], frame: Rect, size: Size)?

    private struct Attached {
        weak var memory: PictureMemory?
        let number: UInt32
    }

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
    /// server to have read the frame before. Throws what failed; what the window shows is not known then. Nothing
    /// happens where the server has gone. Returns how long ``Stage/draw`` and ``Stage/swap``
    /// took.
    public func present(
        _ picture: Picture?, layers: [Layer], frame: Rect, size: Size
    ) throws(GLError) -> StageTimes {
        try lock.withLock { () throws(GLError) in
            do throws(GLError) {
                last = nil
                let times = try show(picture, layers: layers, frame: frame, size: size)
                last = (layers, frame, size)
                return times
            } catch {
                // Who owns the window hears of a server that has gone, and says so.
                if !swiftvm_x11_memory_is_connected(memory) { return StageTimes() }
                throw error
            }
        }
    }

    /// Shows a picture in the place of the last frame's, as long as the server reads it where it is and has read the frame before, so that there is nothing
    /// to wait for. Returns how long that took; nil when it was not done.
    public func presentNext(_ picture: Picture) -> StageTimes? {
        lock.withLockIfAvailable {
            guard let last, case .memory(let pixels) = picture.storage,
                let number = knownNumber(of: pixels), swiftvm_x11_memory_is_settled(memory)
            else { return nil }
            let begin = Moment.now
            var next = shown
            let damage = next.update(
                to: picture, layers: last.layers, frame: last.frame, window: last.size)
            guard
                SoftwareDrawer.isCopy(
                    picture, layers: last.layers, frame: last.frame, damage: damage,
                    window: last.size)
            else { return nil }
            shown = next
            return put(picture, number, damage, at: last.frame, last.size, since: begin)
        } ?? nil
    }

    private func show(
        _ picture: Picture?, layers: [Layer], frame: Rect, size: Size
    ) throws(GLError) -> StageTimes {
        let begin = Moment.now
        let damage = shown.update(to: picture, layers: layers, frame: frame, window: size)
        if let picture,
            SoftwareDrawer.isCopy(
                picture, layers: layers, frame: frame, damage: damage, window: size),
            case .memory(let memory) = picture.storage, let number = number(of: memory)
        {
            guard swiftvm_x11_memory_settle(self.memory) else { throw failure(size) }
            return put(picture, number, damage, at: frame, size, since: begin)
        }
        return try draw(
            picture, layers: layers, frame: frame, size: size, damage: damage, since: begin)
    }

    /// Whether the server has read the last frame, or has gone. For tests.
    var isSettled: Bool {
        lock.withLock {
            swiftvm_x11_memory_is_settled(memory) || !swiftvm_x11_memory_is_connected(memory)
        }
    }

    /// Has the server read a picture's memory; it has read what it was given before.
    private func put(
        _ picture: Picture, _ number: UInt32, _ damage: Damage, at frame: Rect, _ size: Size,
        since begin: Moment
    ) -> StageTimes {
        let asked = Moment.now
        held = picture
        for rect in damage.rects {
            let rect = rect.intersection(Rect(size))
            if rect.isEmpty { continue }
            swiftvm_x11_memory_put_attached(
                memory, number, CInt(picture.size.width), CInt(picture.size.height),
                CInt(rect.x - frame.x), CInt(rect.y - frame.y), CInt(rect.width),
                CInt(rect.height), CInt(rect.x), CInt(rect.y))
        }
        swiftvm_x11_memory_flush(memory)
        var times = StageTimes()
        times.add(.draw, nanoseconds: asked.nanoseconds(since: begin))
        times.add(.swap, nanoseconds: Moment.now.nanoseconds(since: asked))
        return times
    }

    /// By what number the server knows a picture's memory; nil when it cannot map it.
    private func number(of pixels: PictureMemory) -> UInt32? {
        if let number = knownNumber(of: pixels) { return number }
        guard pixels.descriptor >= 0 else { return nil }
        attached.removeAll { entry in
            if entry.memory != nil { return false }
            swiftvm_x11_memory_detach(memory, entry.number)
            return true
        }
        let number = swiftvm_x11_memory_attach(memory, pixels.descriptor)
        if number == 0 { return nil }
        attached.append(Attached(memory: pixels, number: number))
        return number
    }

    /// By what number the server knows a picture's memory that it has mapped.
    private func knownNumber(of pixels: PictureMemory) -> UInt32? {
        for entry in attached where entry.memory === pixels { return entry.number }
        return nil
    }

    /// Draws into the window's own memory, and puts that.
    private func draw(
        _ picture: Picture?, layers: [Layer], frame: Rect, size: Size, damage: Damage,
        since begin: Moment
    ) throws(GLError) -> StageTimes {
        let asked = Moment.now
        var stride: CInt = 0
        var isNew = false
        guard
            let pixels = swiftvm_x11_memory_pixels(
                memory, CInt(clamping: size.width), CInt(clamping: size.height), &stride, &isNew)
        else { throw failure(size) }
        let ready = Moment.now
        held = nil
        if isNew { drawn.invalidate() }
        let stale = drawn.update(to: picture, layers: layers, frame: frame, window: size)
        do throws(GLError) {
            try drawer.draw(
                picture, layers: layers, frame: frame, window: size, to: pixels,
                stride: Int(stride), damage: stale)
        } catch {
            shown.invalidate()
            drawn.invalidate()
            throw error
        }
        let done = Moment.now
        for rect in damage.rects {
            let rect = rect.intersection(Rect(size))
            if rect.isEmpty { continue }
            swiftvm_x11_memory_put(
                memory, CInt(rect.x), CInt(rect.y), CInt(rect.width), CInt(rect.height))
        }
        swiftvm_x11_memory_flush(memory)
        var times = StageTimes()
        times.add(
            .draw,
            nanoseconds: asked.nanoseconds(since: begin) + done.nanoseconds(since: ready))
        times.add(
            .swap,
            nanoseconds: ready.nanoseconds(since: asked) + Moment.now.nanoseconds(since: done))
        return times
    }

    private func failure(_ size: Size) -> GLError {
        shown.invalidate()
        return GLError(
            operation: "drawing with the CPU on X11",
            reason: "there is no memory for a window of \(size)")
    }

    /// What the window showed is lost: the next frame is drawn whole.
    public func invalidate() {
        lock.withLock {
            shown.invalidate()
            last = nil
        }
    }
}
