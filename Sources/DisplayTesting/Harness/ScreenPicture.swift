internal import Glibc

/// A picture of 0x00RRGGBB pixels: what QEMU's `screendump` says, what a screen shows, what a PNG holds.
public struct ScreenPicture: Sendable {
    /// In pixels.
    public let width: Int
    /// In pixels.
    public let height: Int
    /// Row-major, the top byte zero.
    public let pixels: [UInt32]

    /// Compares all pixels.
    public static func == (left: ScreenPicture, right: ScreenPicture) -> Bool {
        guard left.width == right.width, left.height == right.height else { return false }
        return left.pixels.withUnsafeBytes { a in
            right.pixels.withUnsafeBytes { memcmp(a.baseAddress!, $0.baseAddress!, a.count) == 0 }
        }
    }

    /// Compares all pixels.
    public static func != (left: ScreenPicture, right: ScreenPicture) -> Bool { !(left == right) }

    /// Takes its pixels, `width` times `height`.
    public init(width: Int, height: Int, pixels: [UInt32]) {
        precondition(pixels.count == width * height)
        self.width = width
        self.height = height
        self.pixels = pixels
    }

    /// How it differs from another, in words.
    public func difference(from other: ScreenPicture) -> String {
        guard width == other.width, height == other.height else {
            return "\(width)x\(height) instead of \(other.width)x\(other.height)"
        }
        var count = 0
        var bounds = (left: Int.max, top: Int.max, right: 0, bottom: 0)
        for index in 0..<pixels.count where pixels[index] != other.pixels[index] {
            count += 1
            let (x, y) = (index % width, index / width)
            bounds = (
                min(bounds.left, x), min(bounds.top, y), max(bounds.right, x),
                max(bounds.bottom, y)
            )
        }
        return "\(count) of \(pixels.count) pixels differ, within \(bounds)"
    }

    /// Where `part` is in this picture, every pixel equal; nil when nowhere.
    public func position(of part: ScreenPicture) -> (x: Int, y: Int)? {
        guard part.width <= width, part.height <= height else { return nil }
        let first = Array(part.pixels[..<part.width])
        return places(ofRow: first, upTo: height - part.height).first {
            shows(part, x: $0.x, y: $0.y)
        }
    }

    /// Where these pixels begin, one beside the other, in the rows up to that one.
    public func places(ofRow row: [UInt32], upTo last: Int) -> some Sequence<(x: Int, y: Int)> {
        var (x, y) = (0, 0)
        return AnyIterator<(x: Int, y: Int)> {
            while y <= last {
                if let found = column(of: row, from: x, y: y) {
                    x = found + 1
                    return (found, y)
                }
                (x, y) = (0, y + 1)
            }
            return nil
        }
    }

    private func column(of row: [UInt32], from first: Int, y: Int) -> Int? {
        pixels.withUnsafeBufferPointer { whole -> Int? in
            let line = whole.baseAddress! + y * width
            let wanted = row[0]
            var x = first
            while x <= width - row.count {
                if line[x] == wanted, memcmp(line + x, row, row.count * 4) == 0 { return x }
                x += 1
            }
            return nil
        }
    }

    /// Whether `part` is at that place, every pixel equal.
    public func shows(_ part: ScreenPicture, x: Int, y: Int) -> Bool {
        guard x >= 0, y >= 0, x + part.width <= width, y + part.height <= height else {
            return false
        }
        return pixels.withUnsafeBufferPointer { whole in
            part.pixels.withUnsafeBufferPointer { wanted in
                (0..<part.height).allSatisfy {
                    memcmp(
                        whole.baseAddress! + (y + $0) * width + x,
                        wanted.baseAddress! + $0 * part.width, part.width * 4) == 0
                }
            }
        }
    }

    /// The part of it with that corner and size. What lies outside of it is black.
    public func part(x: Int, y: Int, width partWidth: Int, height partHeight: Int) -> ScreenPicture
    {
        var part = [UInt32](repeating: 0, count: partWidth * partHeight)
        let columns = max(x, 0)..<max(x, 0, min(x + partWidth, width))
        for row in max(y, 0)..<max(y, 0, min(y + partHeight, height)) where !columns.isEmpty {
            let start = (row - y) * partWidth + columns.lowerBound - x
            part.replaceSubrange(
                start..<start + columns.count,
                with: pixels[row * width + columns.lowerBound..<row * width + columns.upperBound])
        }
        return ScreenPicture(width: partWidth, height: partHeight, pixels: part)
    }

    /// The cells of the demo guest in it.
    public var card: DemoCardPicture? {
        DemoCardPicture(width: width, height: height, pixels: pixels)
    }

    /// Writes it for a person to look at.
    public func writePPM(_ path: String) {
        guard let file = fopen(path, "we") else { return }
        defer { fclose(file) }
        let header = "P6 \(width) \(height) 255\n"
        fwrite(header, 1, header.utf8.count, file)
        var bytes = [UInt8](repeating: 0, count: pixels.count * 3)
        var next = 0
        for pixel in pixels {
            bytes[next] = UInt8(pixel >> 16 & 0xff)
            bytes[next + 1] = UInt8(pixel >> 8 & 0xff)
            bytes[next + 2] = UInt8(pixel & 0xff)
            next += 3
        }
        fwrite(bytes, 1, bytes.count, file)
    }
}

extension ScreenPicture {
    /// Where the demo guest's card of that size begins: where its cells can be read. Nil when nowhere.
    public func cardCorner(width cardWidth: Int, height cardHeight: Int) -> (x: Int, y: Int)? {
        // The cells of the first row begin with the byte B2, 40 pixels from the left.
        let sync = [1, 0, 1, 1, 0, 0, 1, 0].flatMap {
            [UInt32](repeating: $0 * 0xff_ffff, count: 8)
        }
        guard cardWidth <= width, cardHeight <= height else { return nil }
        for place in places(ofRow: sync, upTo: height - cardHeight) {
            let x = place.x - 40
            guard x >= 0, x + cardWidth <= width else { continue }
            let card = part(x: x, y: place.y, width: cardWidth, height: cardHeight).card
            // A larger card has the same first rows.
            if card?.topFrame != nil, card?.bottomFrame != nil { return (x, place.y) }
        }
        return nil
    }
}
