internal import CEpoxy
internal import GuestDisplay

/// A framebuffer without a window, in the context that is current; that must be current in every call.
final class OffscreenFramebuffer {
    let size: Size
    private var framebuffer: GLuint = 0
    private var renderbuffer: GLuint = 0

    /// Makes and binds it, its content undefined. Throws for a size that the driver has not.
    init(_ size: Size) throws(GLError) {
        self.size = size
        var extent: GLint = 0
        epoxy_glGetIntegerv(GLenum(GL_MAX_RENDERBUFFER_SIZE), &extent)
        guard !size.isEmpty, size.width <= Int(extent), size.height <= Int(extent) else {
            throw GLError(
                operation: "framebuffer",
                reason: "a size of \(size) is larger than GL_MAX_RENDERBUFFER_SIZE \(extent)")
        }
        GLError.forget()
        epoxy_glGenRenderbuffers(1, &renderbuffer)
        epoxy_glBindRenderbuffer(GLenum(GL_RENDERBUFFER), renderbuffer)
        epoxy_glRenderbufferStorage(
            GLenum(GL_RENDERBUFFER), GLenum(GL_RGBA8), GLsizei(size.width), GLsizei(size.height))
        epoxy_glBindRenderbuffer(GLenum(GL_RENDERBUFFER), 0)
        epoxy_glGenFramebuffers(1, &framebuffer)
        epoxy_glBindFramebuffer(GLenum(GL_FRAMEBUFFER), framebuffer)
        epoxy_glFramebufferRenderbuffer(
            GLenum(GL_FRAMEBUFFER), GLenum(GL_COLOR_ATTACHMENT0), GLenum(GL_RENDERBUFFER),
            renderbuffer)
        do throws(GLError) {
            try GLError.check("framebuffer of \(size)")
            let status = epoxy_glCheckFramebufferStatus(GLenum(GL_FRAMEBUFFER))
            guard status == GLenum(GL_FRAMEBUFFER_COMPLETE) else {
                throw GLError(
                    operation: "framebuffer of \(size)",
                    reason: "status 0x" + String(status, radix: 16))
            }
        } catch {
            delete()
            throw error
        }
    }

    /// What was drawn, as a window's: rows of 0xAARRGGBB, the top one first.
    func read() throws(GLError) -> [UInt32] {
        epoxy_glBindFramebuffer(GLenum(GL_FRAMEBUFFER), framebuffer)
        return try OffscreenFramebuffer.readBound(size)
    }

    /// What was drawn into the framebuffer that is bound, a window's or another: rows of 0xAARRGGBB, the top one first.
    static func readBound(_ size: Size) throws(GLError) -> [UInt32] {
        GLError.forget()
        let count = size.width * size.height
        epoxy_glPixelStorei(GLenum(GL_PACK_ALIGNMENT), 4)
        let read = [UInt32](unsafeUninitializedCapacity: count) { buffer, initialized in
            buffer.initialize(repeating: 0)
            epoxy_glReadPixels(
                0, 0, GLsizei(size.width), GLsizei(size.height), GLenum(GL_RGBA),
                GLenum(GL_UNSIGNED_BYTE), buffer.baseAddress)
            initialized = count
        }
        try GLError.check("glReadPixels of \(size)")
        // GL's first row is a window's lowest, and red its first byte.
        return [UInt32](unsafeUninitializedCapacity: count) { buffer, initialized in
            read.withUnsafeBufferPointer { read in
                var index = 0
                for row in (0..<size.height).reversed() {
                    for pixel in read[(row * size.width)..<((row + 1) * size.width)] {
                        buffer[index] =
                            pixel & 0xff00_ff00 | (pixel & 0xff) << 16 | pixel >> 16 & 0xff
                        index += 1
                    }
                }
            }
            initialized = count
        }
    }

    /// Deletes it, and binds none.
    func delete() {
        epoxy_glBindFramebuffer(GLenum(GL_FRAMEBUFFER), 0)
        epoxy_glDeleteFramebuffers(1, &framebuffer)
        epoxy_glDeleteRenderbuffers(1, &renderbuffer)
    }
}
