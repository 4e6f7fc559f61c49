internal import CSDL
internal import GuestDisplay
internal import GuestDisplayGL
internal import Viewer

/// Draws with GL: a context of the window's own, made by SDL, which is EGL everywhere here.
@MainActor
final class GLPresenter: Presenter {
    private let window: OpaquePointer
    private let isSoftware: Bool
    private var drawing: (context: SDL_GLContext, drawer: PictureDrawer, size: Size)?

    /// For a window with `SDL_WINDOW_OPENGL`. `isSoftware` tells that the driver is one of Mesa's that draw with the CPU.
    init(window: OpaquePointer, isSoftware: Bool) {
        self.window = window
        self.isSoftware = isSoftware
    }

    /// Throws why GL does not work in a window.
    static func probe(_ window: OpaquePointer) throws(DisplayError) {
        let (context, drawer) = try make(window)
        drawer.close()
        SDL_GL_DeleteContext(context)
    }

    func present(_ frame: HeadFrame<Picture>, window size: Size) throws(DisplayError) {
        let start = Moment.now
        // Mesa's software drivers tell a context of another size of its window after a swap, too late for the frame that it shows; a new
        // context knows at once.
        if isSoftware, let drawing, drawing.size != size { close() }
        if drawing == nil { try begin(size) }
        guard let (context, drawer, _) = drawing else { return }
        guard SDL_GL_MakeCurrent(window, context) == 0 else {
            throw DisplayError("SDL_GL_MakeCurrent: \(SDLLibrary.lastError)")
        }
        do throws(GLError) {
            try drawer.draw(
                frame.picture, layers: frame.layers, frame: frame.geometry.frame, window: size)
        } catch {
            throw DisplayError("\(error)")
        }
        let drawn = frame.times.add(.draw, since: start)
        SDL_GL_SwapWindow(window)
        frame.times.add(.swap, since: drawn)
    }

    // Every frame is drawn whole.
    func invalidate() {}

    func close() {
        guard let drawing else { return }
        self.drawing = nil
        if SDL_GL_MakeCurrent(window, drawing.context) == 0 { drawing.drawer.close() }
        SDL_GL_DeleteContext(drawing.context)
    }

    private func begin(_ size: Size) throws(DisplayError) {
        let (context, drawer) = try GLPresenter.make(window)
        drawing = (context, drawer, size)
    }

    private static func make(_ window: OpaquePointer) throws(DisplayError) -> (
        SDL_GLContext, PictureDrawer
    ) {
        guard let context = SDL_GL_CreateContext(window) else {
            throw DisplayError("SDL_GL_CreateContext: \(SDLLibrary.lastError)")
        }
        // Frames come on our own clock: a swap that waited for a hidden window would stop every other one.
        SDL_GL_SetSwapInterval(0)
        do throws(GLError) {
            return (context, try PictureDrawer())
        } catch {
            SDL_GL_DeleteContext(context)
            throw DisplayError("\(error)")
        }
    }
}
