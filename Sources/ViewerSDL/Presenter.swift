internal import GuestDisplay
internal import GuestDisplayGL
internal import Viewer

/// Puts frames into one window. Main thread alone.
@MainActor
protocol Presenter: AnyObject {
    /// Draws a frame into the window, whose drawing area is `window` pixels, and shows it. Does not wait for a refresh, nor for another window.
    /// Throws what failed; the window stays usable.
    func present(_ frame: HeadFrame<Picture>, window: Size) throws(DisplayError)
    /// What the window showed is lost: the next frame is drawn whole.
    func invalidate()
    /// How the frame after the one that was presented last can be shown by any thread; nil where that cannot be.
    var showsNext: PictureArrivals<Picture>.Show? { get }
    /// Frees what belongs to it; before the window is destroyed.
    func close()
}

extension Presenter {
    var showsNext: PictureArrivals<Picture>.Show? { nil }
}
