internal import CEpoxy
internal import GuestDisplay

/// Releases guests' frames when the GPU has read them. Ingest thread only, its context current.
final class ReleaseFences {
    private let display: EGLDisplayHandle
    /// Made with the first file: many an ingest never sees a GPU's frame.
    private var waiter: SyncFileWaiter?

    init(display: EGLDisplayHandle) {
        self.display = display
    }

    deinit {
        waiter?.close()
    }

    /// Releases the frames once the commands so far are done: at once where nothing waits, else from a thread of its own, or, where the driver's
    /// fences cannot be waited for elsewhere, before it returns. Throws what EGL reports; the frames are released then too.
    ///
    /// `fence` is a sync file behind those commands, where there is one: that of the image which they wrote.
    func release(
        _ frames: [FrameRelease], behind fence: consuming OwnedDescriptor? = nil,
        of image: ImageFences? = nil
    ) throws(GLError) {
        if frames.isEmpty { return }
        if let file = fence ?? nativeFence() {
            if file.isReadable {
                for frame in frames { frame.release() }
                image?.forgetSignalled()
                return
            }
            if waiter == nil { waiter = SyncFileWaiter() }
            if let waiter, waiter.wait(for: file, then: frames, image: image) { return }
        }
        defer { for frame in frames { frame.release() } }
        guard let fence = epoxy_eglCreateSyncKHR(display.display, EGLenum(EGL_SYNC_FENCE_KHR), nil)
        else { throw .egl("eglCreateSyncKHR") }
        defer { _ = epoxy_eglDestroySyncKHR(display.display, fence) }
        // A second is far beyond any copy; a GPU that hangs must not hold the guest.
        let result = epoxy_eglClientWaitSyncKHR(
            display.display, fence, EGL_SYNC_FLUSH_COMMANDS_BIT_KHR, 1_000_000_000)
        if result != EGL_CONDITION_SATISFIED_KHR {
            throw GLError(
                operation: "eglClientWaitSyncKHR",
                reason: "a copy of a picture did not end within a second; the GPU hangs")
        }
    }

    /// A sync file behind the commands so far; nil where the driver gives none.
    private func nativeFence() -> OwnedDescriptor? {
        guard display.hasNativeFences,
            let fence = epoxy_eglCreateSyncKHR(
                display.display, EGLenum(EGL_SYNC_NATIVE_FENCE_ANDROID), nil)
        else { return nil }
        defer { _ = epoxy_eglDestroySyncKHR(display.display, fence) }
        // The file exists once the commands were sent.
        epoxy_glFlush()
        let file = epoxy_eglDupNativeFenceFDANDROID(display.display, fence)
        return file < 0 ? nil : OwnedDescriptor(owning: file)
    }
}
