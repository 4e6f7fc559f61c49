internal import CShimsSDL
internal import GuestDisplay
internal import GuestDisplayGL
internal import Viewer

/// Draws with the CPU straight into SDL's window on X11: SDL's window surface is one more copy of what it takes, and waits for the server with each frame.
@MainActor
final class X11WindowPresenter: Presenter {
    private var presenter: X11MemoryPresenter?

    /// Nil for a window that is not on X11, or whose server is on another machine or has other pixels.
    init?(window: OpaquePointer) {
        let number = swiftvm_sdl_x11_window(window)
        guard number != 0, X11MemoryPresenter.works(display: nil) else { return nil }
        presenter = try? X11MemoryPresenter(display: nil, window: UInt32(number))
        if presenter == nil { return nil }
    }

    func present(_ frame: HeadFrame<Picture>, window size: Size) throws(DisplayError) {
        do throws(GLError) {
            let times = try presenter?.present(
                frame.picture, layers: frame.layers, frame: frame.geometry.frame, size: size)
            if let times { frame.times.add(times) }
        } catch {
            throw DisplayError("\(error)")
        }
    }

    var showsNext: PictureArrivals<Picture>.Show? {
        guard let presenter else { return nil }
        return { presenter.presentNext($0) }
    }

    func invalidate() { presenter?.invalidate() }

    func close() { presenter = nil }
}
