internal import CPangoCairo
public import GuestDisplay

/// A cairo image that a layer's content is drawn on: pixels of 32 bits, premultiplied, at first all transparent.
public final class CairoImage {
    /// In pixels.
    public let size: Size
    /// What draws on it: a `cairo_t *`, valid as long as this object.
    public let cairo: OpaquePointer
    private let surface: OpaquePointer

    /// Nil where there is no memory for that size.
    public init?(size: Size) {
        guard
            let surface = cairo_image_surface_create(
                CAIRO_FORMAT_ARGB32, Int32(clamping: size.width), Int32(clamping: size.height))
        else { return nil }
        guard cairo_surface_status(surface) == CAIRO_STATUS_SUCCESS,
            let cairo = cairo_create(surface)
        else {
            cairo_surface_destroy(surface)
            return nil
        }
        self.size = size
        self.surface = surface
        self.cairo = cairo
    }

    deinit {
        cairo_destroy(cairo)
        cairo_surface_destroy(surface)
    }

    /// Begins a path around a rectangle whose corners are rounded, `radius` pixels each.
    public func addRoundedRectangle(_ frame: Rect, radius: Double) {
        let (left, top) = (Double(frame.x), Double(frame.y))
        let (right, bottom) = (Double(frame.maxX), Double(frame.maxY))
        let turn = Double.pi / 2
        cairo_new_path(cairo)
        cairo_arc(cairo, right - radius, top + radius, radius, -turn, 0)
        cairo_arc(cairo, right - radius, bottom - radius, radius, 0, turn)
        cairo_arc(cairo, left + radius, bottom - radius, radius, turn, 2 * turn)
        cairo_arc(cairo, left + radius, top + radius, radius, 2 * turn, 3 * turn)
        cairo_close_path(cairo)
    }

    /// What was drawn so far; nil where cairo has failed.
    public func content() -> Layer.Content? {
        cairo_surface_flush(surface)
        guard let data = cairo_image_surface_get_data(surface) else { return nil }
        let stride = Int(cairo_image_surface_get_stride(surface))
        let row = size.width * 4
        let pixels = [UInt32](unsafeUninitializedCapacity: size.width * size.height) {
            let target = UnsafeMutableRawBufferPointer($0)
            for line in 0..<size.height {
                target.baseAddress!.advanced(by: line * row)
                    .copyMemory(from: data + line * stride, byteCount: row)
            }
            $1 = size.width * size.height
        }
        return Layer.Content(size: size, pixels: pixels)
    }
}
