internal import CSDL
internal import GuestDisplay
internal import Viewer

/// The pointer's shape; SDL has one for all windows.
@MainActor
final class CursorShapes {
    // X11's shapes are premultiplied as SDL passes them on; for Wayland and KMS SDL multiplies itself.
    private let isPremultiplied: Bool
    private var shown: (cursor: WindowCursor, scale: Int)?
    private var current: OpaquePointer?

    init(connection: DisplayConnection) {
        isPremultiplied = connection.kind == .x11
    }

    /// Shows a shape. `scale` is how many of the monitor's pixels a pixel of SDL's cursors has.
    func show(_ cursor: WindowCursor, scale: Int) {
        if let shown, shown == (cursor, scale) { return }
        shown = (cursor, scale)
        let made: OpaquePointer? =
            switch cursor {
            case .standard, .blank: nil
            case .dot: make(.dot, scale: scale)
            case .shape(let shape): make(shape, scale: scale)
            }
        SDL_SetCursor(made ?? SDL_GetDefaultCursor())
        SDL_ShowCursor(cursor == .blank ? SDL_DISABLE : SDL_ENABLE)
        if let current { SDL_FreeCursor(current) }
        current = made
    }

    /// Frees the shape.
    func close() {
        if let current { SDL_FreeCursor(current) }
        current = nil
    }

    private func make(_ cursor: Cursor, scale: Int) -> OpaquePointer? {
        var shape = ScaledShape(cursor, by: scale)
        if !isPremultiplied { shape.unpremultiply() }
        let size = shape.size
        return shape.pixels.withUnsafeMutableBytes { bytes in
            guard
                let surface = SDL_CreateRGBSurfaceWithFormatFrom(
                    bytes.baseAddress, Int32(size.width), Int32(size.height), 32,
                    Int32(size.width * 4), SDL_PIXELFORMAT_ARGB8888.rawValue)
            else { return nil }
            defer { SDL_FreeSurface(surface) }
            return SDL_CreateColorCursor(
                surface, Int32(shape.hotSpotX), Int32(shape.hotSpotY))
        }
    }
}

/// A shape in the pixels that the toolkit's cursors have.
struct ScaledShape {
    private(set) var size: Size
    private(set) var hotSpotX: Int
    private(set) var hotSpotY: Int
    /// Premultiplied ARGB.
    var pixels: [UInt32]

    /// Makes it smaller by a whole factor: the mean of the pixels that one stands for.
    init(_ cursor: Cursor, by scale: Int) {
        let scale = max(scale, 1)
        size = Size(
            width: (cursor.size.width + scale - 1) / scale,
            height: (cursor.size.height + scale - 1) / scale)
        hotSpotX = cursor.hotSpotX / scale
        hotSpotY = cursor.hotSpotY / scale
        guard scale > 1 else {
            pixels = cursor.pixels
            return
        }
        pixels = []
        pixels.reserveCapacity(size.width * size.height)
        for row in 0..<size.height {
            for column in 0..<size.width {
                var sums: [UInt32] = [0, 0, 0, 0]
                for y in (row * scale)..<min((row + 1) * scale, cursor.size.height) {
                    for x in (column * scale)..<min((column + 1) * scale, cursor.size.width) {
                        let pixel = cursor.pixels[y * cursor.size.width + x]
                        for channel in 0..<4 {
                            sums[channel] += pixel >> UInt32(channel * 8) & 0xff
                        }
                    }
                }
                let area = UInt32(scale * scale)
                var mean: UInt32 = 0
                for channel in 0..<4 { mean |= (sums[channel] / area) << UInt32(channel * 8) }
                pixels.append(mean)
            }
        }
    }

    /// Turns its colours into those that alpha has not been multiplied into.
    mutating func unpremultiply() {
        pixels = pixels.map { pixel in
            let alpha = pixel >> 24
            guard alpha != 0, alpha != 255 else { return pixel }
            var result = alpha << 24
            for shift: UInt32 in [0, 8, 16] {
                result |= min(((pixel >> shift & 0xff) * 255 + alpha / 2) / alpha, 255) << shift
            }
            return result
        }
    }
}
