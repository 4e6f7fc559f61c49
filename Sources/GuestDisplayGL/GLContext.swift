internal import CEpoxy

/// An EGL context without a window. Its maker hands it to one thread, which makes it current and destroys it.
public final class GLContext: @unchecked Sendable {
    let display: EGLDisplayHandle
    let context: EGLContext
    /// The API as eglBindAPI wants it; it is a state of each thread.
    private let api: EGLenum
    /// A one-pixel surface where the driver has no contexts without one.
    private let surface: EGLSurface?

    /// The kinds of contexts that are tried, best first: the newest core profile, then what old drivers and small devices have.
    private static let attempts: [(name: String, api: Int32, attributes: [EGLint])] = [
        (
            "GL 3.2 core", EGL_OPENGL_API,
            [EGL_CONTEXT_MAJOR_VERSION, 3, EGL_CONTEXT_MINOR_VERSION, 2, EGL_NONE]
        ),
        (
            "GL 3.0", EGL_OPENGL_API,
            [EGL_CONTEXT_MAJOR_VERSION, 3, EGL_CONTEXT_MINOR_VERSION, 0, EGL_NONE]
        ),
        ("GLES 3.0", EGL_OPENGL_ES_API, [EGL_CONTEXT_MAJOR_VERSION, 3, EGL_NONE]),
    ]

    /// Makes a context, sharing objects with `shared` where given; with `prefersES` GLES, which alone samples what a GPU holds as luma and chroma
    /// (`samplerExternalOES`). Throws what the last attempt said.
    init(
        display: EGLDisplayHandle, sharing shared: GLContext? = nil, prefersES: Bool = false
    ) throws(GLError) {
        var failure = GLError(operation: "eglCreateContext", reason: "no attempt was made")
        let attempts = prefersES ? GLContext.attempts.reversed() : GLContext.attempts
        for attempt in attempts {
            if let shared, shared.api != EGLenum(attempt.api) { continue }
            let renderable =
                attempt.api == EGL_OPENGL_API ? EGL_OPENGL_BIT : EGL_OPENGL_ES3_BIT
            do throws(GLError) {
                try GLContext.bind(EGLenum(attempt.api))
                let config = try GLContext.config(of: display, renderable: renderable)
                guard
                    let context = epoxy_eglCreateContext(
                        display.display, config, shared?.context, attempt.attributes)
                else { throw GLError.egl("eglCreateContext (\(attempt.name))") }
                var surface: EGLSurface?
                if !display.extensions.contains("EGL_KHR_surfaceless_context") {
                    let size = [EGL_WIDTH, 1, EGL_HEIGHT, 1, EGL_NONE]
                    surface = epoxy_eglCreatePbufferSurface(display.display, config, size)
                    if surface == nil {
                        let error = GLError.egl("eglCreatePbufferSurface")
                        _ = epoxy_eglDestroyContext(display.display, context)
                        throw error
                    }
                }
                self.display = display
                self.context = context
                self.api = EGLenum(attempt.api)
                self.surface = surface
                return
            } catch {
                failure = error
            }
        }
        throw failure
    }

    /// Makes it current on this thread.
    public func makeCurrent() throws(GLError) {
        try GLContext.bind(api)
        guard epoxy_eglMakeCurrent(display.display, surface, surface, context) != 0 else {
            throw .egl("eglMakeCurrent")
        }
    }

    /// Destroys it, and makes no context current on this thread. Once, on the thread that used it.
    public func destroy() {
        _ = epoxy_eglMakeCurrent(display.display, nil, nil, nil)
        if let surface { _ = epoxy_eglDestroySurface(display.display, surface) }
        _ = epoxy_eglDestroyContext(display.display, context)
        _ = epoxy_eglReleaseThread()
    }

    /// `GL_RENDERER` of the context that is current.
    static var rendererName: String {
        epoxy_glGetString(GLenum(GL_RENDERER)).map { String(cString: $0) } ?? "unknown"
    }

    private static func bind(_ api: EGLenum) throws(GLError) {
        guard epoxy_eglBindAPI(api) != 0 else { throw .egl("eglBindAPI") }
    }

    /// Any config that the API can use: nothing is drawn to a surface.
    private static func config(
        of display: EGLDisplayHandle, renderable: Int32
    ) throws(GLError) -> EGLConfig? {
        if display.extensions.isSuperset(of: [
            "EGL_KHR_no_config_context", "EGL_KHR_surfaceless_context",
        ]) {
            return nil
        }
        let wanted = [
            EGL_SURFACE_TYPE, EGL_PBUFFER_BIT, EGL_RENDERABLE_TYPE, renderable, EGL_NONE,
        ]
        var config: EGLConfig?
        var count: EGLint = 0
        guard epoxy_eglChooseConfig(display.display, wanted, &config, 1, &count) != 0, count > 0
        else { throw .egl("eglChooseConfig") }
        return config
    }
}
