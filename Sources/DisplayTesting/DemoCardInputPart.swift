/// The parts of the card that show the input, as in `Resources/demo-guest/panel.c`.
extension DemoCardCanvas {
    mutating func drawPanelCells(_ card: DemoCard, input: DemoInput, mouse: DemoMouse) {
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
        drawRow(DemoPanelRow.mode, UInt32(card.width) << 16 | UInt32(card.height))
        drawRow(DemoPanelRow.head, UInt32(card.head))
        drawRow(
            DemoPanelRow.place,
            UInt32(UInt16(bitPattern: Int16(card.place.x))) << 16
                | UInt32(UInt16(bitPattern: Int16(card.place.y))))
        drawRow(DemoPanelRow.eventCount, input.events.count)
        drawRow(
            DemoPanelRow.event, UInt32(input.events.code) << 16 | UInt32(input.events.value))
        drawRow(DemoPanelRow.absolute, UInt32(mouse.absoluteX) << 16 | UInt32(mouse.absoluteY))
        drawRow(DemoPanelRow.pointerHead, UInt32(mouse.head))
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
        for row in 0..<Self.pointerSprite.count {
            for column in 0..<Self.pointerSprite[row].utf8.count {
                let x = mouse.x + column
                let y = mouse.y + row
                guard x < width, y < height,
                    let colour = Self.pointerPixel(
                        x: column, y: row, isPressed: !mouse.buttons.isEmpty)
                else { continue }
                set(x: x, y: y, colour)
            }
        }
    }

    /// The pointer's pixel; nil where it is transparent and outside of it.
    static func pointerPixel(x: Int, y: Int, isPressed: Bool) -> UInt32? {
        guard y < pointerSprite.count, x < pointerSprite[y].utf8.count else { return nil }
        switch Array(pointerSprite[y].utf8)[x] {
        case UInt8(ascii: " "): return nil
        case UInt8(ascii: "#"): return DemoCardColour.black
        default: return isPressed ? DemoCardColour.orange : DemoCardColour.white
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
