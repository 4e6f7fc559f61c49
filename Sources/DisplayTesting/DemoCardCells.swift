/// A 32-bit word as square cells in one row or several, black (0) or white (1): 8 that name the place, 32 of the
/// value with the highest bit first, 8 of a check byte.
struct DemoCardCells: Sendable {
    /// The cells of a word.
    static let count = 48

    private static let checkSeed: UInt8 = 0x5A

    /// The top left pixel of the first cell.
    let x: Int
    let y: Int
    /// The side of a cell in pixels.
    let size: Int
    /// The byte that names the place.
    let sync: UInt8
    /// What the check byte is besides the value's bytes, all combined by exclusive or.
    let seed: UInt8
    /// How many cells stand side by side; the next ones stand below.
    var perRow = DemoCardCells.count
    /// Whether 16 cells more have the value's lower two bytes, each with its lowest bit first: else parts of two frames, side by side, could make a
    /// number where the bytes stand one below the other.
    var hasReversedBytes = false

    /// How many cells there are.
    var cellCount: Int { DemoCardCells.count + (hasReversedBytes ? 16 : 0) }

    /// The frame number in the picture's first rows.
    static let topStrip = DemoCardCells(
        x: DemoCardLayout.stripX, y: 0, size: DemoCardLayout.stripCell, sync: 0xB2, seed: checkSeed)

    /// The frame number in the last rows of a picture.
    static func bottomStrip(height: Int) -> DemoCardCells {
        DemoCardCells(
            x: DemoCardLayout.stripX, y: height - DemoCardLayout.stripCell,
            size: DemoCardLayout.stripCell, sync: 0x6C, seed: checkSeed)
    }

    /// The frame number in the block that is all that changes with the guest's word `block`.
    static let block = DemoCardCells(
        x: DemoCardLayout.margin, y: DemoCardLayout.laneY, size: 8, sync: 0x2D, seed: checkSeed,
        perRow: 8, hasReversedBytes: true)

    /// A row of the panel that shows the input, or of the head's panel.
    static func panel(row: Int) -> DemoCardCells {
        let isInput = row < DemoPanelRow.head
        let x = isInput ? DemoCardLayout.panelX : DemoCardLayout.headPanelX
        let y =
            isInput
            ? DemoCardLayout.panelY + row * DemoCardLayout.panelCell
            : DemoCardLayout.headPanelY + (row - DemoPanelRow.head) * DemoCardLayout.panelCell
        return DemoCardCells(
            x: x, y: y, size: DemoCardLayout.panelCell, sync: 0x96, seed: checkSeed + UInt8(row))
    }

    /// The top left pixel of a cell.
    func corner(ofCell cell: Int) -> (x: Int, y: Int) {
        (x + cell % perRow * size, y + cell / perRow * size)
    }

    /// The cells in their order in the low 48 or 64 bits, the first highest.
    func encode(_ value: UInt32) -> UInt64 {
        let word = UInt64(sync) << 40 | UInt64(value) << 8 | UInt64(check(of: value))
        guard hasReversedBytes else { return word }
        var reversed: UInt64 = 0
        for shift in [8, 0] {
            for bit in 0..<8 { reversed = reversed << 1 | UInt64(value >> UInt32(shift + bit) & 1) }
        }
        return word << 16 | reversed
    }

    /// The value that ``encode(_:)`` gives these bits for; nil when there is none.
    func value(of bits: UInt64) -> UInt32? {
        let value = UInt32(truncatingIfNeeded: bits >> (hasReversedBytes ? 24 : 8))
        return encode(value) == bits ? value : nil
    }

    /// The value; nil when a pixel is neither black nor white, a cell not of one colour, or the
    /// first byte or the check byte wrong.
    func decode(pixels: [UInt32], width: Int, height: Int) -> UInt32? {
        guard x + perRow * size <= width, y >= 0, y + cellCount / perRow * size <= height else {
            return nil
        }
        var bits: UInt64 = 0
        for cell in 0..<cellCount {
            guard let bit = readCell(cell, pixels: pixels, width: width) else { return nil }
            bits = bits << 1 | bit
        }
        return value(of: bits)
    }

    private func readCell(_ cell: Int, pixels: [UInt32], width: Int) -> UInt64? {
        let (left, top) = corner(ofCell: cell)
        let first = pixels[top * width + left] & 0xFFFFFF
        for row in top..<top + size {
            let start = row * width + left
            for pixel in pixels[start..<start + size] where pixel & 0xFFFFFF != first {
                return nil
            }
        }
        switch first {
        case DemoCardColour.black: return 0
        case DemoCardColour.white: return 1
        default: return nil
        }
    }

    private func check(of value: UInt32) -> UInt8 {
        withUnsafeBytes(of: value) { $0.reduce(seed, ^) }
    }
}

/// The rows of the panel that shows the input, and of the head's.
enum DemoPanelRow {
    static let keyCount = 0
    /// Sixteen rows of four bytes, the first byte highest.
    static let keys = 1
    static let position = 17
    static let buttons = 18
    static let wheel = 19
    static let packets = 20
    static let totalX = 21
    static let totalY = 22
    static let mode = 23
    /// The first row of the head's panel, which stands at another place.
    static let head = 24
    static let place = 25
    static let eventCount = 26
    static let event = 27
    static let absolute = 28
    static let pointerHead = 29
}
