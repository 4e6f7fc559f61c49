/// A head's pointer as the guest last described it.
public struct CursorState: Hashable, Sendable {
    /// The shape; nil: the guest draws its cursor itself, or has not said anything, see ``isDefined``.
    public var shape: Cursor?
    /// Whether the guest ever described a shape (or said that it has none).
    public var isDefined = false
    /// Where the guest has put it; nil before it said so.
    public var position: CursorPosition?
    /// Counts up by one at each change of the shape.
    public var shapeSerial: UInt64 = 0
    /// Counts up by one at each change of shape or position.
    public var serial: UInt64 = 0

    /// Nothing known yet.
    public init() {}
}
