/// A guest's pointer shape.
public struct Cursor: Hashable, Sendable {
    /// The largest width or height of a shape: QEMU's own limit (`cursor_alloc`, ui/cursor.c) is 512.
    public static let maximumExtent = 512

    /// Size in pixels, each extent 1 … ``maximumExtent``.
    public let size: Size
    /// The pixel that points, from the top left corner; within the shape.
    public let hotSpotX: Int
    /// The pixel that points, from the top left corner; within the shape.
    public let hotSpotY: Int
    /// Rows of premultiplied ARGB, one number a pixel: 0xAARRGGBB.
    public let pixels: [UInt32]

    /// Checks the shape. A size outside the limits or a wrong number of pixels throws; a hot-spot outside is moved to the
    /// nearest pixel inside, as the pointer must stay usable.
    public init(width: Int, height: Int, hotSpotX: Int, hotSpotY: Int, pixels: [UInt32])
        throws(SurfaceError)
    {
        for (field, value) in [("cursor width", width), ("cursor height", height)]
        where value < 1 || value > Cursor.maximumExtent {
            throw SurfaceError(
                field: field, reason: "\(value), expected 1 to \(Cursor.maximumExtent)")
        }
        guard pixels.count == width * height else {
            throw SurfaceError(
                field: "cursor data",
                reason: "\(pixels.count) pixels, expected \(width * height)")
        }
        size = Size(width: width, height: height)
        self.hotSpotX = min(max(hotSpotX, 0), width - 1)
        self.hotSpotY = min(max(hotSpotY, 0), height - 1)
        self.pixels = pixels
    }

    /// Whether no pixel of it can be seen, which is how many guests hide their cursor.
    public var isInvisible: Bool { pixels.allSatisfy { $0 >> 24 == 0 } }
}

/// Where the guest has put its cursor.
public struct CursorPosition: Hashable, Sendable {
    /// Column in guest pixels; may lie outside the picture.
    public var x: Int
    /// Row in guest pixels; may lie outside the picture.
    public var y: Int
    /// Whether the guest shows its cursor.
    public var isVisible: Bool

    /// Names a position.
    public init(x: Int, y: Int, isVisible: Bool) {
        self.x = x
        self.y = y
        self.isVisible = isVisible
    }
}
