/// The parts of the card that neither move nor answer, as in `Resources/demo-guest/card.c`.
extension DemoCardCanvas {
    mutating func drawCard(_ card: DemoCard) {
        drawBackground()
        drawBorder()
        drawCorner(x: 0, y: 0, 0xFF0000, ink: DemoCardColour.white, "1")
        drawCorner(x: width - 32, y: 0, 0x00FF00, ink: DemoCardColour.black, "2")
        drawCorner(x: 0, y: height - 32, 0x0000FF, ink: DemoCardColour.white, "3")
        drawCorner(x: width - 32, y: height - 32, 0xFFFF00, ink: DemoCardColour.black, "4")
        drawWords(card)
        drawZonePlate()
        drawBars()
        drawNumber(card.head)
        drawGrid()
        drawGradient()
    }

    private mutating func drawBackground() {
        let ruled = [UInt32](repeating: DemoCardColour.gridLine, count: width)
        let plain = (0..<width).map { Self.background(x: $0, y: 1) }
        for y in 0..<height { replaceRow(x: 0, y: y, y % 32 == 0 ? ruled : plain) }
    }

    private mutating func drawBorder() {
        let white = DemoCardColour.white
        fill(DemoRectangle(x: 0, y: 0, width: width, height: 1), white)
        fill(DemoRectangle(x: 0, y: height - 1, width: width, height: 1), white)
        fill(DemoRectangle(x: 0, y: 0, width: 1, height: height), white)
        fill(DemoRectangle(x: width - 1, y: 0, width: 1, height: height), white)
    }

    private mutating func drawCorner(
        x: Int, y: Int, _ colour: UInt32, ink: UInt32, _ digit: Unicode.Scalar
    ) {
        let side = DemoCardLayout.cornerSize
        fill(DemoRectangle(x: x, y: y, width: side, height: side), colour)
        for row in 0..<24 {
            for column in 0..<18
            where DemoCardFont.hasStroke(UInt8(digit.value), x: column / 3, y: row / 3) {
                set(x: x + 9 + column, y: y + 6 + row, ink)
            }
        }
    }

    private mutating func drawWords(_ card: DemoCard) {
        let x = DemoCardLayout.margin
        let dim = DemoCardColour.dim
        drawText(
            x: x, y: DemoCardLayout.titleY, scale: 3, DemoCardColour.white, "swiftvm demo guest")
        fill(
            DemoRectangle(x: x, y: DemoCardLayout.titleY + 24, width: 321, height: 2),
            DemoCardColour.orange)
        drawText(
            x: x, y: DemoCardLayout.statusY, scale: 2, dim,
            "\(card.width)x\(card.height)  head \(card.head)")
        drawText(
            x: x, y: DemoCardLayout.hintY, scale: 2, dim,
            "Press keys, move the mouse, turn the wheel:")
        drawText(
            x: x, y: DemoCardLayout.secondHintY, scale: 2, dim,
            "everything that arrives shows here.")
    }

    private mutating func drawZonePlate() {
        guard let centre = layout.zoneX else { return }
        let radius = DemoCardLayout.zoneRadius
        for dy in -radius...radius {
            for dx in -radius...radius {
                let square = dx * dx + dy * dy
                if square > radius * radius { continue }
                let phase = square & 511
                let grey = UInt32(phase < 256 ? 255 - phase : phase - 256)
                let isRing = square > (radius - 2) * (radius - 2)
                set(
                    x: centre + dx, y: DemoCardLayout.zoneY + dy,
                    isRing ? DemoCardColour.orange : grey * 0x010101)
            }
        }
    }

    private mutating func drawBars() {
        let colours: [UInt32] = [
            0xFFFFFF, 0xFFFF00, 0x00FFFF, 0x00FF00, 0xFF00FF, 0xFF0000, 0x0000FF, 0x000000,
        ]
        let area = layout.bars
        for (index, colour) in colours.enumerated() {
            let left = area.width * index / 8
            let right = area.width * (index + 1) / 8
            fill(
                DemoRectangle(
                    x: area.x + left, y: area.y, width: right - left, height: area.height),
                colour)
        }
    }

    /// The head's number, large enough to be read from across a room.
    private mutating func drawNumber(_ head: Int) {
        let scale = 8
        let digits = Array(String(head).utf8)
        let area = layout.number
        fill(area, DemoCardColour.black)
        // The last column of a glyph's cell is empty and does not count.
        let inkWidth = (digits.count * DemoCardFont.width - 1) * scale
        let left = area.x + (area.width - inkWidth) / 2
        for row in 0..<(DemoCardFont.height - 1) * scale {
            for column in 0..<inkWidth
            where DemoCardFont.hasStroke(
                digits[column / scale / DemoCardFont.width],
                x: column / scale % DemoCardFont.width, y: row / scale)
            {
                set(x: left + column, y: area.y + 6 + row, DemoCardColour.white)
            }
        }
    }

    private mutating func drawGrid() {
        let area = layout.grid
        for row in 0..<area.height {
            let part = row * 3 / area.height
            for column in 0..<area.width {
                let bit = part == 0 ? column : part == 1 ? row : column + row
                set(
                    x: area.x + column, y: area.y + row,
                    bit & 1 == 1 ? DemoCardColour.white : DemoCardColour.black)
            }
        }
    }

    private mutating func drawGradient() {
        let units: [UInt32] = [0x010101, 0x010000, 0x000100, 0x000001]
        let area = layout.gradient
        let levels = (0..<area.width).map { UInt32($0 * 255 / (area.width - 1)) }
        for row in 0..<area.height {
            let unit = units[row * 4 / area.height]
            replaceRow(x: area.x, y: area.y + row, levels.map { $0 * unit })
        }
    }
}
