internal import CCairo
public import GuestDisplay

/// Draws pictures and layers with the CPU: what ``PictureDrawer`` draws with GL, pixel for pixel where nothing is averaged or blended, and
/// within one step of a channel where it is.
///
/// One thread. Cairo copies and blends; what has another size than its frame is scaled here first.
public final class SoftwareDrawer {
    /// How many rows are scaled at once: few enough to stay in a CPU's cache.
    private static let bandRows = 32

    private var band: UnsafeMutableBufferPointer<UInt32>

    /// Needs nothing.
    public init() {
        band = .allocate(capacity: 0)
    }

    deinit {
        band.deallocate()
    }

    /// Draws within the clip of a cairo context: black, the picture scaled into `frame`, the layers over it; opaque everywhere.
    ///
    /// `cairo` is a `cairo_t *` whose units are pixels of the window, with the origin at its top left; its transformation must take them to
    /// whole pixels of the target. `frame` is where the picture goes and may reach beyond the window. Throws what cairo reports, and for a
    /// picture that only GL can read.
    public func draw(
        _ content: Picture?, layers: [Layer], frame: Rect, window: Size, to cairo: OpaquePointer
    ) throws(GLError) {
        for rect in SoftwareDrawer.clip(of: cairo) {
            try draw(
                content, layers: layers, frame: frame, region: rect.intersection(Rect(window)),
                to: cairo)
        }
        try SoftwareDrawer.check(cairo_status(cairo), "drawing")
    }

    /// Draws as above into a window's memory: `window.height` rows of 32-bit pixels, 0xAARRGGBB as numbers of this machine, `stride` bytes
    /// apart, a multiple of 4. Alpha is written as 255, for memory that has none too. With `damage`, nothing outside its rectangles is
    /// touched. Throws as above.
    public func draw(
        _ content: Picture?, layers: [Layer], frame: Rect, window: Size,
        to memory: UnsafeMutableRawPointer, stride: Int, damage: Damage? = nil
    ) throws(GLError) {
        if window.isEmpty { return }
        if copies(
            content, layers: layers, frame: frame, damage: damage, to: memory, stride: stride,
            window: window)
        {
            return
        }
        let surface = cairo_image_surface_create_for_data(
            memory.assumingMemoryBound(to: UInt8.self), CAIRO_FORMAT_ARGB32,
            CInt(clamping: window.width), CInt(clamping: window.height), CInt(clamping: stride))
        defer {
            cairo_surface_finish(surface)
            cairo_surface_destroy(surface)
        }
        try SoftwareDrawer.check(
            cairo_surface_status(surface), "memory of \(window) with a stride of \(stride)")
        let cairo = cairo_create(surface)
        defer { cairo_destroy(cairo) }
        guard let cairo else { throw GLError(operation: "cairo", reason: "no memory") }
        for rect in (damage ?? .full(window)).rects {
            try draw(
                content, layers: layers, frame: frame, region: rect.intersection(Rect(window)),
                to: cairo)
        }
        try SoftwareDrawer.check(cairo_status(cairo), "drawing")
    }

    /// Whether the damaged pixels of a window are a picture's own.
    static func isCopy(
        _ content: Picture, layers: [Layer], frame: Rect, damage: Damage, window: Size
    ) -> Bool {
        guard content.size == frame.size else { return false }
        for rect in damage.rects {
            let region = rect.intersection(Rect(window))
            if region.isEmpty { continue }
            guard frame.contains(region) else { return false }
            for layer in layers where !layer.frame.intersection(region).isEmpty { return false }
        }
        return true
    }

    /// Copies the damaged pixels where that is all: a picture at its own size, and nothing else to be seen there. Whether it was so.
    private func copies(
        _ content: Picture?, layers: [Layer], frame: Rect, damage: Damage?,
        to target: UnsafeMutableRawPointer, stride: Int, window: Size
    ) -> Bool {
        guard let damage, let content, case .memory(let memory) = content.storage,
            SoftwareDrawer.isCopy(
                content, layers: layers, frame: frame, damage: damage, window: window)
        else { return false }
        for rect in damage.rects {
            let region = rect.intersection(Rect(window))
            for y in region.y..<region.maxY {
                let input =
                    memory.baseAddress + (y - frame.y) * content.size.width + region.x - frame.x
                let output = (target + y * stride).assumingMemoryBound(to: UInt32.self) + region.x
                for x in 0..<region.width { output[x] = input[x] | 0xff00_0000 }
            }
        }
        return true
    }

    /// Draws one rectangle of the window.
    private func draw(
        _ content: Picture?, layers: [Layer], frame: Rect, region: Rect, to cairo: OpaquePointer
    ) throws(GLError) {
        if region.isEmpty { return }
        let shown = content == nil ? .zero : frame.intersection(region)
        if shown != region {
            cairo_set_operator(cairo, CAIRO_OPERATOR_SOURCE)
            cairo_set_source_rgb(cairo, 0, 0, 0)
            SoftwareDrawer.fill(region, of: cairo)
        }
        if let content, !shown.isEmpty {
            guard case .memory(let memory) = content.storage else {
                throw GLError(
                    operation: "drawing with the CPU", reason: "the picture is in a GPU's memory")
            }
            paint(
                memory.baseAddress, size: content.size, frame: frame, region: shown,
                isOpaque: true, to: cairo)
        }
        for layer in layers {
            let covered = layer.frame.intersection(region)
            if covered.isEmpty || layer.content.size.isEmpty { continue }
            layer.content.pixels.withUnsafeBufferPointer { pixels in
                paint(
                    pixels.baseAddress!, size: layer.content.size, frame: layer.frame,
                    region: covered, isOpaque: false, to: cairo)
            }
        }
    }

    /// Draws the part of a picture of `size` scaled to `frame` that lies in `region`.
    private func paint(
        _ pixels: UnsafePointer<UInt32>, size: Size, frame: Rect, region: Rect, isOpaque: Bool,
        to cairo: OpaquePointer
    ) {
        cairo_set_operator(cairo, isOpaque ? CAIRO_OPERATOR_SOURCE : CAIRO_OPERATOR_OVER)
        if frame.size == size {
            SoftwareDrawer.paint(
                pixels, Rect(x: frame.x, y: frame.y, width: size.width, height: size.height),
                region: region, isOpaque: isOpaque, to: cairo)
            return
        }
        let rows = min(SoftwareDrawer.bandRows, region.height)
        if band.count < rows * region.width {
            band.deallocate()
            band = .allocate(capacity: rows * region.width)
            band.initialize(repeating: 0)
        }
        let base = band.baseAddress!
        var scaler = AreaScaler(
            pixels, stride: size.width, size: size, frame: frame, columns: region.x..<region.maxX)
        var y = region.y
        while y < region.maxY {
            let part = Rect(
                x: region.x, y: y, width: region.width, height: min(rows, region.maxY - y))
            scaler.write(rows: part.y..<part.maxY, to: base)
            SoftwareDrawer.paint(base, part, region: part, isOpaque: isOpaque, to: cairo)
            y = part.maxY
        }
    }

    /// Draws what of the pixels, which lie at `place` without gaps, is in `region`.
    private static func paint(
        _ pixels: UnsafePointer<UInt32>, _ place: Rect, region: Rect, isOpaque: Bool,
        to cairo: OpaquePointer
    ) {
        // Only the rows that are wanted: some targets take whole sources over to a server.
        let first = UnsafeMutableRawPointer(
            mutating: pixels + (region.y - place.y) * place.width)
        let surface = cairo_image_surface_create_for_data(
            first.assumingMemoryBound(to: UInt8.self),
            isOpaque ? CAIRO_FORMAT_RGB24 : CAIRO_FORMAT_ARGB32, CInt(place.width),
            CInt(region.height), CInt(place.width * 4))
        defer { cairo_surface_destroy(surface) }
        cairo_set_source_surface(cairo, surface, Double(place.x), Double(region.y))
        cairo_pattern_set_filter(cairo_get_source(cairo), CAIRO_FILTER_NEAREST)
        fill(region, of: cairo)
        // The source must not outlive its pixels.
        cairo_set_source_rgb(cairo, 0, 0, 0)
    }

    private static func fill(_ rect: Rect, of cairo: OpaquePointer) {
        cairo_rectangle(
            cairo, Double(rect.x), Double(rect.y), Double(rect.width), Double(rect.height))
        cairo_fill(cairo)
    }

    /// The rectangles that a context draws in, in its units, at least as large.
    private static func clip(of cairo: OpaquePointer) -> [Rect] {
        guard let list = cairo_copy_clip_rectangle_list(cairo) else { return [] }
        defer { cairo_rectangle_list_destroy(list) }
        if list.pointee.status == CAIRO_STATUS_SUCCESS {
            return (0..<Int(list.pointee.num_rectangles)).map { index in
                let rect = list.pointee.rectangles[index]
                return outer(rect.x, rect.y, rect.x + rect.width, rect.y + rect.height)
            }
        }
        // A clip that is no set of rectangles: around it.
        var (left, top, right, bottom) = (0.0, 0.0, 0.0, 0.0)
        cairo_clip_extents(cairo, &left, &top, &right, &bottom)
        return [outer(left, top, right, bottom)]
    }

    private static func outer(
        _ left: Double, _ top: Double, _ right: Double, _ bottom: Double
    ) -> Rect {
        // A little of a pixel is what the transformation lost in computing.
        let (x, y) = (Int((left + 0.01).rounded(.down)), Int((top + 0.01).rounded(.down)))
        return Rect(
            x: x, y: y, width: Int((right - 0.01).rounded(.up)) - x,
            height: Int((bottom - 0.01).rounded(.up)) - y)
    }

    private static func check(_ status: cairo_status_t, _ operation: String) throws(GLError) {
        if status == CAIRO_STATUS_SUCCESS { return }
        throw GLError(
            operation: "cairo (\(operation))",
            reason: cairo_status_to_string(status).map { String(cString: $0) } ?? "unknown")
    }
}
