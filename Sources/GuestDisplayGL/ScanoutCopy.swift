internal import CEpoxy
internal import GuestDisplay

/// Copies what a GPU holds into a picture's texture: crops it, turns it upright, and makes it 8 bits a channel. One context, current in every call.
final class ScanoutCopy {
    private let plain: Program
    private let external: Program?
    private var vertexArray: GLuint = 0

    /// Compiles the shaders. Throws what the context lacks.
    init() throws(GLError) {
        plain = try Program(samplesExternal: false)
        let hasExternal =
            !epoxy_is_desktop_gl() && epoxy_gl_version() >= 30
            && epoxy_has_gl_extension("GL_OES_EGL_image_external_essl3")
        external = hasExternal ? try Program(samplesExternal: true) : nil
        epoxy_glGenVertexArrays(1, &vertexArray)
    }

    /// Copies `rects` of a scanout, which the framebuffer `source` reads, into a picture: as a driver knows best, without a shader of ours. A software one copies
    /// rows so, and runs a shader for each pixel else. Alpha comes along, which a picture's reader passes over. False where the driver refuses it.
    func blit(
        _ rects: DamageRects, of scanout: GLScanout, source: GLuint, to picture: SharedImage
    ) throws(GLError) -> Bool {
        defer { epoxy_glBindFramebuffer(GLenum(GL_FRAMEBUFFER), 0) }
        try bindFramebuffer(of: picture)
        GLError.forget()
        epoxy_glBindFramebuffer(GLenum(GL_READ_FRAMEBUFFER), source)
        for rect in rects {
            let place = Rect(
                x: rect.x + scanout.crop.x, y: rect.y + scanout.crop.y, width: rect.width,
                height: rect.height)
            // A picture from its last row on is read from there up.
            let height = scanout.backingSize.height
            let (top, bottom) =
                scanout.isTopDown
                ? (place.y, place.maxY) : (height - place.y, height - place.maxY)
            epoxy_glBlitFramebuffer(
                GLint(place.x), GLint(top), GLint(place.maxX), GLint(bottom),
                GLint(rect.x), GLint(rect.y), GLint(rect.maxX), GLint(rect.maxY),
                GLbitfield(GL_COLOR_BUFFER_BIT), GLenum(GL_NEAREST))
        }
        return epoxy_glGetError() == GLenum(GL_NO_ERROR)
    }

    /// Draws `rects` of a scanout, whose texture is `source`, into a picture.
    func copy(
        _ rects: DamageRects, of scanout: GLScanout, source: GLuint, target: GLenum,
        to picture: SharedImage
    ) throws(GLError) {
        let program = target == GLenum(GL_TEXTURE_EXTERNAL_OES) ? external : plain
        guard let program else {
            throw GLError(
                operation: "copy of a GPU's picture",
                reason: "GL_OES_EGL_image_external_essl3 is missing")
        }
        GLError.forget()
        defer {
            epoxy_glDisable(GLenum(GL_SCISSOR_TEST))
            epoxy_glBindTexture(target, 0)
            epoxy_glBindVertexArray(0)
            epoxy_glUseProgram(0)
            epoxy_glBindFramebuffer(GLenum(GL_FRAMEBUFFER), 0)
        }
        try bindFramebuffer(of: picture)
        let size = scanout.crop.size
        epoxy_glViewport(0, 0, GLsizei(size.width), GLsizei(size.height))
        epoxy_glDisable(GLenum(GL_BLEND))
        epoxy_glDisable(GLenum(GL_DEPTH_TEST))
        epoxy_glColorMask(1, 1, 1, 1)
        epoxy_glUseProgram(program.name)
        epoxy_glBindVertexArray(vertexArray)
        epoxy_glActiveTexture(GLenum(GL_TEXTURE0))
        epoxy_glBindTexture(target, source)
        epoxy_glUniform2f(
            program.size, GLfloat(scanout.backingSize.width), GLfloat(scanout.backingSize.height))
        epoxy_glUniform2i(program.crop, GLint(scanout.crop.x), GLint(scanout.crop.y))
        epoxy_glUniform1i(
            program.lastRow, scanout.isTopDown ? -1 : GLint(scanout.backingSize.height - 1))
        epoxy_glEnable(GLenum(GL_SCISSOR_TEST))
        for rect in rects {
            // The picture's first row is the texture's first.
            epoxy_glScissor(
                GLint(rect.x), GLint(rect.y), GLsizei(rect.width), GLsizei(rect.height))
            epoxy_glDrawArrays(GLenum(GL_TRIANGLES), 0, 3)
        }
        try GLError.check("copy of a GPU's picture of \(scanout.backingSize)")
    }

    /// One framebuffer for each picture: a driver makes a surface of a texture whenever that is attached.
    private func bindFramebuffer(of picture: SharedImage) throws(GLError) {
        if picture.framebuffer != 0 {
            return epoxy_glBindFramebuffer(GLenum(GL_FRAMEBUFFER), picture.framebuffer)
        }
        var framebuffer: GLuint = 0
        epoxy_glGenFramebuffers(1, &framebuffer)
        epoxy_glBindFramebuffer(GLenum(GL_FRAMEBUFFER), framebuffer)
        epoxy_glFramebufferTexture2D(
            GLenum(GL_FRAMEBUFFER), GLenum(GL_COLOR_ATTACHMENT0), GLenum(GL_TEXTURE_2D),
            picture.texture, 0)
        let status = epoxy_glCheckFramebufferStatus(GLenum(GL_FRAMEBUFFER))
        guard status == GLenum(GL_FRAMEBUFFER_COMPLETE) else {
            epoxy_glDeleteFramebuffers(1, &framebuffer)
            throw GLError(
                operation: "framebuffer of a picture",
                reason: "status 0x" + String(status, radix: 16))
        }
        picture.framebuffer = framebuffer
    }

    func delete() {
        plain.delete()
        external?.delete()
        epoxy_glDeleteVertexArrays(1, &vertexArray)
    }

    private struct Program {
        let name: GLuint
        let crop: GLint
        let size: GLint
        let lastRow: GLint

        init(samplesExternal: Bool) throws(GLError) {
            let dialect = try Shaders.Dialect.current()
            name = try PictureProgram.link(
                vertex: Shaders.covering(dialect),
                fragment: Shaders.copy(dialect, samplesExternal: samplesExternal))
            crop = epoxy_glGetUniformLocation(name, "crop")
            size = epoxy_glGetUniformLocation(name, "size")
            lastRow = epoxy_glGetUniformLocation(name, "lastRow")
            epoxy_glUseProgram(name)
            epoxy_glUniform1i(epoxy_glGetUniformLocation(name, "picture"), 0)
            epoxy_glUseProgram(0)
        }

        func delete() { epoxy_glDeleteProgram(name) }
    }
}

extension Shaders {
    /// One triangle that covers the framebuffer, without any vertex data.
    static func covering(_ dialect: Dialect) -> String {
        preamble(dialect) + """
            void main() {
                vec2 corner = vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0);
                gl_Position = vec4(corner, 0.0, 1.0);
            }

            """
    }

    /// Fetches the texel for each pixel of the picture, opaque.
    static func copy(_ dialect: Dialect, samplesExternal: Bool) -> String {
        let sampler = samplesExternal ? "samplerExternalOES" : "sampler2D"
        // Mesa makes colours of luma and chroma where a texture is sampled, not where texels are fetched (nir_lower_tex.c, `sample_plane`).
        let texel =
            samplesExternal
            ? "texture(picture, (vec2(place) + 0.5) / size)" : "texelFetch(picture, place, 0)"
        let needs =
            samplesExternal ? "#extension GL_OES_EGL_image_external_essl3 : require\n" : ""
        return preamble(dialect, extensions: needs) + """
            uniform highp \(sampler) picture;
            uniform vec2 size;    // of the whole buffer
            uniform ivec2 crop;   // the picture's first pixel in the buffer
            uniform int lastRow;  // of a buffer whose last row is the picture's first; -1: the first is
            out vec4 result;

            void main() {
                ivec2 place = ivec2(gl_FragCoord.xy) + crop;
                if (lastRow >= 0) place.y = lastRow - place.y;
                result = vec4(\(texel).rgb, 1.0);
            }

            """
    }

    private static func preamble(_ dialect: Dialect, extensions: String = "") -> String {
        switch dialect {
        case .glsl130: "#version 130\n" + extensions
        case .glsl150: "#version 150\n" + extensions
        case .es300, .es100:
            "#version 300 es\n" + extensions + "precision highp float;\nprecision highp int;\n"
        }
    }
}
