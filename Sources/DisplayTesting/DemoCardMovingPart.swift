/// The parts of the card that change with the frame number, as in `Resources/demo-guest/motion.c`.
extension DemoCardCanvas {
    mutating func drawSmallMotion(frame: UInt32) {
        drawText(
            x: DemoCardLayout.frameTextX, y: DemoCardLayout.statusY, scale: 2,
            DemoCardColour.white, demoPadded("frame \(frame)", to: 16))
        drawLane()
        drawBlock(frame: Int(frame))
    }

    /// The rest of the card is that of frame 0.
    mutating func drawBlockMotion(frame: UInt32) {
        drawSmallMotion(frame: 0)
        drawLane()
        drawCells(.block, frame)
    }

    mutating func drawFullMotion(frame: UInt32) {
        let hues = (0..<256 + width).map(Self.hue)
        for y in 0..<height {
            let start = (y + Int(frame) * 8) & 255
            replaceRow(x: 0, y: y, hues[start..<start + width])
        }
    }

    private mutating func drawLane() {
        let lane = layout.lane
        for row in 0..<lane.height {
            let hasTicks = row < 6 || row >= lane.height - 6
            for column in 0..<lane.width {
                let isTick = hasTicks && column % 16 == 0
                set(
                    x: lane.x + column, y: lane.y + row,
                    isTick ? DemoCardColour.dim : DemoCardColour.lane)
            }
        }
    }

    /// The block goes to and fro, four pixels a frame.
    private mutating func drawBlock(frame: Int) {
        let lane = layout.lane
        let side = lane.height
        let span = lane.width - side
        let position = frame % (2 * span) * 4 % (2 * span)
        let left = lane.x + (position <= span ? position : 2 * span - position)
        for row in 0..<side {
            for column in 0..<side {
                // The guest adds in 32 bits.
                let sum = UInt32(truncatingIfNeeded: column + row + frame)
                set(
                    x: left + column, y: lane.y + row,
                    sum / 16 % 2 == 1 ? DemoCardColour.stripe : DemoCardColour.orange)
            }
        }
    }

    /// A colour circle in 256 steps.
    private static func hue(_ step: Int) -> UInt32 {
        (0..<3).reduce(0) { colour, channel in
            let at = UInt32((step + channel * 85) & 255)
            return colour << 8 | (at < 128 ? at * 2 : 510 - at * 2)
        }
    }
}

/// A text with spaces behind it up to a length.
func demoPadded(_ text: String, to length: Int) -> String {
    text + String(repeating: " ", count: max(0, length - text.utf8.count))
}
