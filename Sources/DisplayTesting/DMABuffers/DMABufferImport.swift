internal import CEpoxy
internal import GuestDisplay

/// The tests' own import of a dma-buf, which the programs' is compared with. All with a context current.
enum DMABufferImport {
    /// EGL_EXT_image_dma_buf_import, with the modifier unless it is `invalid`.
    static func makeImage(
        _ planes: [DMABuffer.Plane], _ fourcc: FourCC, _ modifier: DRMModifier, _ size: Size,
        display: EGLDisplay
    ) throws(ScriptError) -> EGLImageKHR {
        let names = [
            (
                EGL_DMA_BUF_PLANE0_FD_EXT, EGL_DMA_BUF_PLANE0_OFFSET_EXT,
                EGL_DMA_BUF_PLANE0_PITCH_EXT, EGL_DMA_BUF_PLANE0_MODIFIER_LO_EXT,
                EGL_DMA_BUF_PLANE0_MODIFIER_HI_EXT
            ),
            (
                EGL_DMA_BUF_PLANE1_FD_EXT, EGL_DMA_BUF_PLANE1_OFFSET_EXT,
                EGL_DMA_BUF_PLANE1_PITCH_EXT, EGL_DMA_BUF_PLANE1_MODIFIER_LO_EXT,
                EGL_DMA_BUF_PLANE1_MODIFIER_HI_EXT
            ),
            (
                EGL_DMA_BUF_PLANE2_FD_EXT, EGL_DMA_BUF_PLANE2_OFFSET_EXT,
                EGL_DMA_BUF_PLANE2_PITCH_EXT, EGL_DMA_BUF_PLANE2_MODIFIER_LO_EXT,
                EGL_DMA_BUF_PLANE2_MODIFIER_HI_EXT
            ),
            (
                EGL_DMA_BUF_PLANE3_FD_EXT, EGL_DMA_BUF_PLANE3_OFFSET_EXT,
                EGL_DMA_BUF_PLANE3_PITCH_EXT, EGL_DMA_BUF_PLANE3_MODIFIER_LO_EXT,
                EGL_DMA_BUF_PLANE3_MODIFIER_HI_EXT
            ),
        ]
        var attributes: [EGLint] = [
            EGL_WIDTH, EGLint(size.width), EGL_HEIGHT, EGLint(size.height),
            EGL_LINUX_DRM_FOURCC_EXT, EGLint(bitPattern: fourcc.rawValue),
        ]
        for (plane, name) in zip(planes, names) {
            attributes += [
                name.0, plane.descriptor.rawValue, name.1, EGLint(plane.offset), name.2,
                EGLint(plane.stride),
            ]
            if modifier != .invalid {
                attributes += [
                    name.3, EGLint(truncatingIfNeeded: modifier.rawValue), name.4,
                    EGLint(truncatingIfNeeded: modifier.rawValue >> 32),
                ]
            }
        }
        attributes.append(EGL_NONE)
        guard
            let image = epoxy_eglCreateImageKHR(
                display, nil, EGLenum(EGL_LINUX_DMA_BUF_EXT), nil, attributes)
        else { throw .egl("eglCreateImage of a dma-buf") }
        return image
    }

    /// The pixels of an image, 0x00RRGGBB, the first row in memory first.
    static func read(_ image: EGLImageKHR, _ size: Size) throws(ScriptError) -> [UInt32] {
        var texture: GLuint = 0
        epoxy_glGenTextures(1, &texture)
        defer { epoxy_glDeleteTextures(1, &texture) }
        epoxy_glBindTexture(GLenum(GL_TEXTURE_2D), texture)
        epoxy_glEGLImageTargetTexture2DOES(GLenum(GL_TEXTURE_2D), image)
        try ScriptError.checkGL("glEGLImageTargetTexture2DOES")
        return try read(texture, size)
    }

    /// The same of a texture.
    static func read(_ texture: GLuint, _ size: Size) throws(ScriptError) -> [UInt32] {
        try withFramebuffer(of: texture) { () throws(ScriptError) in
            var pixels = [UInt32](repeating: 0, count: size.width * size.height)
            epoxy_glReadPixels(
                0, 0, GLsizei(size.width), GLsizei(size.height), GLenum(GL_RGBA),
                GLenum(GL_UNSIGNED_BYTE), &pixels)
            try ScriptError.checkGL("glReadPixels")
            return pixels.map { $0 >> 16 & 0xff | $0 & 0xff00 | ($0 & 0xff) << 16 }
        }
    }

    /// Has `body` draw into a texture, or read it.
    static func withFramebuffer<Value>(
        of texture: GLuint, _ body: () throws(ScriptError) -> Value
    ) throws(ScriptError) -> Value {
        var framebuffer: GLuint = 0
        epoxy_glGenFramebuffers(1, &framebuffer)
        defer { epoxy_glDeleteFramebuffers(1, &framebuffer) }
        epoxy_glBindFramebuffer(GLenum(GL_FRAMEBUFFER), framebuffer)
        epoxy_glFramebufferTexture2D(
            GLenum(GL_FRAMEBUFFER), GLenum(GL_COLOR_ATTACHMENT0), GLenum(GL_TEXTURE_2D), texture, 0)
        let status = epoxy_glCheckFramebufferStatus(GLenum(GL_FRAMEBUFFER))
        guard status == GLenum(GL_FRAMEBUFFER_COMPLETE) else {
            throw ScriptError("framebuffer: 0x\(String(status, radix: 16))")
        }
        return try body()
    }
}
