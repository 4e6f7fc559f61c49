internal import CEpoxy
internal import Glibc
public import GuestDisplay

/// The least that it takes to copy a part of a dma-buf on the GPU and to know that it is done: what a viewer's own way is compared with. It has a
/// context and an import of its own. One thread.
public final class GPUCopy {
    /// What does it.
    public enum Method: String, CaseIterable, Sendable {
        /// A triangle within a scissor, as the viewers copy what no framebuffer reads.
        case draw
        /// glBlitFramebuffer, as the viewers copy all else.
        case blit
    }

    private static let vertexShader = """
        #version 300 es
        void main() {
            vec2 corner = vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0);
            gl_Position = vec4(corner, 0.0, 1.0);
        }

        """
    private static let fragmentShader = """
        #version 300 es
        precision highp float;
        uniform highp sampler2D picture;
        out vec4 result;
        void main() { result = vec4(texelFetch(picture, ivec2(gl_FragCoord.xy), 0).rgb, 1.0); }

        """

    private let renderer: GPURenderer
    private let state: GPURenderer.State
    private let size: Size
    private let image: EGLImageKHR
    private let hasNativeFences: Bool
    // The dma-buf, then the copy; each with a framebuffer.
    private var textures: [GLuint] = [0, 0]
    private var framebuffers: [GLuint] = [0, 0]
    private let program: GLuint

    /// Imports a buffer on that node.
    public init(node: String, of buffer: GPUBuffer) throws(ScriptError) {
        renderer = try GPURenderer(node: node)
        state = renderer.own
        size = buffer.size
        hasNativeFences = renderer.extensions.contains("EGL_ANDROID_native_fence_sync")
        try state.makeCurrent()
        image = try DMABufferImport.makeImage(
            buffer.planes(), buffer.fourcc, buffer.modifier, buffer.size, display: state.display)
        program = try GPUCopy.link()
        epoxy_glGenTextures(2, &textures)
        epoxy_glBindTexture(GLenum(GL_TEXTURE_2D), textures[1])
        epoxy_glTexStorage2D(
            GLenum(GL_TEXTURE_2D), 1, GLenum(GL_RGBA8), GLsizei(size.width), GLsizei(size.height))
        epoxy_glBindTexture(GLenum(GL_TEXTURE_2D), textures[0])
        for name in [GL_TEXTURE_MIN_FILTER, GL_TEXTURE_MAG_FILTER] {
            epoxy_glTexParameteri(GLenum(GL_TEXTURE_2D), GLenum(name), GL_NEAREST)
        }
        epoxy_glEGLImageTargetTexture2DOES(GLenum(GL_TEXTURE_2D), image)
        epoxy_glGenFramebuffers(2, &framebuffers)
        for (framebuffer, texture) in zip(framebuffers, textures) {
            epoxy_glBindFramebuffer(GLenum(GL_FRAMEBUFFER), framebuffer)
            epoxy_glFramebufferTexture2D(
                GLenum(GL_FRAMEBUFFER), GLenum(GL_COLOR_ATTACHMENT0), GLenum(GL_TEXTURE_2D),
                texture, 0)
            let status = epoxy_glCheckFramebufferStatus(GLenum(GL_FRAMEBUFFER))
            guard status == GLenum(GL_FRAMEBUFFER_COMPLETE) else {
                throw ScriptError("framebuffer: 0x\(String(status, radix: 16))")
            }
        }
        try ScriptError.checkGL("a copy's textures")
    }

    deinit {
        _ = epoxy_eglDestroyImageKHR(state.display, image)
        state.release()
    }

    /// Makes its context current on this thread, which is no part of a copy, and stays so.
    public func makeCurrent() throws(ScriptError) { try state.makeCurrent() }

    /// Copies a rectangle, and returns when the GPU has done it.
    public func copy(_ rect: Rect, by method: Method) throws(ScriptError) {
        let (x, y) = (GLint(rect.x), GLint(rect.y))
        switch method {
        case .draw:
            epoxy_glBindFramebuffer(GLenum(GL_FRAMEBUFFER), framebuffers[1])
            epoxy_glViewport(0, 0, GLsizei(size.width), GLsizei(size.height))
            epoxy_glUseProgram(program)
            epoxy_glBindTexture(GLenum(GL_TEXTURE_2D), textures[0])
            epoxy_glEnable(GLenum(GL_SCISSOR_TEST))
            epoxy_glScissor(x, y, GLsizei(rect.width), GLsizei(rect.height))
            epoxy_glDrawArrays(GLenum(GL_TRIANGLES), 0, 3)
            epoxy_glDisable(GLenum(GL_SCISSOR_TEST))
        case .blit:
            epoxy_glBindFramebuffer(GLenum(GL_READ_FRAMEBUFFER), framebuffers[0])
            epoxy_glBindFramebuffer(GLenum(GL_DRAW_FRAMEBUFFER), framebuffers[1])
            let (right, bottom) = (x + GLint(rect.width), y + GLint(rect.height))
            epoxy_glBlitFramebuffer(
                x, y, right, bottom, x, y, right, bottom, GLbitfield(GL_COLOR_BUFFER_BIT),
                GLenum(GL_NEAREST))
        }
        try waitForGPU()
        try ScriptError.checkGL("a copy by \(method.rawValue)")
    }

    /// What was copied: 0x00RRGGBB, the first row in memory first.
    public func pixels() throws(ScriptError) -> [UInt32] {
        try state.makeCurrent()
        return try DMABufferImport.read(textures[1], size)
    }

    private func waitForGPU() throws(ScriptError) {
        let kind = hasNativeFences ? EGL_SYNC_NATIVE_FENCE_ANDROID : EGL_SYNC_FENCE_KHR
        guard let fence = epoxy_eglCreateSyncKHR(state.display, EGLenum(kind), nil) else {
            throw .egl("eglCreateSync")
        }
        defer { _ = epoxy_eglDestroySyncKHR(state.display, fence) }
        guard hasNativeFences else {
            let result = epoxy_eglClientWaitSyncKHR(
                state.display, fence, EGL_SYNC_FLUSH_COMMANDS_BIT_KHR,
                EGLTimeKHR(EGL_FOREVER_KHR))
            guard result == EGL_CONDITION_SATISFIED_KHR else { throw .egl("eglClientWaitSync") }
            return
        }
        epoxy_glFlush()
        let file = OwnedDescriptor(
            owning: epoxy_eglDupNativeFenceFDANDROID(state.display, fence))
        var waiting = pollfd(fd: file.rawValue, events: Int16(POLLIN), revents: 0)
        guard file.rawValue >= 0, poll(&waiting, 1, -1) == 1 else {
            throw .egl("eglDupNativeFenceFD")
        }
    }

    private static func link() throws(ScriptError) -> GLuint {
        let program = epoxy_glCreateProgram()
        for (kind, source) in [
            (GL_VERTEX_SHADER, vertexShader), (GL_FRAGMENT_SHADER, fragmentShader),
        ] {
            let shader = epoxy_glCreateShader(GLenum(kind))
            source.withCString { text in
                var pointer: UnsafePointer<CChar>? = text
                epoxy_glShaderSource(shader, 1, &pointer, nil)
            }
            epoxy_glCompileShader(shader)
            epoxy_glAttachShader(program, shader)
            epoxy_glDeleteShader(shader)
        }
        epoxy_glLinkProgram(program)
        var isLinked: GLint = 0
        epoxy_glGetProgramiv(program, GLenum(GL_LINK_STATUS), &isLinked)
        guard isLinked != 0 else { throw ScriptError("a copy's program does not link") }
        return program
    }
}
