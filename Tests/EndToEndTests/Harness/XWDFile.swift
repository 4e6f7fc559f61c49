import Glibc

extension ScreenPicture {
    /// Reads a picture of a true-colour screen in xwd(1)'s format (X11/XWDFile.h); nil when it is none of 32 bits a pixel.
    init?(xwd path: String) {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var header = [UInt32](repeating: 0, count: 25)
        guard fread(&header, 4, 25, file) == 25 else { return nil }
        // The header is big-endian, whatever the pixels are.
        let field = header.map { Int(UInt32(bigEndian: $0)) }
        let (headerSize, width, height) = (field[0], field[4], field[5])
        let (isBigEndian, bitsPerPixel, stride) = (field[7] == 1, field[11], field[12])
        let colours = field[19]
        guard field[1] == 7, bitsPerPixel == 32, !isBigEndian, width > 0, height > 0,
            stride == width * 4, fseek(file, headerSize + colours * 12, SEEK_SET) == 0
        else { return nil }
        var isWhole = false
        let pixels = [UInt32](unsafeUninitializedCapacity: width * height) { pixels, count in
            isWhole = fread(pixels.baseAddress!, 4, width * height, file) == width * height
            count = isWhole ? width * height : 0
            // The top byte is no colour.
            var next = 0
            while next < count {
                pixels[next] &= 0xff_ffff
                next += 1
            }
        }
        guard isWhole else { return nil }
        self.init(width: width, height: height, pixels: pixels)
    }
}
