public import GuestDisplay

/// How a picture is fitted into a window.
public enum ScaleMode: String, CaseIterable, Sendable {
    /// As large as the window allows, aspect kept.
    case fit
    /// One guest pixel is one pixel of the monitor.
    case oneToOne = "1:1"
}

/// Where a guest's picture lies in a window, in the monitor's own pixels, and back.
public struct PictureGeometry: Hashable, Sendable {
    /// The guest picture's size in guest pixels.
    public let guest: Size
    /// The window's drawing area in the monitor's pixels.
    public let window: Size
    /// How it is fitted.
    public let mode: ScaleMode
    /// Where the picture lies; outside the window where it is larger (1:1).
    public let frame: Rect

    /// Fits a picture into a window. In 1:1, a picture larger than the window pans with the pointer: `pointer` is its place in
    /// the window's pixels, and the picture's edge is reached when the pointer is at the window's edge.
    ///
    /// A window of a HiDPI monitor has only every `granularity`th size; where that misses a whole factor by less, the factor is
    /// kept whole, so that the picture stays sharp.
    public init(
        guest: Size, window: Size, mode: ScaleMode, granularity: Int = 1,
        pointer: (x: Double, y: Double)? = nil
    ) {
        self.guest = guest
        self.window = window
        self.mode = mode
        guard !guest.isEmpty, !window.isEmpty else {
            frame = .zero
            return
        }
        let size: Size
        switch mode {
        case .oneToOne:
            size = guest
        case .fit:
            size = PictureGeometry.fitted(guest, into: window, granularity: granularity)
        }
        frame = Rect(
            x: PictureGeometry.origin(size.width, in: window.width, pointer: pointer?.x),
            y: PictureGeometry.origin(size.height, in: window.height, pointer: pointer?.y),
            width: size.width, height: size.height)
    }

    /// The largest size of the same aspect that fits, at least one pixel. Whole factors come out exact, as both extents are
    /// computed from the same ratio.
    private static func fitted(_ guest: Size, into window: Size, granularity: Int) -> Size {
        let factor = min(window.width / guest.width, window.height / guest.height)
        let whole = Size(width: factor * guest.width, height: factor * guest.height)
        if factor > 0,
            window.width - whole.width < granularity || window.height - whole.height < granularity
        {
            return whole
        }
        if window.width * guest.height <= window.height * guest.width {
            let height = (window.width * guest.height + guest.width / 2) / guest.width
            return Size(width: window.width, height: min(max(height, 1), window.height))
        }
        let width = (window.height * guest.width + guest.height / 2) / guest.height
        return Size(width: min(max(width, 1), window.width), height: window.height)
    }

    private static func origin(_ extent: Int, in window: Int, pointer: Double?) -> Int {
        if extent <= window { return (window - extent) / 2 }
        guard let pointer, window > 1 else { return 0 }
        let fraction = min(max(pointer / Double(window - 1), 0), 1)
        return -Int((fraction * Double(extent - window)).rounded())
    }

    /// The guest pixel under a place of the window (pixel centres at .5), clamped to the picture; nil when there is no picture.
    public func guestPixel(x: Double, y: Double) -> (x: Int, y: Int)? {
        guard frame.width > 0, frame.height > 0 else { return nil }
        let column = (x - Double(frame.x)) * Double(guest.width) / Double(frame.width)
        let row = (y - Double(frame.y)) * Double(guest.height) / Double(frame.height)
        return (
            PictureGeometry.clamp(column, to: guest.width),
            PictureGeometry.clamp(row, to: guest.height)
        )
    }

    private static func clamp(_ value: Double, to extent: Int) -> Int {
        guard value.isFinite else { return 0 }
        return Int(min(max(value.rounded(.down), 0), Double(extent - 1)))
    }

    /// Whether every guest pixel is drawn as a whole number of monitor pixels.
    public var isIntegerScale: Bool {
        guest.width > 0 && guest.height > 0 && frame.width % guest.width == 0
            && frame.height % guest.height == 0
    }
}
