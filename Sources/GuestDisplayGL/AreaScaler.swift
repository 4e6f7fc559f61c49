internal import GuestDisplay

/// Scales a picture in CPU memory to a frame, row by row, as the shader of ``PictureDrawer`` does: each output pixel is the average of the
/// texels that it covers, weighted by area. So whole factors are exact, others have blends one pixel wide between sharp texels, and
/// smaller pictures are box filtered.
///
/// Two channels are computed in one 64-bit number, 32 bits each; a weight is a number of 4096ths.
struct AreaScaler {
    private static let weightBits: UInt64 = 12
    private static let one: UInt64 = 1 << weightBits
    /// Rows that were scaled across are kept with 16 bits a channel.
    private static let keptBits: UInt64 = 16

    /// What one axis of each output pixel is made of.
    private struct Taps {
        /// Where each output pixel's taps begin, and where the last's end.
        private(set) var starts: [Int] = [0]
        private(set) var texels: [Int] = []
        private(set) var weights: [UInt64] = []

        /// `origin` and `extent` are the frame's, in output pixels; `count` is how many texels it shows.
        init(_ outputs: Range<Int>, origin: Int, extent: Int, count: Int) {
            starts.reserveCapacity(outputs.count + 1)
            for output in outputs {
                add(output - origin, pace: Double(count) / Double(extent), count)
            }
        }

        /// The shader's numbers, see ``Shaders/fragment(_:isExact:)``.
        private mutating func add(_ output: Int, pace: Double, _ count: Int) {
            let first = Double(output) * pace
            let last = first + pace
            let start = Int((first + 0.001 * pace).rounded(.down))
            let end = Int((last - 0.001 * pace).rounded(.up))
            let stride = max((end - start + Shaders.maximumTaps - 1) / Shaders.maximumTaps, 1)
            var shares: [Double] = []
            for texel in Swift.stride(from: start, to: max(end, start + 1), by: stride) {
                let share =
                    stride > 1
                    ? 1 : min(last, Double(texel + 1)) - max(first, Double(texel))
                shares.append(max(share, 0))
                texels.append(min(max(texel, 0), count - 1))
            }
            let total = shares.reduce(0, +)
            var rest = AreaScaler.one
            var largest = weights.count
            for share in shares {
                let exact = total > 0 ? share / total * Double(AreaScaler.one) : 0
                let weight = min(UInt64(exact.rounded()), rest)
                rest -= weight
                weights.append(weight)
                if weight > weights[largest] { largest = weights.count - 1 }
            }
            // Together they are one exactly: black stays black and white stays white.
            weights[largest] += rest
            starts.append(weights.count)
        }
    }

    private let source: UnsafePointer<UInt32>
    private let stride: Int
    private let columns: Taps
    private let size: Size
    private let frame: Rect
    /// How many output pixels a row has.
    let width: Int
    private let isWhole: Bool
    /// The first column wanted, counted from the frame's left edge.
    private let firstColumn: Int
    /// The last two rows of the source that were scaled across.
    private var kept: [(row: Int, channels: [UInt64])] = []

    /// `source` has rows of 0xAARRGGBB, `stride` pixels apart, and must live as long as this; `columns` are those of the window that are
    /// wanted, within the frame.
    init(
        _ source: UnsafePointer<UInt32>, stride: Int, size: Size, frame: Rect, columns: Range<Int>
    ) {
        self.source = source
        self.stride = stride
        self.size = size
        self.frame = frame
        width = columns.count
        isWhole = frame.width % size.width == 0 && frame.height % size.height == 0
        firstColumn = columns.lowerBound - frame.x
        self.columns =
            isWhole
            ? Taps(0..<0, origin: 0, extent: 1, count: 1)
            : Taps(columns, origin: frame.x, extent: frame.width, count: size.width)
    }

    /// Writes the window's rows `rows`, within the frame, to `pixels`, ``width`` pixels each and one right after the other.
    mutating func write(rows: Range<Int>, to pixels: UnsafeMutablePointer<UInt32>) {
        var line = pixels
        if isWhole {
            let factor = frame.height / size.height
            var last = -1
            for row in rows {
                let texelRow = (row - frame.y) / factor
                if texelRow == last {
                    line.update(from: line - width, count: width)
                } else {
                    repeatTexels(of: source + texelRow * stride, to: line)
                }
                last = texelRow
                line += width
            }
            return
        }
        let taps = Taps(rows, origin: frame.y, extent: frame.height, count: size.height)
        for index in 0..<rows.count {
            blend(taps, taps.starts[index]..<taps.starts[index + 1], to: line)
            line += width
        }
    }

    private func repeatTexels(of row: UnsafePointer<UInt32>, to line: UnsafeMutablePointer<UInt32>)
    {
        let factor = frame.width / size.width
        var texel = row + firstColumn / factor
        var left = factor - firstColumn % factor
        var output = 0
        while output < width {
            let count = min(left, width - output)
            (line + output).update(repeating: texel.pointee, count: count)
            output += count
            texel += 1
            left = factor
        }
    }

    private mutating func blend(
        _ taps: Taps, _ range: Range<Int>, to line: UnsafeMutablePointer<UInt32>
    ) {
        let used = range.filter { taps.weights[$0] > 0 }
        // Larger pictures have one row or two at each place.
        if used.count > 2 {
            sum(taps, used, to: line)
            return
        }
        let one = keep(row: taps.texels[used[0]], before: nil)
        let other = used.count == 2 ? keep(row: taps.texels[used[1]], before: one) : one
        let weight = taps.weights[used[0]]
        let rest = AreaScaler.one - weight
        kept[one].channels.withUnsafeBufferPointer { one in
            kept[other].channels.withUnsafeBufferPointer { other in
                var index = 0
                while index < width {
                    let (even, odd) = (2 * index, 2 * index + 1)
                    line[index] = AreaScaler.pixel(
                        one[even] &* weight &+ other[even] &* rest,
                        one[odd] &* weight &+ other[odd] &* rest)
                    index += 1
                }
            }
        }
    }

    private mutating func sum(
        _ taps: Taps, _ used: [Int], to line: UnsafeMutablePointer<UInt32>
    ) {
        var sums = [UInt64](repeating: 0, count: 2 * width)
        for tap in used {
            let weight = taps.weights[tap]
            let slot = keep(row: taps.texels[tap], before: nil)
            kept[slot].channels.withUnsafeBufferPointer { channels in
                sums.withUnsafeMutableBufferPointer { sums in
                    var index = 0
                    while index < sums.count {
                        sums[index] &+= channels[index] &* weight
                        index += 1
                    }
                }
            }
        }
        sums.withUnsafeBufferPointer { sums in
            var index = 0
            while index < width {
                line[index] = AreaScaler.pixel(sums[2 * index], sums[2 * index + 1])
                index += 1
            }
        }
    }

    /// Rounds the channels of a weighted sum of kept rows.
    @inline(__always)
    private static func pixel(_ even: UInt64, _ odd: UInt64) -> UInt32 {
        let shift = keptBits - 8 + weightBits
        let half: UInt64 = 1 << (shift - 1) | 1 << (shift + 31)
        let (even, odd) = ((even &+ half) >> shift, (odd &+ half) >> shift)
        return UInt32(
            truncatingIfNeeded: even & 0xff | (even >> 32 & 0xff) << 16
                | (odd & 0xff) << 8 | (odd >> 32 & 0xff) << 24)
    }

    /// Where in `kept` a row of the source is, scaled across: blue and red in one number, green and alpha in the next.
    /// It takes the place of the other one, if any, than `slot`.
    private mutating func keep(row: Int, before slot: Int?) -> Int {
        if let known = kept.firstIndex(where: { $0.row == row }) { return known }
        if kept.count < 2 {
            kept.append((row, [UInt64](repeating: 0, count: 2 * width)))
            scaleAcross(source + row * stride, to: &kept[kept.count - 1].channels)
            return kept.count - 1
        }
        let older = slot.map { 1 - $0 } ?? (kept[0].row < kept[1].row ? 0 : 1)
        kept[older].row = row
        scaleAcross(source + row * stride, to: &kept[older].channels)
        return older
    }

    private func scaleAcross(_ texels: UnsafePointer<UInt32>, to channels: inout [UInt64]) {
        let shift = 8 + AreaScaler.weightBits - AreaScaler.keptBits
        let half: UInt64 = 1 << (shift - 1) | 1 << (shift + 31)
        columns.starts.withUnsafeBufferPointer { starts in
            columns.texels.withUnsafeBufferPointer { places in
                columns.weights.withUnsafeBufferPointer { weights in
                    channels.withUnsafeMutableBufferPointer { channels in
                        var output = 0
                        while output < width {
                            var even: UInt64 = 0
                            var odd: UInt64 = 0
                            var tap = starts[output]
                            while tap < starts[output + 1] {
                                let texel = UInt64(texels[places[tap]])
                                let weight = weights[tap]
                                even &+= (texel & 0xff | (texel & 0xff_0000) << 16) &* weight
                                odd &+= (texel >> 8 & 0xff | (texel & 0xff00_0000) << 8) &* weight
                                tap += 1
                            }
                            channels[2 * output] = (even &+ half) >> shift & 0xffff_0000_ffff
                            channels[2 * output + 1] = (odd &+ half) >> shift & 0xffff_0000_ffff
                            output += 1
                        }
                    }
                }
            }
        }
    }
}
