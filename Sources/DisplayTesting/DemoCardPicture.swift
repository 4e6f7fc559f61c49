/// A picture in which the demo guest's cells are to be read: a screenshot, a snapshot, a read-back.
///
/// All readings are nil unless every pixel of their cells is exact, so a scaled, shifted, flipped
/// or torn picture reads as nothing rather than as something wrong.
public struct DemoCardPicture: Sendable {
    /// The picture's width in pixels.
    public let width: Int
    /// The picture's height in pixels.
    public let height: Int
    /// The pixels, row-major, 0xXXRRGGBB; the highest byte is not looked at.
    public let pixels: [UInt32]

    /// Takes a picture; nil when the number of pixels is not `width` times `height`.
    public init?(width: Int, height: Int, pixels: [UInt32]) {
        guard width > 0, height > 0, pixels.count == width * height else { return nil }
        self.width = width
        self.height = height
        self.pixels = pixels
    }

    /// The frame number in the first eight rows.
    public var topFrame: UInt32? { read(.topStrip) }

    /// The frame number in the last eight rows.
    public var bottomFrame: UInt32? { read(.bottomStrip(height: height)) }

    /// The frame number in the block, with the guest's word `block`.
    public var blockFrame: UInt32? { read(.block) }

    /// The frame number; nil when the top and the bottom belong to different frames.
    public var frame: UInt32? {
        guard let top = topFrame, top == bottomFrame else { return nil }
        return top
    }

    /// The size that the guest believes it has, in pixels.
    public var mode: (width: Int, height: Int)? {
        guard let word = row(DemoPanelRow.mode) else { return nil }
        return (Int(word >> 16), Int(word & 0xFFFF))
    }

    /// The keyboard bytes that the guest has received.
    public var keyLog: DemoKeyLog? {
        guard let count = row(DemoPanelRow.keyCount) else { return nil }
        var slots: [UInt8] = []
        for index in 0..<DemoKeyLog.capacity / 4 {
            guard let word = row(DemoPanelRow.keys + index) else { return nil }
            withUnsafeBytes(of: word.bigEndian) { slots.append(contentsOf: $0) }
        }
        return DemoKeyLog(count: count, slots: slots)
    }

    /// The guest's mouse.
    public var mouse: DemoMouse? {
        guard let position = row(DemoPanelRow.position), let buttons = row(DemoPanelRow.buttons),
            let wheel = row(DemoPanelRow.wheel), let packets = row(DemoPanelRow.packets),
            let totalX = row(DemoPanelRow.totalX), let totalY = row(DemoPanelRow.totalY),
            let absolute = row(DemoPanelRow.absolute), let head = row(DemoPanelRow.pointerHead)
        else { return nil }
        return DemoMouse(
            x: Int(position >> 16), y: Int(position & 0xFFFF),
            buttons: DemoMouse.Buttons(rawValue: UInt8(truncatingIfNeeded: buttons)),
            wheel: Int32(bitPattern: wheel), packets: packets,
            totalX: Int32(bitPattern: totalX), totalY: Int32(bitPattern: totalY),
            absoluteX: Int(absolute >> 16), absoluteY: Int(absolute & 0xFFFF), head: Int(head))
    }

    /// The number of the head that shows this picture, from 0.
    public var head: Int? { row(DemoPanelRow.head).map { Int($0) } }

    /// Where the guest believes that the host has put the head.
    public var place: DemoPlace? {
        row(DemoPanelRow.place).map {
            DemoPlace(
                x: Int(Int16(truncatingIfNeeded: $0 >> 16)), y: Int(Int16(truncatingIfNeeded: $0)))
        }
    }

    /// What the guest's virtio keyboards have sent.
    public var keyEvents: DemoKeyEvents? {
        guard let count = row(DemoPanelRow.eventCount), let event = row(DemoPanelRow.event)
        else { return nil }
        return DemoKeyEvents(
            count: count, code: UInt16(event >> 16), value: UInt16(truncatingIfNeeded: event))
    }

    private func row(_ index: Int) -> UInt32? { read(.panel(row: index)) }

    private func read(_ cells: DemoCardCells) -> UInt32? {
        cells.decode(pixels: pixels, width: width, height: height)
    }
}
