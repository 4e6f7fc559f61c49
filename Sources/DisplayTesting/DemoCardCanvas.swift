/// The picture of the demo card under construction.
struct DemoCardCanvas {
    let width: Int
    let height: Int
    let layout: DemoCardLayout
    var pixels: [UInt32]

    init(width: Int, height: Int) {
        self.width = width
        self.height = height
        layout = DemoCardLayout(width: width, height: height)
        pixels = [UInt32](repeating: 0, count: width * height)
    }

    /// The upper left part, row-major.
    func cropped(width shownWidth: Int, height shownHeight: Int) -> [UInt32] {
        if shownWidth == width { return Array(pixels[..<(width * shownHeight)]) }
        return (0..<shownHeight).flatMap { pixels[($0 * width)..<($0 * width + shownWidth)] }
    }

    /// What lies under everything else: a dark ground with a line every 32 pixels.
    static func background(x: Int, y: Int) -> UInt32 {
        x % 32 == 0 || y % 32 == 0 ? DemoCardColour.gridLine : DemoCardColour.background
    }

    mutating func set(x: Int, y: Int, _ colour: UInt32) {
        pixels[y * width + x] = colour
    }

    mutating func fill(_ area: DemoRectangle, _ colour: UInt32) {
        let row = [UInt32](repeating: colour, count: area.width)
        for y in area.y..<area.y + area.height { replaceRow(x: area.x, y: y, row) }
    }

    mutating func replaceRow(x: Int, y: Int, _ row: some Collection<UInt32>) {
        let start = y * width + x
        pixels.replaceSubrange(start..<start + row.count, with: row)
    }

    mutating func drawText(x: Int, y: Int, scale: Int, _ colour: UInt32, _ text: String) {
        var left = x
        for character in text.utf8 {
            for row in 0..<DemoCardFont.height * scale {
                for column in 0..<DemoCardFont.width * scale {
                    let stroke = DemoCardFont.hasStroke(
                        character, x: column / scale, y: row / scale)
                    let ground = Self.background(x: left + column, y: y + row)
                    set(x: left + column, y: y + row, stroke ? colour : ground)
                }
            }
            left += DemoCardFont.width * scale
        }
    }

    mutating func drawCells(_ cells: DemoCardCells, _ value: UInt32) {
        let bits = cells.encode(value)
        for cell in 0..<cells.cellCount {
            let isWhite = bits >> UInt64(cells.cellCount - 1 - cell) & 1 == 1
            let (x, y) = cells.corner(ofCell: cell)
            fill(
                DemoRectangle(x: x, y: y, width: cells.size, height: cells.size),
                isWhite ? DemoCardColour.white : DemoCardColour.black)
        }
    }

    mutating func drawStrips(frame: UInt32) {
        drawCells(.topStrip, frame)
        drawCells(.bottomStrip(height: height), frame)
    }
}
