/// The parts of the card that show the input, as in `Resources/demo-guest/panel.c`.
extension DemoCardCanvas {
    mutating func drawPanelCells(input: DemoInput, mouse: DemoMouse) {
        let slots = input.keys.slots
        drawRow(DemoPanelRow.keyCount, input.keys.count)
        for index in 0..<slots.count / 4 {
            let word = slots[index * 4..<index * 4 + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            drawRow(DemoPanelRow.keys + index, word)
        }
        drawRow(DemoPanelRow.position, UInt32(mouse.x) << 16 | UInt32(mouse.y))
        drawRow(DemoPanelRow.buttons, UInt32(mouse.buttons.rawValue))
        drawRow(DemoPanelRow.wheel, UInt32(bitPattern: mouse.wheel))
        drawRow(DemoPanelRow.packets, mouse.packets)
        drawRow(DemoPanelRow.totalX, UInt32(bitPattern: mouse.totalX))
        drawRow(DemoPanelRow.totalY, UInt32(bitPattern: mouse.totalY))
        drawRow(DemoPanelRow.mode, UInt32(width) << 16 | UInt32(height))
    }

    mutating func drawPanelText(input: DemoInput, mouse: DemoMouse) {
        drawText(
            x: DemoCardLayout.keysX, y: DemoCardLayout.keysLabelY, scale: 2, DemoCardColour.white,
            demoPadded("keys \(input.keys.count)", to: 15))
        for slot in 0..<DemoKeyLog.capacity { drawSlot(slot, input.keys) }

        let letters = zip("LRMSE", 0...)
            .map { mouse.buttons.rawValue >> $1 & 1 == 1 ? String($0) : "-" }
            .joined()
        drawMouseLine(0, "mouse \(mouse.x) \(mouse.y)")
        drawMouseLine(1, "buttons \(letters)")
        drawMouseLine(2, "wheel \(mouse.wheel)")
    }

    mutating func drawPointer(_ mouse: DemoMouse) {
        for (row, line) in Self.pointerSprite.enumerated() {
            for (column, pixel) in line.utf8.enumerated() where pixel != UInt8(ascii: " ") {
                let x = mouse.x + column
                let y = mouse.y + row
                guard x < width, y < height else { continue }
                let inside =
                    mouse.buttons.isEmpty ? DemoCardColour.white : DemoCardColour.orange
                set(x: x, y: y, pixel == UInt8(ascii: "#") ? DemoCardColour.black : inside)
            }
        }
    }

    private mutating func drawRow(_ row: Int, _ value: UInt32) {
        drawCells(.panel(row: row), value)
    }

    private mutating func drawMouseLine(_ index: Int, _ text: String) {
        drawText(
            x: DemoCardLayout.panelX,
            y: DemoCardLayout.mouseTextY + index * DemoCardLayout.mouseTextPitch, scale: 2,
            index == 0 ? DemoCardColour.white : DemoCardColour.dim, demoPadded(text, to: 16))
    }

    /// The newest byte is white, older ones dim, and a slot that has none yet shows dashes.
    private mutating func drawSlot(_ slot: Int, _ keys: DemoKeyLog) {
        let x =
            DemoCardLayout.keysX + slot % DemoCardLayout.keysPerRow * DemoCardLayout.keysSlotWidth
        let y = DemoCardLayout.keysY + slot / DemoCardLayout.keysPerRow * DemoCardLayout.keysPitch
        guard slot < Int(keys.count) else {
            drawText(x: x, y: y, scale: 2, DemoCardColour.faint, "--")
            return
        }
        let byte = keys.slots[slot]
        let hex = String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        let isNewest = (Int(keys.count) - 1) % DemoKeyLog.capacity == slot
        drawText(
            x: x, y: y, scale: 2, isNewest ? DemoCardColour.white : DemoCardColour.dim, hex)
    }

    /// `#` is black, `.` white or, while a button is down, orange; the hot-spot is the first pixel.
    private static let pointerSprite = [
        "#           ",
        "##          ",
        "#.#         ",
        "#..#        ",
        "#...#       ",
        "#....#      ",
        "#.....#     ",
        "#......#    ",
        "#.......#   ",
        "#........#  ",
        "#.........# ",
        "#..........#",
        "#......#####",
        "#...#..#    ",
        "#..##..#    ",
        "#.#  #..#   ",
        "##   #..#   ",
        "#     #..#  ",
        "      ####  ",
    ]
}
