internal import CEpoxy
internal import Glibc
internal import GuestDisplay
internal import Synchronization

/// Keeps the writer and the readers of an image that several contexts share apart, on the GPU. Any thread, with the context current whose commands
/// are meant.
final class ImageFences: @unchecked Sendable {
    private let display: EGLDisplayHandle

    /// EGL's handles are pointers; they are used under the lock alone.
    private struct State: @unchecked Sendable {
        /// Ends the last write, or ``writtenFile`` does; nil before the first.
        var written: EGLSyncKHR?
        /// A sync file that ends the last write, owned; -1 where there is none.
        var writtenFile: CInt = -1
        /// Whether something may have been written that no fence is behind.
        var isBehind = false
        /// Ends the last read of each reader.
        var read: [ObjectIdentifier: EGLSyncKHR] = [:]
        var wasRead = false
    }

    private let state = Mutex(State())

    init(_ display: EGLDisplayHandle) {
        self.display = display
    }

    deinit {
        // EGL needs no context for it.
        destroy()
    }

    /// Whether anybody has read since the last write.
    var wasRead: Bool { state.withLock { $0.wasRead } }

    /// Puts a fence behind the writer's commands so far, for ``waitForWriter()``.
    func didWrite() throws(GLError) {
        setWritten(try makeFence())
    }

    /// The same, and gives the fence as a sync file; nil where the driver gives none. One fence is one submission of commands to the GPU: where a file
    /// is needed, it must not be another fence's.
    ///
    /// What stays here is the file, until ``forgetSignalled()``: Mesa keeps two more for EGL's object (`dri2_dup_native_fence_fd`).
    func didWriteGivingFile() throws(GLError) -> OwnedDescriptor? {
        guard display.hasNativeFences,
            let fence = epoxy_eglCreateSyncKHR(
                display.display, EGLenum(EGL_SYNC_NATIVE_FENCE_ANDROID), nil)
        else {
            try didWrite()
            return nil
        }
        defer { _ = epoxy_eglDestroySyncKHR(display.display, fence) }
        // The file exists once the commands were sent.
        epoxy_glFlush()
        let number = epoxy_eglDupNativeFenceFDANDROID(display.display, fence)
        guard number >= 0 else {
            try didWrite()
            return nil
        }
        let file = OwnedDescriptor(owning: number)
        do {
            setWritten(Handle(value: nil), file: try file.duplicate().take())
        } catch {
            try didWrite()
        }
        return file
    }

    /// Closes the file if it is signalled: what was written is there. Any thread, with any context or none.
    func forgetSignalled() {
        state.withLock { state in
            guard state.writtenFile >= 0, ImageFences.isSignalled(state.writtenFile) else { return }
            close(state.writtenFile)
            state.writtenFile = -1
        }
    }

    /// As ``didWrite()``, unless there is a fence behind all that was written.
    func didWriteAll() throws(GLError) {
        if state.withLock({ $0.isBehind }) { try didWrite() }
    }

    private func setWritten(_ fence: Handle<EGLSyncKHR?>, file: CInt = -1) {
        let old = state.withLock { state in
            let old = (fence: state.written, file: state.writtenFile)
            state.written = fence.value
            state.writtenFile = file
            state.isBehind = false
            state.wasRead = false
            return Handle(value: old)
        }
        if let fence = old.value.fence { _ = epoxy_eglDestroySyncKHR(display.display, fence) }
        if old.value.file >= 0 { close(old.value.file) }
    }

    /// Has the current context's next commands wait until the image is written. The caller holds a picture of it.
    func waitForWriter() throws(GLError) {
        // No new write begins while the caller holds a picture, so the fence stays; a file may be done with at any time.
        let written = state.withLock { state in
            var file: CInt = -1
            if state.writtenFile >= 0, !ImageFences.isSignalled(state.writtenFile) {
                file = fcntl(state.writtenFile, F_DUPFD_CLOEXEC, 0)
                // A process at its limit of descriptors waits here.
                if file < 0 { _ = ImageFences.isSignalled(state.writtenFile, within: 1000) }
            }
            return Handle(value: (fence: state.written, file: file))
        }
        if let fence = written.value.fence { try wait(fence) }
        if written.value.file >= 0 { try wait(for: OwnedDescriptor(owning: written.value.file)) }
    }

    /// Puts a fence behind the commands of the current context, which read the image, before the caller lets go of it.
    func didRead(_ reader: AnyObject) throws(GLError) {
        let fence = try makeFence()
        let key = ObjectIdentifier(reader)
        let old = state.withLock { state in
            state.wasRead = true
            return Handle(value: state.read.updateValue(fence.value!, forKey: key))
        }
        if let old = old.value { _ = epoxy_eglDestroySyncKHR(display.display, old) }
    }

    /// Has the current context's next commands wait until every reader so far has read. They are a writer's.
    func waitForReaders() throws(GLError) {
        let waits = state.withLock { state in
            defer { state.read = [:] }
            state.isBehind = true
            return Handle(value: Array(state.read.values))
        }
        defer { for fence in waits.value { _ = epoxy_eglDestroySyncKHR(display.display, fence) } }
        for fence in waits.value { try wait(fence) }
    }

    /// Frees the fences. Idempotent.
    func destroy() {
        state.withLock { state in
            if let written = state.written {
                _ = epoxy_eglDestroySyncKHR(display.display, written)
            }
            for fence in state.read.values { _ = epoxy_eglDestroySyncKHR(display.display, fence) }
            if state.writtenFile >= 0 { close(state.writtenFile) }
            state.writtenFile = -1
            state.written = nil
            state.read = [:]
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
        if display.hasWaitSync {
            guard epoxy_eglWaitSyncKHR(display.display, fence, 0) != 0 else {
                throw .egl("eglWaitSyncKHR")
            }
        } else {
            _ = epoxy_eglClientWaitSyncKHR(display.display, fence, 0, 1_000_000_000)
        }
    }

    /// The same for a sync file.
    private func wait(for file: consuming OwnedDescriptor) throws(GLError) {
        let number = file.take()
        let attributes = [EGL_SYNC_NATIVE_FENCE_FD_ANDROID, number, EGL_NONE]
        guard display.hasWaitSync,
            let fence = epoxy_eglCreateSyncKHR(
                display.display, EGLenum(EGL_SYNC_NATIVE_FENCE_ANDROID), attributes)
        else {
            // The descriptor stays ours when there is no fence.
            _ = ImageFences.isSignalled(number, within: 1000)
            close(number)
            return
        }
        defer { _ = epoxy_eglDestroySyncKHR(display.display, fence) }
        try wait(fence)
    }

    /// A sync file is readable when it is signalled (Documentation/driver-api/sync_file.rst).
    private static func isSignalled(_ file: CInt, within milliseconds: CInt = 0) -> Bool {
        var state = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
        while true {
            let count = poll(&state, 1, milliseconds)
            if count >= 0 || errno != EINTR { return count == 1 }
        }
    }

    /// Carries a handle out of a lock.
    private struct Handle<Value>: @unchecked Sendable {
        let value: Value
    }
}
