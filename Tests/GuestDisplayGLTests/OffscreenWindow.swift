import CEpoxy
import GuestDisplay

@testable import GuestDisplayGL

/// A window in the eyes of a drawer: a framebuffer in a context of its own, on this thread until `close`.
final class OffscreenWindow {
    let size: Size
    let drawer: PictureDrawer
    private let context: GLContext
    private var framebuffer: GLuint = 0
    private var renderbuffer: GLuint = 0

    /// `fill` is in every pixel before something is drawn.
    init(_ size: Size) throws(GLError) {
        self.size = size
        context = try GLContext(display: EGLDisplayHandle.surfaceless())
        try context.makeCurrent()
        epoxy_glGenRenderbuffers(1, &renderbuffer)
        epoxy_glBindRenderbuffer(GLenum(GL_RENDERBUFFER), renderbuffer)
        epoxy_glRenderbufferStorage(
            GLenum(GL_RENDERBUFFER), GLenum(GL_RGBA8), GLsizei(size.width), GLsizei(size.height))
        epoxy_glGenFramebuffers(1, &framebuffer)
        epoxy_glBindFramebuffer(GLenum(GL_FRAMEBUFFER), framebuffer)
        epoxy_glFramebufferRenderbuffer(
            GLenum(GL_FRAMEBUFFER), GLenum(GL_COLOR_ATTACHMENT0), GLenum(GL_RENDERBUFFER),
            renderbuffer)
        epoxy_glClearColor(0.5, 0.25, 0.75, 0.5)
        epoxy_glClear(GLbitfield(GL_COLOR_BUFFER_BIT))
        drawer = try PictureDrawer()
    }

    /// What the window shows, 0xAARRGGBB, the top row first.
    func read() throws(GLError) -> Pixels {
        var bytes = [UInt8](repeating: 0, count: size.width * size.height * 4)
        epoxy_glReadPixels(
            0, 0, GLsizei(size.width), GLsizei(size.height), GLenum(GL_RGBA),
            GLenum(GL_UNSIGNED_BYTE), &bytes)
        try GLError.check("glReadPixels")
        var pixels = Pixels(size: size, values: [])
        for y in 0..<size.height {
            // A window's first row in GL is its lowest.
            let row = (size.height - 1 - y) * size.width * 4
            for x in 0..<size.width {
                let at = row + x * 4
                pixels.values.append(
                    UInt32(bytes[at + 3]) << 24 | UInt32(bytes[at]) << 16
                        | UInt32(bytes[at + 1]) << 8 | UInt32(bytes[at + 2]))
            }
        }
        return pixels
    }

    func close() {
        drawer.close()
        epoxy_glDeleteFramebuffers(1, &framebuffer)
        epoxy_glDeleteRenderbuffers(1, &renderbuffer)
        context.destroy()
    }
}
