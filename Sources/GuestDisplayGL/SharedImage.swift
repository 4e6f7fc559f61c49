internal import CEpoxy
internal import GuestDisplay
internal import Synchronization

/// A texture of an ingest's context, for all contexts of its EGL display.
public final class SharedImage: @unchecked Sendable {
    let display: EGLDisplayHandle
    let image: EGLImageKHR
    /// The texture's name in the ingest's context; ingest thread only.
    let texture: GLuint
    let size: Size
    /// The ingest's context draws into the texture through it, once something was; 0 before. Ingest thread only.
    var framebuffer: GLuint = 0
    /// Keeps who writes it, on the ingest thread while no picture refers to it, and windows apart.
    let fences: ImageFences
    /// Whether red and blue lie the other way round in it: the bytes of x8r8g8b8 uploaded as RGBA.
    /// Written on the ingest thread before its picture is published.
    var swapsRedAndBlue = false

    private let isDestroyed = Mutex(false)

    init(display: EGLDisplayHandle, image: EGLImageKHR, texture: GLuint, size: Size) {
        self.display = display
        self.image = image
        self.texture = texture
        self.size = size
        fences = ImageFences(display)
    }

    deinit {
        // Does something only when the ingest ended while a picture was held. EGL needs no context for it, and the texture went with the
        // ingest's context.
        destroy()
    }

    /// Has epoxy find what ``destroy()`` calls, with a context current: it looks among the extensions of the current display, and the last
    /// reference to a picture may go on a thread that has none, where epoxy would end the process.
    static func resolveEntryPoints(_ display: EGLDisplayHandle) {
        // Both refuse what is no object.
        _ = epoxy_eglDestroySyncKHR(display.display, nil)
        _ = epoxy_eglDestroyImageKHR(display.display, nil)
        _ = epoxy_eglGetError()
    }

    /// Frees the image and its fences, not the texture. No picture refers to it any more. Idempotent.
    func destroy() {
        let wasDestroyed = isDestroyed.withLock { isDestroyed in
            defer { isDestroyed = true }
            return isDestroyed
        }
        if wasDestroyed { return }
        fences.destroy()
        _ = epoxy_eglDestroyImageKHR(display.display, image)
    }
}
