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
    /// Whether red and blue lie the other way round in it: the bytes of x8r8g8b8 uploaded as RGBA.
    /// Written on the ingest thread before its picture is published.
    var swapsRedAndBlue = false

    /// EGL's handles are pointers; they are used under the lock alone.
    private struct Fences: @unchecked Sendable {
        var isDestroyed = false
        /// Ends the last write; nil before the first.
        var written: EGLSyncKHR?
        /// Ends the last read of each reader.
        var read: [ObjectIdentifier: EGLSyncKHR] = [:]
    }

    private let fences = Mutex(Fences())

    init(display: EGLDisplayHandle, image: EGLImageKHR, texture: GLuint, size: Size) {
        self.display = display
        self.image = image
        self.texture = texture
        self.size = size
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

    /// Puts a fence behind the writer's commands so far, for ``waitForWriter()``. The ingest's context is current.
    func didWrite() throws(GLError) {
        let fence = try makeFence()
        let old = fences.withLock { fences in
            let old = fences.written
            fences.written = fence.value
            return Handle(value: old)
        }
        if let old = old.value { _ = epoxy_eglDestroySyncKHR(display.display, old) }
    }

    /// Has the current context's next commands wait until the picture is written. The caller holds a picture of it.
    func waitForWriter() throws(GLError) {
        // No new write begins while the caller holds a picture, so the fence stays.
        let fence = fences.withLock { Handle(value: $0.written) }
        if let fence = fence.value { try wait(fence) }
    }

    /// Puts a fence behind the commands of the current context, which read the picture, before the caller lets go of it.
    func didRead(_ reader: AnyObject) throws(GLError) {
        let fence = try makeFence()
        let key = ObjectIdentifier(reader)
        let old = fences.withLock { fences in
            Handle(value: fences.read.updateValue(fence.value!, forKey: key))
        }
        if let old = old.value { _ = epoxy_eglDestroySyncKHR(display.display, old) }
    }

    /// Has the ingest context's next commands wait until every reader has read. No picture refers to it.
    func waitForReaders() throws(GLError) {
        let waits = fences.withLock { fences in
            defer { fences.read = [:] }
            return Handle(value: Array(fences.read.values))
        }
        defer { for fence in waits.value { _ = epoxy_eglDestroySyncKHR(display.display, fence) } }
        for fence in waits.value { try wait(fence) }
    }

    /// Frees the image and its fences, not the texture. No picture refers to it any more. Idempotent.
    func destroy() {
        fences.withLock { fences in
            if fences.isDestroyed { return }
            fences.isDestroyed = true
            if let written = fences.written {
                _ = epoxy_eglDestroySyncKHR(display.display, written)
            }
            for fence in fences.read.values { _ = epoxy_eglDestroySyncKHR(display.display, fence) }
            _ = epoxy_eglDestroyImageKHR(display.display, image)
        }
    }

    private func makeFence() throws(GLError) -> Handle<EGLSyncKHR?> {
        guard let fence = epoxy_eglCreateSyncKHR(display.display, EGLenum(EGL_SYNC_FENCE_KHR), nil)
        else { throw .egl("eglCreateSyncKHR") }
        // Another context's wait for it would else last until this one's commands happen to be sent.
        epoxy_glFlush()
        return Handle(value: fence)
    }

    /// On the GPU where the driver can, else here.
    private func wait(_ fence: EGLSyncKHR) throws(GLError) {
        if display.extensions.contains("EGL_KHR_wait_sync") {
            guard epoxy_eglWaitSyncKHR(display.display, fence, 0) != 0 else {
                throw .egl("eglWaitSyncKHR")
            }
        } else {
            _ = epoxy_eglClientWaitSyncKHR(display.display, fence, 0, 1_000_000_000)
        }
    }

    /// Carries a handle out of a lock.
    private struct Handle<Value>: @unchecked Sendable {
        let value: Value
    }
}
