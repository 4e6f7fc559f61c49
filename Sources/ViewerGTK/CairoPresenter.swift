internal import CGTK
internal import GuestDisplay
internal import GuestDisplayGL
internal import Viewer

/// Draws with the CPU, through cairo: where GL is missing.
@MainActor
final class CairoPresenter: PicturePresenter {
    let widget: UnsafeMutablePointer<GtkWidget>
    var frameSource: (() -> PresenterFrame?)?

    // The picture whose damage GTK was told of last. A newer one can be there when GTK draws, but GTK draws only where it was told to.
    private var queuedNumber: UInt64 = 0
    private var drawnGeometry: PictureGeometry?
    private var drawnLayers: [ObjectIdentifier] = []

    init() {
        widget = gtk_drawing_area_new()
        Signals.connectOpaque(widget, "draw") { [unowned self] cairo in
            if let frame = frameSource?() { draw(frame, to: cairo) }
            return true
        }
    }

    // Only what changed since the last frame, where nothing but the picture's content did.
    func queueDraw() {
        guard gtk_widget_get_mapped(widget) != 0 else { return }
        let frame = frameSource?()
        let before = queuedNumber
        queuedNumber = frame?.picture?.number ?? 0
        guard let frame, let picture = frame.picture, frame.geometry == drawnGeometry,
            frame.layers.map({ ObjectIdentifier($0.content) }) == drawnLayers
        else {
            gtk_widget_queue_draw(widget)
            return
        }
        let scale = scaleFactor
        for rect in picture.damage(since: before).rects {
            let dirty = frame.geometry.windowRect(of: rect)
            let left = dirty.x / scale
            let top = dirty.y / scale
            gtk_widget_queue_draw_area(
                widget, Int32(left), Int32(top),
                Int32((dirty.maxX + scale - 1) / scale - left),
                Int32((dirty.maxY + scale - 1) / scale - top))
        }
    }

    func close() {
        frameSource = nil
    }

    private func draw(_ frame: PresenterFrame, to cairo: OpaquePointer) {
        let scale = Double(scaleFactor)
        cairo_set_source_rgb(cairo, 0, 0, 0)
        cairo_paint(cairo)
        cairo_scale(cairo, 1 / scale, 1 / scale)
        if let picture = frame.picture, case .memory(let memory) = picture.storage {
            draw(memory, of: picture.size, in: frame.geometry.frame, to: cairo)
        }
        for layer in frame.layers { draw(layer, to: cairo) }
        drawnGeometry = frame.geometry
        drawnLayers = frame.layers.map { ObjectIdentifier($0.content) }
    }

    private func draw(
        _ memory: PictureMemory, of size: Size, in frame: Rect, to cairo: OpaquePointer
    ) {
        memory.withPixels { pixels in
            let data = UnsafeMutableRawPointer(mutating: pixels.baseAddress!)
                .assumingMemoryBound(to: UInt8.self)
            let surface = cairo_image_surface_create_for_data(
                data, CAIRO_FORMAT_RGB24, Int32(size.width), Int32(size.height),
                Int32(memory.stride))
            defer { cairo_surface_destroy(surface) }
            paint(surface, size, in: frame, to: cairo)
        }
    }

    private func draw(_ layer: Layer, to cairo: OpaquePointer) {
        let size = layer.content.size
        layer.content.pixels.withUnsafeBytes { bytes in
            let data = UnsafeMutablePointer(
                mutating: bytes.baseAddress!.assumingMemoryBound(to: UInt8.self))
            let surface = cairo_image_surface_create_for_data(
                data, CAIRO_FORMAT_ARGB32, Int32(size.width), Int32(size.height),
                Int32(size.width * 4))
            defer { cairo_surface_destroy(surface) }
            paint(surface, size, in: layer.frame, to: cairo)
        }
    }

    // Nearest at whole factors, so that pixels stay sharp; else cairo's good filter.
    private func paint(
        _ surface: OpaquePointer?, _ size: Size, in frame: Rect, to cairo: OpaquePointer
    ) {
        // A picture can be there a moment before its window has made room for it.
        if frame.isEmpty || size.isEmpty { return }
        let isWhole = frame.width % size.width == 0 && frame.height % size.height == 0
        cairo_save(cairo)
        cairo_rectangle(
            cairo, Double(frame.x), Double(frame.y), Double(frame.width), Double(frame.height))
        cairo_clip(cairo)
        cairo_translate(cairo, Double(frame.x), Double(frame.y))
        cairo_scale(
            cairo, Double(frame.width) / Double(size.width),
            Double(frame.height) / Double(size.height))
        cairo_set_source_surface(cairo, surface, 0, 0)
        cairo_pattern_set_filter(
            cairo_get_source(cairo), isWhole ? CAIRO_FILTER_NEAREST : CAIRO_FILTER_GOOD)
        cairo_pattern_set_extend(cairo_get_source(cairo), CAIRO_EXTEND_PAD)
        cairo_paint(cairo)
        cairo_restore(cairo)
    }
}
