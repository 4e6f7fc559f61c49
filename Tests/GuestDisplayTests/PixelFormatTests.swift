import GuestDisplay
import Testing

struct PixelFormatTests {
    /// pixman.h: bits per pixel, type, then the bits of a, r, g, b; the letters of the name give all but the type.
    @Test(arguments: PixelFormat.named.map(\.name))
    func codeAgreesWithName(_ name: String) throws {
        let format = try #require(PixelFormat.named.first { $0.name == name }).format
        #expect(format.isSupported && format.description == name)
        var parts: [(letter: Character, bits: Int)] = []
        for character in name.prefix(while: { $0 != "_" }) {
            if let digit = character.wholeNumberValue {
                parts[parts.count - 1].bits = parts[parts.count - 1].bits * 10 + digit
            } else {
                parts.append((character, 0))
            }
        }
        #expect(parts.reduce(0) { $0 + $1.bits } == format.bitsPerPixel)
        #expect(format.bytesPerPixel * 8 == format.bitsPerPixel)
        var top = format.bitsPerPixel
        var shifts: [Character: (shift: Int, bits: Int)] = [:]
        for part in parts {
            top -= part.bits
            shifts[part.letter] = (top, part.bits)
        }
        let channels = format.channels
        for (letter, channel) in [
            ("r" as Character, channels.red), ("g", channels.green), ("b", channels.blue),
        ] {
            #expect(channel.shift == shifts[letter]?.shift, "\(letter)")
            #expect(channel.bits == shifts[letter]?.bits, "\(letter)")
        }
    }

    @Test func codesAreDistinctAndOthersAreRefused() {
        #expect(Set(PixelFormat.named.map(\.format)).count == PixelFormat.named.count)
        #expect(!PixelFormat(rawValue: 0x0801_8000).isSupported)
        #expect(PixelFormat(rawValue: 0x0801_8000).description == "0x8018000")
    }
}
