internal import Glibc

/// An X server's picture where the server itself keeps it (`Xvfb -fbdir`): what clients draw is seen there at once, and looking costs the
/// server nothing.
public final class ScreenMemory {
    /// In pixels.
    public let width: Int
    /// In pixels.
    public let height: Int
    private let memory: UnsafeMutableRawPointer
    private let length: Int
    private let pixels: UnsafePointer<UInt32>

    /// Maps a file in xwd(1)'s format with 32 bits a pixel.
    init(xwd path: String) throws {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw HarnessError("\(path): errno \(errno)") }
        defer { close(file) }
        length = Int(lseek(file, 0, SEEK_END))
        guard length > 100, let memory = mmap(nil, length, PROT_READ, MAP_SHARED, file, 0),
            memory != MAP_FAILED
        else { throw HarnessError("\(path): errno \(errno)") }
        self.memory = memory
        let field = { (number: Int) in
            Int(UInt32(bigEndian: memory.load(fromByteOffset: number * 4, as: UInt32.self)))
        }
        let start = field(0) + field(19) * 12
        (width, height) = (field(4), field(5))
        guard field(1) == 7, field(11) == 32, field(12) == width * 4,
            start + width * height * 4 <= length
        else {
            munmap(memory, length)
            throw HarnessError("\(path) is no picture of 32 bits a pixel")
        }
        pixels = UnsafePointer((memory + start).assumingMemoryBound(to: UInt32.self))
    }

    deinit {
        munmap(memory, length)
    }

    /// A pixel as 0x00RRGGBB, as it is just now.
    public func pixel(x: Int, y: Int) -> UInt32 { pixels[y * width + x] & 0xff_ffff }

    /// The frame number in the first rows of the demo guest's card that has its corner there; nil while it is being drawn.
    public func frame(ofCardAt corner: (x: Int, y: Int)) -> UInt32? {
        word(.topStrip, corner)
    }

    /// The frame number in that card's block, with the guest's word `block`; nil while it is being drawn.
    public func blockFrame(ofCardAt corner: (x: Int, y: Int)) -> UInt32? {
        word(.block, corner)
    }

    /// How many bytes the keyboard has sent, as that card says; nil while it is being drawn.
    public func keyCount(ofCardAt corner: (x: Int, y: Int)) -> UInt32? {
        word(.panel(row: DemoPanelRow.keyCount), corner)
    }

    /// Where a card of the demo guest's of that size lies, whole; nil when nowhere.
    public func cardCorner(width cardWidth: Int, height cardHeight: Int) -> (x: Int, y: Int)? {
        guard cardWidth <= width, cardHeight <= height else { return nil }
        let (top, bottom) = (DemoCardCells.topStrip, DemoCardCells.bottomStrip(height: cardHeight))
        for y in 0...height - cardHeight {
            for x in 0...width - cardWidth where pixel(x: x + top.x, y: y) == 0xff_ffff {
                guard pixel(x: x + top.x + top.size, y: y) == 0, let frame = word(top, (x, y)),
                    word(bottom, (x, y)) == frame
                else { continue }
                return (x, y)
            }
        }
        return nil
    }

    // Looks at the middle of each cell only.
    private func word(_ cells: DemoCardCells, _ corner: (x: Int, y: Int)) -> UInt32? {
        let last = cells.corner(ofCell: cells.cellCount - 1)
        guard corner.x >= 0, corner.y >= 0, corner.x + last.x + cells.size <= width,
            corner.y + last.y + cells.size <= height
        else { return nil }
        var bits: UInt64 = 0
        for cell in 0..<cells.cellCount {
            let (x, y) = cells.corner(ofCell: cell)
            switch pixel(x: corner.x + x + cells.size / 2, y: corner.y + y + cells.size / 2) {
            case DemoCardColour.black: bits <<= 1
            case DemoCardColour.white: bits = bits << 1 | 1
            default: return nil
            }
        }
        return cells.value(of: bits)
    }
}
