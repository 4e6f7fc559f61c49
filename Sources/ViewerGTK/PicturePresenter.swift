internal import CGTK
internal import GuestDisplay
internal import GuestDisplayGL
internal import Viewer

typealias PresenterFrame = HeadFrame<Picture>

/// A widget that draws frames. Main thread alone. One of them belongs to one window, for its life.
@MainActor
protocol PicturePresenter: AnyObject {
    /// The widget to put into the window.
    var widget: UnsafeMutablePointer<GtkWidget> { get }
    /// Asked for the frame whenever one is drawn; at nil what is shown stays, which is black before the first.
    var frameSource: (() -> PresenterFrame?)? { get set }
    /// Draws soon, when the window wants a frame; seldom or never while nobody sees it. Cheap; many calls make one frame.
    func queueDraw()
    /// Frees what the GPU holds; no drawing after it.
    func close()
}

extension PicturePresenter {
    /// Monitor pixels a logical pixel has.
    var scaleFactor: Int { Int(gtk_widget_get_scale_factor(widget)) }

    /// The drawing area in the monitor's own pixels.
    var pixelSize: Size {
        Size(
            width: Int(gtk_widget_get_allocated_width(widget)) * scaleFactor,
            height: Int(gtk_widget_get_allocated_height(widget)) * scaleFactor)
    }
}
