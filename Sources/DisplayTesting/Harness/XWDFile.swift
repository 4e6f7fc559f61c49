internal import Glibc

extension ScreenPicture {
    /// Reads a picture of a true-colour screen in xwd(1)'s format (X11/XWDFile.h); nil when it is none of four bytes a pixel, or of three.
    ///
    /// xwd(1) writes three where it puts the picture together from windows of several visuals.
    public init?(xwd path: String) {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var header = [UInt32](repeating: 0, count: 25)
        guard fread(&header, 4, 25, file) == 25 else { return nil }
        // The header is big-endian, whatever the pixels are.
        let field = header.map { Int(UInt32(bigEndian: $0)) }
        let (headerSize, width, height) = (field[0], field[4], field[5])
        let (isBigEndian, bitsPerPixel, stride) = (field[7] == 1, field[11], field[12])
        let colours = field[19]
        guard field[1] == 7, bitsPerPixel == 32 || bitsPerPixel == 24, !isBigEndian, width > 0,
            height > 0, stride == width * 4, fseek(file, headerSize + colours * 12, SEEK_SET) == 0
        else { return nil }
        var isWhole = false
        let pixels = [UInt32](unsafeUninitializedCapacity: width * height) { pixels, count in
            isWhole = fread(pixels.baseAddress!, 4, width * height, file) == width * height
            count = isWhole ? width * height : 0
            if bitsPerPixel == 24 {
                for row in 0..<height where isWhole {
                    ScreenPicture.spread(pixels.baseAddress! + row * width, count: width)
                }
            }
            // The top byte is no colour. Two pixels at a time, as a debug build's loops are slow.
            let words = UnsafeMutableRawBufferPointer(pixels).bindMemory(to: UInt64.self)
            var next = 0
            while next < words.count {
                words[next] &= 0x00ff_ffff_00ff_ffff
                next += 1
            }
            if count % 2 == 1 { pixels[count - 1] &= 0xff_ffff }
        }
        guard isWhole else { return nil }
        self.init(width: width, height: height, pixels: pixels)
    }

    // Makes four bytes a pixel of three, in a row that has room for four. From the last, which lies highest.
    private static func spread(_ row: UnsafeMutablePointer<UInt32>, count: Int) {
        let bytes = UnsafeRawPointer(row)
        var next = count - 1
        while next > 0 {
            row[next] = bytes.loadUnaligned(fromByteOffset: next * 3 - 1, as: UInt32.self) >> 8
            next -= 1
        }
    }
}
