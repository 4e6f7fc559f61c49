internal import CEpoxy
internal import Glibc
public import GuestDisplay

/// A texture of a ``GPURenderer`` and the dma-buf it lies in (EGL_MESA_image_dma_buf_export). Any thread.
public final class GPUBuffer: Sendable {
    /// Size in pixels.
    public let size: Size
    /// How pixels lie.
    public let fourcc: FourCC
    /// In what order; what the driver says, `invalid` where it says nothing.
    public let modifier: DRMModifier

    private let renderer: GPURenderer
    private let texture: UInt32
    private let layout: [DMABuffer.Plane]

    private init(
        size: Size, fourcc: FourCC, modifier: DRMModifier, renderer: GPURenderer, texture: UInt32,
        layout: [DMABuffer.Plane]
    ) {
        self.size = size
        self.fourcc = fourcc
        self.modifier = modifier
        self.renderer = renderer
        self.texture = texture
        self.layout = layout
    }

    /// With the renderer's context current.
    static func make(
        _ size: Size, renderer: GPURenderer, display: EGLDisplay
    ) throws(ScriptError) -> (GPUBuffer, GLuint) {
        var texture: GLuint = 0
        epoxy_glGenTextures(1, &texture)
        epoxy_glBindTexture(GLenum(GL_TEXTURE_2D), texture)
        epoxy_glTexStorage2D(
            GLenum(GL_TEXTURE_2D), 1, GLenum(GL_RGBA8), GLsizei(size.width), GLsizei(size.height))
        try ScriptError.checkGL("glTexStorage2D")
        // EGL_KHR_gl_texture_2D_image wants the context that is current.
        guard
            let image = epoxy_eglCreateImageKHR(
                display, epoxy_eglGetCurrentContext(), EGLenum(EGL_GL_TEXTURE_2D_KHR),
                EGLClientBuffer(bitPattern: UInt(texture)), nil)
        else { throw .egl("eglCreateImage of a texture") }
        defer { _ = epoxy_eglDestroyImageKHR(display, image) }
        var code: CInt = 0
        var planes: CInt = 0
        var modifiers = [EGLuint64KHR](repeating: DRMModifier.invalid.rawValue, count: 4)
        guard
            epoxy_eglExportDMABUFImageQueryMESA(display, image, &code, &planes, &modifiers) != 0,
            (1...4).contains(planes)
        else { throw .egl("eglExportDMABUFImageQueryMESA") }
        var descriptors = [CInt](repeating: -1, count: 4)
        var strides = [EGLint](repeating: 0, count: 4)
        var offsets = [EGLint](repeating: 0, count: 4)
        guard
            epoxy_eglExportDMABUFImageMESA(display, image, &descriptors, &strides, &offsets) != 0
        else { throw .egl("eglExportDMABUFImageMESA") }
        var layout: [DMABuffer.Plane] = []
        for plane in 0..<Int(planes) {
            // A buffer of several planes may come as one descriptor.
            let descriptor =
                descriptors[plane] >= 0
                ? descriptors[plane] : fcntl(descriptors[0], F_DUPFD_CLOEXEC, 0)
            layout.append(
                DMABuffer.Plane(
                    descriptor: OwnedDescriptor(owning: descriptor), offset: Int(offsets[plane]),
                    stride: Int(strides[plane])))
        }
        let buffer = GPUBuffer(
            size: size, fourcc: FourCC(rawValue: UInt32(bitPattern: code)),
            modifier: DRMModifier(rawValue: modifiers[0]), renderer: renderer, texture: texture,
            layout: layout)
        return (buffer, texture)
    }

    /// Its planes, with descriptors for somebody who owns them.
    public func planes() throws(ScriptError) -> [DMABuffer.Plane] {
        var planes: [DMABuffer.Plane] = []
        for plane in layout {
            do {
                planes.append(
                    DMABuffer.Plane(
                        descriptor: try plane.descriptor.duplicate(), offset: plane.offset,
                        stride: plane.stride))
            } catch {
                throw ScriptError("fcntl: \(error)")
            }
        }
        return planes
    }

    /// Puts a whole picture there, 0x00RRGGBB with the first row first in memory, and sends the commands to the GPU without waiting for it.
    public func put(_ pixels: [UInt32]) throws(ScriptError) {
        precondition(pixels.count == size.width * size.height, "\(pixels.count) pixels")
        let bytes = pixels.map { pixel in
            0xff00_0000 | pixel >> 16 & 0xff | pixel & 0xff00 | (pixel & 0xff) << 16
        }
        try renderer.locked { _ throws(ScriptError) in
            epoxy_glBindTexture(GLenum(GL_TEXTURE_2D), self.texture)
            epoxy_glTexSubImage2D(
                GLenum(GL_TEXTURE_2D), 0, 0, 0, GLsizei(self.size.width),
                GLsizei(self.size.height), GLenum(GL_RGBA), GLenum(GL_UNSIGNED_BYTE), bytes)
            epoxy_glFlush()
            try ScriptError.checkGL("glTexSubImage2D")
        }
    }

    /// Has the GPU draw rectangles of one colour each, one over the other, as a program's frame is drawn, and does not wait for it. Rows count
    /// from the first in memory.
    public func draw(_ parts: [(rect: Rect, colour: UInt32)]) throws(ScriptError) {
        try renderer.locked { _ throws(ScriptError) in
            try DMABufferImport.withFramebuffer(of: self.texture) { () throws(ScriptError) in
                epoxy_glEnable(GLenum(GL_SCISSOR_TEST))
                for (rect, colour) in parts {
                    epoxy_glScissor(
                        GLint(rect.x), GLint(rect.y), GLsizei(rect.width), GLsizei(rect.height))
                    epoxy_glClearColor(
                        Float(colour >> 16 & 0xff) / 255, Float(colour >> 8 & 0xff) / 255,
                        Float(colour & 0xff) / 255, 1)
                    epoxy_glClear(GLbitfield(GL_COLOR_BUFFER_BIT))
                }
                epoxy_glDisable(GLenum(GL_SCISSOR_TEST))
                epoxy_glFlush()
                try ScriptError.checkGL("glClear")
            }
        }
    }
}
