internal import CEpoxy
internal import GuestDisplay
internal import Synchronization

/// A guest's own buffer, for all contexts of an EGL display.
final class GuestImage: Sendable {
    let display: EGLDisplayHandle
    private let handle: Handle

    /// EGL's handle is a pointer.
    private struct Handle: @unchecked Sendable {
        let image: EGLImageKHR
    }

    /// Owns the image.
    init(display: EGLDisplayHandle, image: EGLImageKHR) {
        self.display = display
        handle = Handle(image: image)
    }

    deinit {
        // EGL needs no context for it; ``SharedImage/resolveEntryPoints(_:)`` has found the function.
        _ = epoxy_eglDestroyImageKHR(display.display, handle.image)
    }

    var image: EGLImageKHR { handle.image }
}

/// What a guest's own buffer shows from one update to the next: windows sample the buffer itself, as long as the guest does not draw into it. Before it
/// may, the ingest has the frame refer to a copy, so that whoever holds a picture of it can draw it at any time.
///
/// Any thread, except where it says so.
public final class GuestFrame: Sendable {
    let scanout: GLScanout
    let image: GuestImage
    /// Written by the guest, read by windows.
    let fences: ImageFences

    private struct State {
        /// How many windows are between ``beginDraw()`` and ``endDraw(_:)``.
        var uses = 0
        var isDrawn = false
        var isGone = false
        var copy: Picture?
    }

    private let state = Mutex(State())
    private let onChange: @Sendable () -> Void

    /// `onChange` is called when it was drawn, and when its last picture has gone; on any thread.
    init(_ scanout: GLScanout, image: GuestImage, onChange: @escaping @Sendable () -> Void) {
        self.scanout = scanout
        self.image = image
        fences = ImageFences(image.display)
        self.onChange = onChange
    }

    /// What a window is to draw.
    enum Source {
        /// The buffer, until ``endDraw(_:)``.
        case buffer
        /// A copy of what it showed; no end is needed.
        case copy(Picture)
    }

    /// Begins to draw it.
    func beginDraw() -> Source {
        state.withLock { state in
            if let copy = state.copy { return .copy(copy) }
            state.uses += 1
            return .buffer
        }
    }

    /// Ends what ``beginDraw()`` began; the context is current whose commands read the buffer.
    func endDraw(_ reader: AnyObject) throws(GLError) {
        defer {
            state.withLock { state in
                state.uses -= 1
                state.isDrawn = true
            }
            onChange()
        }
        try fences.didRead(reader)
    }

    /// Has every later draw take a copy. Ingest thread.
    func substitute(_ copy: Picture) {
        // What was held before may go here, and calls back.
        let old = state.withLock { state in
            let old = state.copy
            state.copy = copy
            return old
        }
        _ = old
    }

    /// The last picture of it has gone.
    func pictureIsGone() {
        let copy = state.withLock { state in
            state.isGone = true
            let copy = state.copy
            state.copy = nil
            return copy
        }
        _ = copy
        onChange()
    }

    /// Whether a window has drawn it.
    var isDrawn: Bool { state.withLock { $0.isDrawn } }

    /// Whether windows are drawing the buffer just now.
    var isInUse: Bool { state.withLock { $0.uses > 0 } }

    /// Whether somebody may still begin to draw the buffer.
    var mayBeDrawn: Bool { state.withLock { !$0.isGone && $0.copy == nil } }
}
