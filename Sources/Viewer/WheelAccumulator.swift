public import GuestDisplay

/// Turns a smooth wheel or touchpad into the whole steps that a guest's wheel has.
public struct WheelAccumulator: Sendable {
    private var x = 0.0
    private var y = 0.0

    /// Starts at rest.
    public init() {}

    /// Adds a motion (1 is one step; positive is right and down) and returns the steps that are now complete.
    public mutating func add(dx: Double, dy: Double) -> [PointerButton] {
        guard dx.isFinite, dy.isFinite else { return [] }
        x += min(max(dx, -32), 32)
        y += min(max(dy, -32), 32)
        let across = Int(x.rounded(.towardZero))
        let down = Int(y.rounded(.towardZero))
        x -= Double(across)
        y -= Double(down)
        return Array(repeating: down < 0 ? .wheelUp : .wheelDown, count: abs(down))
            + Array(repeating: across < 0 ? .wheelLeft : .wheelRight, count: abs(across))
    }
}
