internal import CEpoxy
internal import CGBM
internal import Glibc
public import GuestDisplay
internal import Synchronization
internal import SystemPackage

/// GL on a node of its own, as another program's would be: it draws into textures and sends them as dma-bufs, and reads what others sent. Any
/// thread; one call after the other.
public final class GPURenderer: Sendable {
    /// The node.
    public let node: String
    /// `EGL_EXTENSIONS` of its display.
    public let extensions: Set<String>
    /// `GL_RENDERER`.
    public let renderer: String

    private let state: Mutex<State>

    /// Opens a node (a render node, or vgem's card for Mesa's kms_swrast) and makes a GLES 3 context on a GBM device of it.
    public init(node: String) throws(ScriptError) {
        let descriptor = OwnedDescriptor(owning: open(node, O_RDWR | O_CLOEXEC))
        guard descriptor.rawValue >= 0 else {
            throw ScriptError("\(node): \(Errno(rawValue: errno))")
        }
        guard let device = gbm_create_device(descriptor.rawValue) else {
            throw ScriptError("\(node): gbm_create_device: \(Errno(rawValue: errno))")
        }
        guard
            let display = epoxy_eglGetPlatformDisplayEXT(
                EGLenum(EGL_PLATFORM_GBM_KHR), UnsafeMutableRawPointer(device), nil),
            epoxy_eglInitialize(display, nil, nil) != 0
        else { throw .egl("\(node): eglInitialize") }
        guard epoxy_eglBindAPI(EGLenum(EGL_OPENGL_ES_API)) != 0,
            let context = epoxy_eglCreateContext(
                display, nil, nil, [EGL_CONTEXT_MAJOR_VERSION, 3, EGL_NONE])
        else { throw .egl("\(node): eglCreateContext") }
        self.node = node
        let words = epoxy_eglQueryString(display, EGL_EXTENSIONS).map { String(cString: $0) }
        extensions = Set((words ?? "").split(separator: " ").map(String.init))
        let state = State(
            node: descriptor.take(), device: device, display: display, context: context)
        renderer = try state.current { () throws(ScriptError) in
            epoxy_glGetString(GLenum(GL_RENDERER)).map { String(cString: $0) } ?? "unknown"
        }
        self.state = Mutex(state)
    }

    /// Makes a texture and its dma-buf.
    public func makeBuffer(_ size: Size) throws(ScriptError) -> GPUBuffer {
        try locked { state throws(ScriptError) in
            let (buffer, texture) = try GPUBuffer.make(size, renderer: self, display: state.display)
            state.textures.append(texture)
            return buffer
        }
    }

    /// Reads what a dma-buf shows: 0x00RRGGBB, the first row in memory first. Takes the descriptors for as long as it lasts. Throws EGL's error
    /// when the driver refuses it.
    public func read(
        _ planes: [DMABuffer.Plane], _ fourcc: FourCC, _ modifier: DRMModifier, _ size: Size
    ) throws(ScriptError) -> [UInt32] {
        try locked { state throws(ScriptError) in
            let image = try DMABufferImport.makeImage(
                planes, fourcc, modifier, size, display: state.display)
            defer { _ = epoxy_eglDestroyImageKHR(state.display, image) }
            return try DMABufferImport.read(image, size)
        }
    }

    /// Waits until all that was drawn stands in memory.
    public func finish() throws(ScriptError) {
        try locked { _ throws(ScriptError) in epoxy_glFinish() }
    }

    /// Its display and context, for one who has it alone.
    var own: State { state.withLock { $0 } }

    func locked<Value: Sendable>(
        _ body: @Sendable (inout State) throws(ScriptError) -> Value
    ) throws(ScriptError) -> Value {
        let result = state.withLock { state -> Result<Value, ScriptError> in
            do throws(ScriptError) {
                try state.makeCurrent()
                defer { state.release() }
                return .success(try body(&state))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    deinit {
        state.withLock { $0.close() }
    }

    /// What is behind the lock.
    struct State: @unchecked Sendable {
        let node: CInt
        let device: OpaquePointer
        let display: EGLDisplay
        let context: EGLContext
        var textures: [GLuint] = []

        func makeCurrent() throws(ScriptError) {
            _ = epoxy_eglBindAPI(EGLenum(EGL_OPENGL_ES_API))
            guard epoxy_eglMakeCurrent(display, nil, nil, context) != 0 else {
                throw .egl("eglMakeCurrent")
            }
        }

        func release() {
            _ = epoxy_eglMakeCurrent(display, nil, nil, nil)
        }

        func current<Value>(
            _ body: () throws(ScriptError) -> Value
        ) throws(ScriptError) -> Value {
            try makeCurrent()
            defer { release() }
            return try body()
        }

        func close() {
            if (try? makeCurrent()) != nil {
                epoxy_glDeleteTextures(GLsizei(textures.count), textures)
                release()
            }
            _ = epoxy_eglDestroyContext(display, context)
            _ = epoxy_eglTerminate(display)
            _ = epoxy_eglReleaseThread()
            gbm_device_destroy(device)
            Glibc.close(node)
        }
    }
}

extension ScriptError {
    /// An EGL call that has just failed on this thread.
    static func egl(_ operation: String) -> ScriptError {
        ScriptError("\(operation): EGL error 0x\(String(epoxy_eglGetError(), radix: 16))")
    }

    /// Throws when GL has recorded an error.
    static func checkGL(_ operation: String) throws(ScriptError) {
        let code = epoxy_glGetError()
        if code != GLenum(GL_NO_ERROR) {
            throw ScriptError("\(operation): GL error 0x\(String(code, radix: 16))")
        }
    }
}
