import CEpoxy
import GuestDisplay

@testable import GuestDisplayGL

/// A window in the eyes of a drawer: a framebuffer in a context of its own, which is current from `init` until
/// another is.
final class OffscreenWindow {
    let size: Size
    let drawer: PictureDrawer
    private let context: GLContext
    private let framebuffer: OffscreenFramebuffer

    /// Rubbish is in every pixel before something is drawn.
    init(_ size: Size) throws(GLError) {
        self.size = size
        context = try GLContext(display: EGLDisplayHandle.surfaceless())
        try context.makeCurrent()
        framebuffer = try OffscreenFramebuffer(size)
        epoxy_glClearColor(0.5, 0.25, 0.75, 0.5)
        epoxy_glClear(GLbitfield(GL_COLOR_BUFFER_BIT))
        drawer = try PictureDrawer()
    }

    /// Its context again, after another was current.
    func makeCurrent() throws(GLError) {
        try context.makeCurrent()
    }

    /// What the window shows, 0xAARRGGBB, the top row first.
    func read() throws(GLError) -> Pixels {
        Pixels(size: size, values: try framebuffer.read())
    }

    func close() {
        try? context.makeCurrent()
        drawer.close()
        framebuffer.delete()
        context.destroy()
    }
}
