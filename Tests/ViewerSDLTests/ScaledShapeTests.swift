import GuestDisplay
import Testing

@testable import ViewerSDL

/// The guest's cursor as SDL wants it.
struct ScaledShapeTests {
    private func cursor(_ pixels: [UInt32], width: Int, hotSpot: (Int, Int) = (0, 0)) throws
        -> Cursor
    {
        try Cursor(
            width: width, height: pixels.count / width, hotSpotX: hotSpot.0, hotSpotY: hotSpot.1,
            pixels: pixels)
    }

    @Test("At scale 1 it is the shape itself")
    func same() throws {
        let shape = ScaledShape(
            try cursor([0xff00_0000, 0x8040_2010, 0, 0xffff_ffff], width: 2, hotSpot: (1, 1)), by: 1
        )
        #expect(shape.pixels == [0xff00_0000, 0x8040_2010, 0, 0xffff_ffff])
        #expect(shape.hotSpotX == 1 && shape.hotSpotY == 1)
    }

    @Test("At scale 2 a pixel is the mean of four, those beyond the edge being clear")
    func half() throws {
        let shape = ScaledShape(
            try cursor(
                [
                    0xffff_ffff, 0xff00_0000, 0xffff_ffff,
                    0xff00_0000, 0xffff_ffff, 0xffff_ffff,
                ], width: 3, hotSpot: (2, 1)), by: 2)
        #expect(shape.size == Size(width: 2, height: 1))
        #expect(shape.pixels == [0xff7f_7f7f, 0x7f7f_7f7f])
        #expect(shape.hotSpotX == 1 && shape.hotSpotY == 0)
    }

    @Test("Colours that alpha was not multiplied into")
    func unpremultiplied() throws {
        var shape = ScaledShape(
            try cursor([0x8080_4000, 0xff12_3456, 0, 0x0101_0101], width: 2), by: 1)
        shape.unpremultiply()
        #expect(shape.pixels == [0x80ff_8000, 0xff12_3456, 0, 0x01ff_ffff])
    }
}
