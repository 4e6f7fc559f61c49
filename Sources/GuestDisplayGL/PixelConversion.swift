internal import Glibc
internal import GuestDisplay

/// The one copy of a surface's pixels: from any supported format into x8r8g8b8.
enum PixelConversion {
    /// Copies the rectangle `rect` of `surface` to the place whose top left corner is (`x`, `y`) in `memory`, upright.
    ///
    /// `old` has what the picture showed until now, in a memory of the same size or in this one; nil where nobody asks. Gives back the rectangle
    /// of the picture outside of which nothing is new: QEMU tells a VGA's changes as whole rows, of which mostly little is.
    ///
    /// Both must lie within: checked by the caller, and once more here before the first byte is read. Throws what the surface's memory
    /// throws; then what was written is partly wrong.
    @discardableResult
    static func copy(
        _ rect: Rect, of surface: DisplaySurface, to memory: PictureMemory, x: Int, y: Int,
        over old: PictureMemory? = nil
    ) throws(SurfaceError) -> Rect {
        precondition(old == nil || old!.size == memory.size)
        precondition(rect.lies(within: surface.size))
        precondition(
            Rect(x: x, y: y, width: rect.width, height: rect.height).lies(within: memory.size))
        let pixelBytes = surface.format.bytesPerPixel
        // Rows as they lie in memory: that of the rectangle's top, and the last that is read.
        let turned = surface.size.height - 1 - rect.y
        let (top, last) = surface.isTopDown ? (rect.y, rect.maxY - 1) : (turned, turned)
        let first = surface.offset + top * surface.stride + rect.x * pixelBytes
        let needed =
            surface.offset + last * surface.stride + (rect.x + rect.width) * pixelBytes
        let rows = RowCopy(
            format: surface.format, width: rect.width, height: rect.height,
            stride: surface.isTopDown ? surface.stride : -surface.stride,
            destination: memory.mutableBase + y * memory.size.width + x,
            destinationWidth: memory.size.width,
            old: old.map { $0.baseAddress + y * memory.size.width + x })
        var available = 0
        var changed = Rect.zero
        try surface.memory.withBytes { bytes in
            available = bytes.count
            guard bytes.count >= needed, let base = bytes.baseAddress else { return }
            changed = rows.run(from: base + first)
        }
        guard available >= needed else {
            throw SurfaceError(
                field: "data", reason: "\(available) bytes, expected at least \(needed)")
        }
        return Rect(
            x: x + changed.x, y: y + changed.y, width: changed.width, height: changed.height)
    }
}

extension PixelConversion {
    /// Copies all of `surface`, as ``copy(_:of:to:x:y:over:)`` does, while its bytes come: see ``SurfaceMemory/withStretches(_:unit:_:)``.
    ///
    /// `digests` are those of the picture that `old` has, and then of the new one.
    static func copy(
        arriving surface: DisplaySurface, to memory: PictureMemory, x: Int, y: Int,
        over old: PictureMemory? = nil, digests: RowDigests? = nil
    ) throws(SurfaceError) -> Rect {
        let size = surface.size
        let isStraight = surface.isTopDown && surface.offset == 0
        // Bytes that nobody else writes, and that change what the digests are of.
        let hasWholeRows =
            isStraight && !surface.memory.isShared && surface.format.isPicture
            && size.width == memory.size.width && old === memory
        if !hasWholeRows { digests?.forget() }
        guard isStraight else {
            return try copy(Rect(size), of: surface, to: memory, x: x, y: y, over: old)
        }
        precondition(old == nil || old!.size == memory.size)
        precondition(
            Rect(x: x, y: y, width: size.width, height: size.height).lies(within: memory.size))
        let rowBytes = size.width * surface.format.bytesPerPixel
        let needed = surface.stride * (size.height - 1) + rowBytes
        var rows = 0
        var changed = Rect.zero
        try surface.memory.withStretches(needed, unit: surface.stride) { bytes in
            guard let base = bytes.baseAddress else { return }
            // The last row may be short of the stride.
            let count = min(
                (bytes.count + surface.stride - rowBytes) / surface.stride, size.height - rows)
            let first = (y + rows) * memory.size.width + x
            let part = RowCopy(
                format: surface.format, width: size.width, height: count, stride: surface.stride,
                destination: memory.mutableBase + first, destinationWidth: memory.size.width,
                old: old.map { $0.baseAddress + first },
                digests: hasWholeRows ? digests : nil, y: y + rows
            ).run(from: base)
            changed = changed.union(
                Rect(x: x + part.x, y: y + rows + part.y, width: part.width, height: part.height))
            rows += count
        }
        guard rows == size.height else {
            throw SurfaceError(
                field: "data", reason: "\(rows) rows, expected \(size.height)")
        }
        return changed
    }
}

/// A block of pixels on its way to x8r8g8b8; bounds are checked by who makes it.
private struct RowCopy {
    let format: PixelFormat
    let width: Int
    let height: Int
    /// Bytes from one row to the one below it in the picture; negative where that lies before it.
    let stride: Int
    let destination: UnsafeMutablePointer<UInt32>
    /// Pixels from one row of the destination to the next.
    let destinationWidth: Int
    /// What was shown there until now, in rows as far apart as the destination's; may be the destination itself.
    let old: UnsafePointer<UInt32>?
    /// Those of `old`, where that is the destination and rows are whole, and which row of theirs is the first.
    var digests: RowDigests?
    var y = 0

    /// Copies; outside of the rectangle that comes back, within the block, nothing was changed.
    func run(from source: UnsafeRawPointer) -> Rect {
        switch format.rawValue {
        case _ where format.isPicture:
            guard let old else {
                copyRows(from: source)
                break
            }
            return copyChanges(from: source, old)
        case 0x1802_0888:
            convert(from: source, step: 3) { bytes in
                UInt32(bytes.load(fromByteOffset: 2, as: UInt8.self)) << 16
                    | UInt32(bytes.load(fromByteOffset: 1, as: UInt8.self)) << 8
                    | UInt32(bytes.load(as: UInt8.self))
            }
        case 0x1803_0888:
            convert(from: source, step: 3) { bytes in
                UInt32(bytes.load(as: UInt8.self)) << 16
                    | UInt32(bytes.load(fromByteOffset: 1, as: UInt8.self)) << 8
                    | UInt32(bytes.load(fromByteOffset: 2, as: UInt8.self))
            }
        case 0x1002_0565:
            convert(from: source, step: 2) { bytes in
                let pixel = UInt32(bytes.loadUnaligned(as: UInt16.self))
                let (r, g, b) = (pixel >> 11, pixel >> 5 & 0x3f, pixel & 0x1f)
                return (r << 3 | r >> 2) << 16 | (g << 2 | g >> 4) << 8 | b << 3 | b >> 2
            }
        case 0x1002_0555, 0x1002_1555:
            convert(from: source, step: 2) { bytes in
                let pixel = UInt32(bytes.loadUnaligned(as: UInt16.self))
                let (r, g, b) = (pixel >> 10 & 0x1f, pixel >> 5 & 0x1f, pixel & 0x1f)
                return (r << 3 | r >> 2) << 16 | (g << 3 | g >> 2) << 8 | b << 3 | b >> 2
            }
        default:
            convertByChannels(from: source)
        }
        return Rect(x: 0, y: 0, width: width, height: height)
    }

    private func copyRows(from source: UnsafeRawPointer) {
        if stride == width * 4, destinationWidth == width {
            UnsafeMutableRawPointer(destination).copyMemory(
                from: source, byteCount: height * stride)
            return
        }
        for row in 0..<height {
            UnsafeMutableRawPointer(destination + row * destinationWidth).copyMemory(
                from: source + row * stride, byteCount: width * 4)
        }
    }

    /// Where all is new, looking for the changes costs two comparisons of a cache line a row.
    private func copyChanges(from source: UnsafeRawPointer, _ old: UnsafePointer<UInt32>) -> Rect {
        let isInPlace = old == UnsafePointer(destination)
        if !isInPlace { copyRows(from: source) }
        var (left, top, right, bottom) = (width, height, 0, 0)
        var changed = 0
        let kept = digests.flatMap { $0.areKept ? $0 : nil }
        for row in 0..<height {
            // A mapping's pixels may be others by now than those that were copied.
            let input =
                isInPlace
                ? source + row * stride : UnsafeRawPointer(destination + row * destinationWidth)
            let before = UnsafeRawPointer(old + row * destinationWidth)
            let part: (first: Int, end: Int)?
            if let kept {
                part = kept.changes(in: input, y: y + row).flatMap {
                    difference(input, before, from: $0.first, to: $0.end)
                }
            } else {
                part = difference(input, before, from: 0, to: width)
            }
            guard let (first, end) = part else { continue }
            if isInPlace {
                UnsafeMutableRawPointer(destination + row * destinationWidth + first).copyMemory(
                    from: input + first * 4, byteCount: (end - first) * 4)
            }
            changed += end - first
            (left, right) = (min(left, first), max(right, end))
            (top, bottom) = (min(top, row), row + 1)
        }
        digests?.didCopyRows(changing: changed, of: width * height)
        return right == 0
            ? .zero : Rect(x: left, y: top, width: right - left, height: bottom - top)
    }

    /// Where two rows begin and cease to differ between two pixels, to a cache line's grain. Looks at long stretches first: a comparison has a price of its own.
    private func difference(
        _ one: UnsafeRawPointer, _ other: UnsafeRawPointer, from begin: Int, to limit: Int
    ) -> (first: Int, end: Int)? {
        func isSame(_ first: Int, _ count: Int) -> Bool {
            memcmp(one + first * 4, other + first * 4, count * 4) == 0
        }
        let (stretch, line) = (256, 16)
        var first = begin
        while first + stretch <= limit, isSame(first, stretch) { first += stretch }
        while first + line <= limit, isSame(first, line) { first += line }
        if first + line > limit, isSame(first, limit - first) { return nil }
        var end = limit
        while end - stretch > first, isSame(end - stretch, stretch) { end -= stretch }
        while end - line > first, isSame(end - line, line) { end -= line }
        return (first, end)
    }

    /// Any other format, channel by channel.
    private func convertByChannels(from source: UnsafeRawPointer) {
        let (red, green, blue) = format.channels
        let widen = (Widen(red), Widen(green), Widen(blue))
        if format.bitsPerPixel == 16 {
            convert(from: source, step: 2) { bytes in
                let pixel = UInt32(bytes.loadUnaligned(as: UInt16.self))
                return widen.0(pixel) << 16 | widen.1(pixel) << 8 | widen.2(pixel)
            }
        } else {
            convert(from: source, step: 4) { bytes in
                let pixel = bytes.loadUnaligned(as: UInt32.self)
                return widen.0(pixel) << 16 | widen.1(pixel) << 8 | widen.2(pixel)
            }
        }
    }

    @inline(__always)
    private func convert(
        from source: UnsafeRawPointer, step: Int, _ pixel: (UnsafeRawPointer) -> UInt32
    ) {
        for row in 0..<height {
            var input = source + row * stride
            let output = destination + row * destinationWidth
            for column in 0..<width {
                output[column] = pixel(input)
                input += step
            }
        }
    }
}

/// A channel of 4 to 10 bits made 8 bits: fewer are widened by repeating their highest bits, as pixman does, more lose the lowest.
private struct Widen {
    private let shift: UInt32
    private let mask: UInt32
    private let left: UInt32
    private let right: UInt32

    init(_ channel: PixelFormat.Channel) {
        if channel.bits >= 8 {
            shift = UInt32(channel.shift + channel.bits - 8)
            mask = 0xff
            left = 0
            right = 0
        } else {
            shift = UInt32(channel.shift)
            mask = 1 << UInt32(channel.bits) - 1
            left = UInt32(8 - channel.bits)
            right = UInt32(2 * channel.bits - 8)
        }
    }

    @inline(__always)
    func callAsFunction(_ pixel: UInt32) -> UInt32 {
        let value = pixel &>> shift & mask
        return value &<< left | value &>> right
    }
}

extension PixelFormat {
    /// Whether pixels are copied as they are: 32 bits, colours where a picture has them, and anything in the highest byte.
    fileprivate var isPicture: Bool {
        switch rawValue {
        case 0x2002_0888, 0x2002_8888, 0x200a_8888: true
        default: false
        }
    }
}
