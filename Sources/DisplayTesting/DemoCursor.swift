/// The shapes that the demo guest gives to a virtio-gpu's cursor, as in `Resources/demo-guest/cursor_shape.c`.
public enum DemoCursor: String, CaseIterable, Sendable {
    /// The pointer that is drawn elsewhere, at the top left.
    case arrow
    /// Colours, nothing, a ramp of black and a grid: one in each quarter.
    case card

    /// The width and height of a shape in pixels.
    public static let extent = 64

    /// The shape, row-major, `extent` times `extent` pixels of premultiplied 0xAARRGGBB.
    public var pixels: [UInt32] {
        (0..<Self.extent).flatMap { y in (0..<Self.extent).map { x in pixel(x: x, y: y) } }
    }

    private func pixel(x: Int, y: Int) -> UInt32 {
        switch self {
        case .arrow:
            DemoCardCanvas.pointerPixel(x: x, y: y, isPressed: false).map { 0xFF00_0000 | $0 } ?? 0
        case .card: Self.cardPixel(x: UInt32(x), y: UInt32(y))
        }
    }

    private static func cardPixel(x: UInt32, y: UInt32) -> UInt32 {
        switch (x < 32, y < 32) {
        case (true, true): 0xFF00_0040 | x * 8 << 16 | y * 8 << 8
        case (false, true): 0
        // Black, so that it is the same premultiplied or not.
        case (true, false): x * 8 << 24
        case (false, false): (x + y) & 1 == 1 ? 0xFFFF_FFFF : 0xFF00_0000
        }
    }
}
