/// A rectangle of pixels on the demo card.
struct DemoRectangle: Hashable, Sendable {
    var x: Int
    var y: Int
    var width: Int
    var height: Int

    func contains(x column: Int, y row: Int) -> Bool {
        column >= x && column < x + width && row >= y && row < y + height
    }
}

/// Where everything on the card is. `Resources/demo-guest/layout.h` says the same.
struct DemoCardLayout: Sendable {
    static let margin = 48
    static let cornerSize = 32
    static let stripX = 40
    static let stripCell = 8
    static let panelX = 48
    static let panelY = 104
    static let panelCell = 4
    static let headPanelX = 384
    static let headPanelY = 12
    static let numberWidth = 108
    static let numberHeight = 68
    static let titleY = 14
    static let statusY = 44
    static let frameTextX = 336
    static let hintY = 64
    static let secondHintY = 82
    static let mouseTextY = 208
    static let mouseTextPitch = 18
    static let keysX = 264
    static let keysLabelY = 104
    static let keysY = 124
    static let keysPitch = 16
    static let keysSlotWidth = 36
    static let keysPerRow = 8
    static let zoneRadius = 104
    static let zoneY = 146
    static let zoneMinimumWidth = 832
    static let laneY = 264
    static let laneHeight = 64

    let topStrip: DemoRectangle
    let bottomStrip: DemoRectangle
    let lane: DemoRectangle
    let bars: DemoRectangle
    let number: DemoRectangle
    let grid: DemoRectangle
    let gradient: DemoRectangle
    let zoneX: Int?

    init(width: Int, height: Int) {
        let margin = Self.margin
        let stripWidth = DemoCardCells.count * Self.stripCell
        let inner = width - 2 * margin
        let top = Self.laneY + Self.laneHeight + 8
        let bottom = height - 40
        let gradientHeight = (bottom - top) / 4
        let barsWidth = inner * 3 / 4
        let barsHeight = bottom - gradientHeight - 8 - top
        topStrip = DemoRectangle(
            x: Self.stripX, y: 0, width: stripWidth, height: Self.stripCell)
        bottomStrip = DemoRectangle(
            x: Self.stripX, y: height - Self.stripCell, width: stripWidth, height: Self.stripCell)
        lane = DemoRectangle(x: margin, y: Self.laneY, width: inner, height: Self.laneHeight)
        bars = DemoRectangle(x: margin, y: top, width: barsWidth, height: barsHeight)
        number = DemoRectangle(
            x: margin + (barsWidth - Self.numberWidth) / 2,
            y: top + (barsHeight - Self.numberHeight) / 2, width: Self.numberWidth,
            height: Self.numberHeight)
        grid = DemoRectangle(
            x: margin + barsWidth + 8, y: top, width: inner - barsWidth - 8, height: barsHeight)
        gradient = DemoRectangle(
            x: margin, y: bottom - gradientHeight, width: inner, height: gradientHeight)
        zoneX = width >= Self.zoneMinimumWidth ? width - margin - Self.zoneRadius : nil
    }
}

/// The card's colours, 0x00RRGGBB, as in `Resources/demo-guest/colours.h`.
enum DemoCardColour {
    static let black: UInt32 = 0x000000
    static let white: UInt32 = 0xFFFFFF
    static let background: UInt32 = 0x1B2430
    static let gridLine: UInt32 = 0x273545
    static let dim: UInt32 = 0x9FB3C8
    static let faint: UInt32 = 0x3E5066
    static let orange: UInt32 = 0xF05138
    static let lane: UInt32 = 0x0E141B
    static let stripe: UInt32 = 0xFFB199
}
