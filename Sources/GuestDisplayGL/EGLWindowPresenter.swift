internal import CEpoxy
public import GuestDisplay

/// A native window's own EGL surface and context, where the toolkit has none or not one that suits: an X11 window, or a Wayland surface.
///
/// One thread, the window's. Where it draws no context is left current, so that the toolkit's own GL is not disturbed.
public final class EGLWindowPresenter {
    private let display: EGLDisplayHandle
    private let surface: EGLSurface
    private let context: EGLContext
    private let api: EGLenum
    private var drawer: PictureDrawer?
    private var isClosed = false

    /// The visual (X11: `VisualID`) that a native window must have been made with. It has no alpha: a picture is opaque. Throws when the
    /// display has no such config.
    public static func nativeVisualID(for display: EGLDisplayHandle) throws(GLError) -> UInt {
        try WindowConfig(display: display, isX11: true).visualID
    }

    /// Makes surface and context on an X11 window with that visual, which must live until ``close()``. Throws what EGL reports.
    public convenience init(display: EGLDisplayHandle, nativeWindow: UInt) throws(GLError) {
        try self.init(
            display, WindowConfig(display: display, isX11: true),
            EGLNativeWindowType(nativeWindow))
    }

    /// Makes surface and context on a `wl_egl_window *` of a Wayland surface, both of which must live until ``close()``. Throws what EGL
    /// reports.
    ///
    /// Who owns the window gives it its size in device pixels: the first frame's before this, as Mesa 22.3's llvmpipe draws on in the size of now if it
    /// changes before that frame, and any later one with `wl_egl_window_resize` before ``present(_:layers:frame:window:)``; and the surface its
    /// opaque region: a driver may offer only buffers with alpha, in which alpha is 1. A swap does not wait for the compositor's frame callback; who
    /// wants to draw no more often than it shows asks for one before each frame.
    public convenience init(
        display: EGLDisplayHandle, waylandWindow: UnsafeMutableRawPointer
    ) throws(GLError) {
        try self.init(
            display, WindowConfig(display: display, isX11: false),
            EGLNativeWindowType(UInt(bitPattern: waylandWindow)))
    }

    private init(
        _ display: EGLDisplayHandle, _ choice: WindowConfig, _ nativeWindow: EGLNativeWindowType
    ) throws(GLError) {
        guard epoxy_eglBindAPI(choice.api) != 0 else { throw .egl("eglBindAPI") }
        guard
            let context = epoxy_eglCreateContext(
                display.display, choice.config, nil, choice.contextAttributes)
        else { throw .egl("eglCreateContext (window)") }
        guard
            let surface = epoxy_eglCreateWindowSurface(
                display.display, choice.config, nativeWindow, nil)
        else {
            let error = GLError.egl("eglCreateWindowSurface")
            _ = epoxy_eglDestroyContext(display.display, context)
            throw error
        }
        self.display = display
        self.context = context
        self.surface = surface
        api = choice.api
        do throws(GLError) {
            try makeCurrent()
            defer { release() }
            // The window is drawn on the toolkit's clock: a swap that waits for a hidden window would stop the whole program.
            _ = epoxy_eglSwapInterval(display.display, 0)
            drawer = try PictureDrawer()
        } catch {
            _ = epoxy_eglDestroySurface(display.display, surface)
            _ = epoxy_eglDestroyContext(display.display, context)
            throw error
        }
    }

    /// Draws as ``PictureDrawer/draw(_:layers:frame:window:)`` and swaps. `window` is the native window's size in device pixels. Does not
    /// wait for a refresh. Throws what failed; the window stays usable. Returns how long ``Stage/draw`` and ``Stage/swap`` took.
    @discardableResult
    public func present(
        _ content: Picture?, layers: [Layer], frame: Rect, window: Size
    ) throws(GLError) -> StageTimes {
        try present(content, layers: layers, frame: frame, window: window) {}
    }

    /// Calls `beforeSwap` with the context current and the frame in its framebuffer.
    @discardableResult
    func present(
        _ content: Picture?, layers: [Layer], frame: Rect, window: Size,
        beforeSwap: () throws(GLError) -> Void
    ) throws(GLError) -> StageTimes {
        var times = StageTimes()
        if isClosed || window.isEmpty { return times }
        let begin = Moment.now
        try makeCurrent()
        defer { release() }
        // The window's own framebuffer, and its size before the server has told Mesa of a new one.
        epoxy_glBindFramebuffer(GLenum(GL_FRAMEBUFFER), 0)
        try drawer?.draw(content, layers: layers, frame: frame, window: window)
        times.add(.draw, nanoseconds: Moment.now.nanoseconds(since: begin))
        try beforeSwap()
        let drawn = Moment.now
        guard epoxy_eglSwapBuffers(display.display, surface) != 0 else {
            throw .egl("eglSwapBuffers")
        }
        times.add(.swap, nanoseconds: Moment.now.nanoseconds(since: drawn))
        return times
    }

    /// Destroys surface and context; before the native window is destroyed. Idempotent.
    public func close() {
        if isClosed { return }
        isClosed = true
        if (try? makeCurrent()) != nil { drawer?.close() }
        drawer = nil
        release()
        _ = epoxy_eglDestroySurface(display.display, surface)
        _ = epoxy_eglDestroyContext(display.display, context)
    }

    private func makeCurrent() throws(GLError) {
        guard epoxy_eglBindAPI(api) != 0 else { throw .egl("eglBindAPI") }
        guard epoxy_eglMakeCurrent(display.display, surface, surface, context) != 0 else {
            throw .egl("eglMakeCurrent (window)")
        }
    }

    private func release() {
        _ = epoxy_eglMakeCurrent(display.display, nil, nil, nil)
    }
}

/// A config for windows, opaque where there is such a one, and the API that it can do.
private struct WindowConfig {
    let config: EGLConfig
    let api: EGLenum
    let contextAttributes: [EGLint]
    let visualID: UInt

    /// An X11 window has a visual, without alpha, and the config must be of it; a Wayland surface takes any.
    init(display: EGLDisplayHandle, isX11: Bool) throws(GLError) {
        let attempts: [(api: Int32, renderable: Int32, context: [EGLint])] = [
            (
                EGL_OPENGL_API, EGL_OPENGL_BIT,
                [EGL_CONTEXT_MAJOR_VERSION, 3, EGL_CONTEXT_MINOR_VERSION, 0, EGL_NONE]
            ),
            (EGL_OPENGL_ES_API, EGL_OPENGL_ES3_BIT, [EGL_CONTEXT_MAJOR_VERSION, 3, EGL_NONE]),
            (EGL_OPENGL_ES_API, EGL_OPENGL_ES2_BIT, [EGL_CONTEXT_MAJOR_VERSION, 2, EGL_NONE]),
        ]
        for attempt in attempts {
            let wanted = [
                EGL_SURFACE_TYPE, EGL_WINDOW_BIT, EGL_RENDERABLE_TYPE, attempt.renderable,
                EGL_RED_SIZE, 8, EGL_GREEN_SIZE, 8, EGL_BLUE_SIZE, 8, EGL_NONE,
            ]
            var configs = [EGLConfig?](repeating: nil, count: 256)
            var count: EGLint = 0
            guard
                epoxy_eglChooseConfig(
                    display.display, wanted, &configs, EGLint(configs.count), &count) != 0
            else { throw .egl("eglChooseConfig (window)") }
            let value = { (config: EGLConfig, attribute: Int32) -> Int in
                var value: EGLint = 0
                _ = epoxy_eglGetConfigAttrib(display.display, config, attribute, &value)
                return Int(value)
            }
            // eglChooseConfig takes sizes as at least; 10-bit channels would not be exact, and no depth or samples are needed.
            let fitting = configs.prefix(Int(count)).compactMap(\.self).filter { config in
                value(config, EGL_RED_SIZE) == 8 && value(config, EGL_SAMPLES) == 0
                    && (!isX11
                        || value(config, EGL_ALPHA_SIZE) == 0
                            && value(config, EGL_NATIVE_VISUAL_ID) != 0)
            }
            let best = fitting.first { value($0, EGL_ALPHA_SIZE) == 0 } ?? fitting.first
            guard let config = best else { continue }
            self.config = config
            api = EGLenum(attempt.api)
            contextAttributes = attempt.context
            visualID = UInt(value(config, EGL_NATIVE_VISUAL_ID))
            return
        }
        throw GLError(
            operation: "eglChooseConfig (window)",
            reason: "\(display.description) has no opaque 24-bit config for windows; "
                + "use the software renderer")
    }
}
