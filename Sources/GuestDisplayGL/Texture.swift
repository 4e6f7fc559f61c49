internal import CEpoxy
internal import GuestDisplay

/// What every texture of ours has in common. A context is current and the texture bound to GL_TEXTURE_2D.
enum Texture {
    /// No mipmaps, no filter: shaders fetch single texels.
    static func setParameters() {
        let target = GLenum(GL_TEXTURE_2D)
        epoxy_glTexParameteri(target, GLenum(GL_TEXTURE_MIN_FILTER), GL_NEAREST)
        epoxy_glTexParameteri(target, GLenum(GL_TEXTURE_MAG_FILTER), GL_NEAREST)
        epoxy_glTexParameteri(target, GLenum(GL_TEXTURE_WRAP_S), GL_CLAMP_TO_EDGE)
        epoxy_glTexParameteri(target, GLenum(GL_TEXTURE_WRAP_T), GL_CLAMP_TO_EDGE)
    }

    /// Binds a texture and gives it memory of that size, content undefined.
    static func allocate(_ texture: GLuint, size: Size) {
        epoxy_glBindTexture(GLenum(GL_TEXTURE_2D), texture)
        setParameters()
        // GLES 2 knows no sized internal format.
        let isOld = !epoxy_is_desktop_gl() && epoxy_gl_version() < 30
        epoxy_glTexImage2D(
            GLenum(GL_TEXTURE_2D), 0, isOld ? GL_RGBA : GL_RGBA8, GLsizei(size.width),
            GLsizei(size.height), 0, GLenum(GL_RGBA), GLenum(GL_UNSIGNED_BYTE), nil)
    }

    /// Uploads rectangles of rows of 0xAARRGGBB that begin `stride` bytes apart, a multiple of 4, as the bytes they are: red and blue change places. They have
    /// been read on return (OpenGL 4.6, 2.1 "Execution Model": data binding occurs on call).
    static func upload(
        _ rects: some Collection<Rect>, of pixels: UnsafeRawPointer, stride: Int
    ) {
        epoxy_glPixelStorei(GLenum(GL_UNPACK_ALIGNMENT), 4)
        // GLES 2 has no row length without an extension: there, row by row.
        let hasRowLength = epoxy_is_desktop_gl() || epoxy_gl_version() >= 30
        if hasRowLength { epoxy_glPixelStorei(GLenum(GL_UNPACK_ROW_LENGTH), GLint(stride / 4)) }
        for rect in rects {
            let first = pixels + rect.y * stride + rect.x * 4
            let bands = hasRowLength || rect.width * 4 == stride ? 1 : rect.height
            for band in 0..<bands {
                epoxy_glTexSubImage2D(
                    GLenum(GL_TEXTURE_2D), 0, GLint(rect.x), GLint(rect.y + band),
                    GLsizei(rect.width), GLsizei(bands == 1 ? rect.height : 1),
                    GLenum(GL_RGBA), GLenum(GL_UNSIGNED_BYTE), first + band * stride)
            }
        }
        if hasRowLength { epoxy_glPixelStorei(GLenum(GL_UNPACK_ROW_LENGTH), 0) }
    }
}
