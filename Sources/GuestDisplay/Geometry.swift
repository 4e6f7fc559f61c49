/// A size in whole pixels.
public struct Size: Hashable, Sendable, CustomStringConvertible {
    /// Pixels across.
    public var width: Int
    /// Pixels down.
    public var height: Int

    /// Makes a size; no check is made here, see ``SurfaceLimits``.
    public init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    /// The size of nothing.
    public static let zero = Size(width: 0, height: 0)

    /// Whether it holds no pixel.
    public var isEmpty: Bool { width <= 0 || height <= 0 }

    /// `width×height`.
    public var description: String { "\(width)×\(height)" }
}

/// A rectangle in whole pixels; the origin is the picture's top left corner.
public struct Rect: Hashable, Sendable, CustomStringConvertible {
    /// The left edge.
    public var x: Int
    /// The top edge.
    public var y: Int
    /// Pixels across.
    public var width: Int
    /// Pixels down.
    public var height: Int

    /// Makes a rectangle; negative sizes are empty.
    public init(x: Int, y: Int, width: Int, height: Int) {
        self.x = x
        self.y = y
        self.width = width
        self.height = height
    }

    /// The rectangle of a whole picture.
    public init(_ size: Size) {
        self.init(x: 0, y: 0, width: size.width, height: size.height)
    }

    /// The empty rectangle.
    public static let zero = Rect(x: 0, y: 0, width: 0, height: 0)

    /// Whether it holds no pixel.
    public var isEmpty: Bool { width <= 0 || height <= 0 }

    /// Its size.
    public var size: Size { Size(width: width, height: height) }

    /// The first column right of it.
    public var maxX: Int { x + width }

    /// The first row below it.
    public var maxY: Int { y + height }

    /// Whether every pixel of it lies in a picture of that size. Safe for any numbers from outside.
    public func lies(within size: Size) -> Bool {
        guard x >= 0, y >= 0, width > 0, height > 0 else { return false }
        let (right, overflowX) = x.addingReportingOverflow(width)
        let (bottom, overflowY) = y.addingReportingOverflow(height)
        return !overflowX && !overflowY && right <= size.width && bottom <= size.height
    }

    /// The pixels that both hold; `zero` when there are none.
    public func intersection(_ other: Rect) -> Rect {
        let left = max(x, other.x)
        let top = max(y, other.y)
        let right = min(maxX, other.maxX)
        let bottom = min(maxY, other.maxY)
        guard right > left, bottom > top else { return .zero }
        return Rect(x: left, y: top, width: right - left, height: bottom - top)
    }

    /// The smallest rectangle that holds both.
    public func union(_ other: Rect) -> Rect {
        if isEmpty { return other }
        if other.isEmpty { return self }
        let left = min(x, other.x)
        let top = min(y, other.y)
        return Rect(
            x: left, y: top, width: max(maxX, other.maxX) - left,
            height: max(maxY, other.maxY) - top)
    }

    /// Whether it holds every pixel of the other.
    public func contains(_ other: Rect) -> Bool {
        other.isEmpty
            || (other.x >= x && other.y >= y && other.maxX <= maxX && other.maxY <= maxY)
    }

    /// `width×height+x+y`, as X11 writes it.
    public var description: String { "\(width)×\(height)+\(x)+\(y)" }
}
