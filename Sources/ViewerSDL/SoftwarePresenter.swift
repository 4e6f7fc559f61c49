internal import CSDL
internal import GuestDisplay
internal import GuestDisplayGL
internal import Viewer

/// Draws with the CPU, into SDL's window surface, and passes on only what changed: where no GPU draws GL.
@MainActor
final class SoftwarePresenter: Presenter {
    private let window: OpaquePointer
    private let drawer = SoftwareDrawer()
    private var shown = PresentedState()
    private var surface: UnsafeMutablePointer<SDL_Surface>?

    init(window: OpaquePointer) {
        self.window = window
    }

    func present(_ frame: HeadFrame<Picture>, window size: Size) throws(DisplayError) {
        let begin = Moment.now
        // SDL makes another one after a change of the window's size.
        guard let surface = SDL_GetWindowSurface(window) else {
            throw DisplayError("SDL_GetWindowSurface: \(SDLLibrary.lastError)")
        }
        if surface != self.surface { shown.invalidate() }
        self.surface = surface
        let area = Size(width: Int(surface.pointee.w), height: Int(surface.pointee.h))
        let format = surface.pointee.format.pointee.format
        guard
            format == SDL_PIXELFORMAT_RGB888.rawValue || format == SDL_PIXELFORMAT_ARGB8888.rawValue
        else {
            throw DisplayError(
                "the window's pixels are \(String(cString: SDL_GetPixelFormatName(format))), not "
                    + "32-bit RGB; use a display of 24-bit depth, or --renderer gl")
        }
        let damage = shown.update(
            to: frame.picture, layers: frame.layers, frame: frame.geometry.frame, window: area)
        do throws(GLError) {
            try drawer.draw(
                frame.picture, layers: frame.layers, frame: frame.geometry.frame, window: area,
                to: surface.pointee.pixels, stride: Int(surface.pointee.pitch), damage: damage)
        } catch {
            shown.invalidate()
            throw DisplayError("\(error)")
        }
        let rects = damage.rects.map { $0.intersection(Rect(area)) }.filter { !$0.isEmpty }.map {
            SDL_Rect(
                x: Int32($0.x), y: Int32($0.y), w: Int32($0.width), h: Int32($0.height))
        }
        let drawn = frame.times.add(.draw, since: begin)
        guard !rects.isEmpty else { return }
        if SDL_UpdateWindowSurfaceRects(window, rects, Int32(rects.count)) != 0 {
            shown.invalidate()
            throw DisplayError("SDL_UpdateWindowSurfaceRects: \(SDLLibrary.lastError)")
        }
        frame.times.add(.swap, since: drawn)
    }

    func invalidate() { shown.invalidate() }

    // The surface is the window's.
    func close() {}
}
