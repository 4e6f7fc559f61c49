internal import CSDL
internal import GuestDisplay
internal import GuestDisplayGL
internal import Viewer

/// Draws with GL: a context of the window's own, made by SDL, which is EGL everywhere here.
@MainActor
final class GLPresenter: Presenter {
    private let window: OpaquePointer
    private let context: SDL_GLContext
    private let drawer: PictureDrawer
    private var drawnSize = Size.zero
    private var isClosed = false

    /// Makes a context for a window with `SDL_WINDOW_OPENGL`. Throws what SDL or GL reports.
    init(window: OpaquePointer) throws(DisplayError) {
        guard let context = SDL_GL_CreateContext(window) else {
            throw DisplayError("SDL_GL_CreateContext: \(SDLLibrary.lastError)")
        }
        do throws(GLError) {
            // Frames come on our own clock: a swap that waited for a hidden window would stop every other one.
            SDL_GL_SetSwapInterval(0)
            drawer = try PictureDrawer()
        } catch {
            SDL_GL_DeleteContext(context)
            throw DisplayError("\(error)")
        }
        SDL_GL_MakeCurrent(window, nil)
        self.window = window
        self.context = context
    }

    func present(_ frame: HeadFrame<Picture>, window size: Size) throws(DisplayError) {
        guard SDL_GL_MakeCurrent(window, context) == 0 else {
            throw DisplayError("SDL_GL_MakeCurrent: \(SDLLibrary.lastError)")
        }
        try draw(frame, size)
        // Mesa's software drivers learn of another size with a swap, too late for the frame that it shows.
        if size != drawnSize { try draw(frame, size) }
        drawnSize = size
    }

    private func draw(_ frame: HeadFrame<Picture>, _ size: Size) throws(DisplayError) {
        do throws(GLError) {
            try drawer.draw(
                frame.picture, layers: frame.layers, frame: frame.geometry.frame, window: size)
        } catch {
            throw DisplayError("\(error)")
        }
        SDL_GL_SwapWindow(window)
    }

    // Every frame is drawn whole.
    func invalidate() {}

    func close() {
        if isClosed { return }
        isClosed = true
        if SDL_GL_MakeCurrent(window, context) == 0 { drawer.close() }
        SDL_GL_DeleteContext(context)
    }
}
