import DisplayTesting
import GuestDisplay
import Testing

@testable import GuestDisplayGL

extension RenderNodeTests {
    /// Dma-bufs of every layout, from QEMU's socket to the picture, pixel for pixel.
    @Suite(
        .serialized,
        .enabled(if: RenderNode.vgem != nil, "SWIFTVM_VGEM_NODE names no card of vgem"))
    struct WirePictureTests {
        static let formats = ["XR24", "AR24", "XB24", "AB24", "XR30", "AR30", "RG16"]

        // Small: the machine that runs this is emulated.
        private static let size = Size(width: 48, height: 20)
        private static let crop = Rect(x: 5, y: 3, width: 33, height: 14)

        /// The ways in which a buffer of that format may lie; each has its own memory.
        private static func pictures(_ format: String) throws -> [SentPicture] {
            [
                try SentPicture(size, as: format, seed: 1),
                try SentPicture(size, as: format, padding: 64, y0Top: true, seed: 2),
                try SentPicture(
                    size, as: format, crop: crop, offset: 4096, padding: 256, seed: 3),
                try SentPicture(size, as: format, crop: crop, offset: 64, y0Top: true, seed: 4),
            ]
        }

        @Test("Imported: every layout exact, another pixel in memory is another in the picture")
        func imported() throws {
            let rig = try WireRig(.vgem)
            for format in Self.formats {
                for modifier in [DRMModifier.linear, .invalid] {
                    for picture in try Self.pictures(format) {
                        try show(picture, modifier, in: rig)
                        let path = "dma-buf \(format), modifier \(modifier), imported"
                        #expect(rig.head.path.hasPrefix(path))
                    }
                }
            }
            #expect(try rig.imports() == 7 * 2 * 4)
            #expect(rig.head.counters.failures == 0)
        }

        @Test(
            "Read by the processor where nothing imports it: every layout exact",
            arguments: [WireRig.Importer.software, .surfaceless])
        func mapped(by importer: WireRig.Importer) throws {
            let rig = try WireRig(importer)
            for format in Self.formats {
                for picture in try Self.pictures(format) {
                    try show(picture, .linear, in: rig)
                    #expect(
                        rig.head.path == "dma-buf \(format), modifier linear, read by the processor"
                    )
                }
            }
            #expect(try rig.imports() == 0)
        }

        private func show(_ picture: SentPicture, _ modifier: DRMModifier, in rig: WireRig) throws {
            let words: Comment =
                "\(picture.packing), \(picture.crop), modifier \(modifier), y0_top \(picture.y0Top)"
            let (buffer, bytes, expected) = (try picture.buffer(), picture.bytes, picture.expected)
            try picture.send(buffer, to: rig, modifier: modifier)
            let whole = WireMessage.updateBuffer(Rect(picture.crop.size))
            try rig.good(whole)
            let packing = picture.packing
            #expect(try packing.mismatches(in: rig.pixels(), of: expected) == 0, words)
            // The last pixel of the crop's first row becomes another.
            let (x, y) = (picture.crop.maxX - 1, picture.crop.y)
            let pixel = packing.fourcc == FourCC("RG16") ? 2 : 4
            let place = packing.offset + picture.memoryRow(y) * packing.stride + x * pixel
            try buffer.write([bytes[place] ^ 0x10], at: place)
            try rig.good(whole)
            let read = try rig.pixels()
            #expect(packing.mismatches(in: read, of: expected) == 1, words)
            #expect(read[picture.crop.width - 1] != expected[picture.crop.width - 1], words)
        }

        @Test(
            "Read by the processor: an update reads what it names, upright",
            arguments: [false, true])
        func updates(y0Top: Bool) throws {
            let rig = try WireRig(.software)
            let old = try SentPicture(
                Self.size, crop: Self.crop, y0Top: y0Top, seed: 1)
            var new = try SentPicture(
                Self.size, crop: old.crop, y0Top: y0Top, seed: 2)
            let buffer = try old.buffer()
            try old.send(buffer, to: rig)
            #expect(try old.mismatches(in: rig.pixels()) == 0)
            try buffer.write(new.bytes)
            let part = Rect(x: 3, y: 1, width: 20, height: 9)
            let before = rig.head.counters.bytesCopied
            try rig.good(.updateBuffer(part))
            #expect(rig.head.counters.bytesCopied - before == 20 * 9 * 4)
            for y in 0..<new.crop.height {
                for x in 0..<new.crop.width where !part.contains(x, y) {
                    let index = (new.crop.y + y) * Self.size.width + new.crop.x + x
                    new.pixels[index] = old.pixels[index]
                }
            }
            #expect(try new.mismatches(in: rig.pixels()) == 0)
        }

        @Test("Imported: an update copies what it names, upright", arguments: [false, true])
        func parts(y0Top: Bool) throws {
            let rig = try WireRig(.vgem)
            var picture = try SentPicture(Self.size, crop: Self.crop, y0Top: y0Top, seed: 1)
            let other = try SentPicture(Self.size, crop: Self.crop, y0Top: y0Top, seed: 2)
            let (buffer, bytes, packing) = (try picture.buffer(), other.bytes, picture.packing)
            try picture.send(buffer, to: rig)
            try rig.good(.updateBuffer(Rect(Self.crop.size)))
            #expect(try picture.mismatches(in: rig.pixels()) == 0)
            // More than a ring has slots.
            for turn in 0..<8 {
                let part = Rect(x: 4 * turn, y: turn, width: 5, height: 3 + turn % 4)
                for y in part.y..<part.maxY {
                    let row = Self.crop.y + y
                    let first = Self.crop.x + part.x
                    let place =
                        packing.offset + picture.memoryRow(row) * packing.stride + first * 4
                    try buffer.write(Array(bytes[place..<place + part.width * 4]), at: place)
                    for index in row * Self.size.width + first..<row * Self.size.width + first + 5 {
                        picture.pixels[index] = other.pixels[index]
                    }
                }
                try rig.good(.updateBuffer(part))
                #expect(try picture.mismatches(in: rig.pixels()) == 0, "turn \(turn)")
            }
            #expect(try rig.imports() == 1)
            #expect(rig.head.counters.failures == 0)
        }

        /// Luma and chroma in one buffer, as one descriptor; and in two, as two. What the driver here makes of them is wrong, whatever the shader (Mesa
        /// 22.3: the coordinates come back as colours), so nothing is said of pixels.
        @Test("NV12 is imported once, with both of its planes", arguments: [1, 2])
        func planes(files: Int) throws {
            let (card, size) = (try #require(RenderNode.vgem), Size(width: 64, height: 48))
            let counts = files == 1 ? [64 * 72] : [64 * 48, 64 * 24]
            let buffers = try counts.map { try VGEMBuffer(card: card, byteCount: $0) }
            let chroma = WireMessage.Plane(
                buffers[files - 1].descriptor, offset: files == 1 ? 64 * 48 : 0, stride: 64)
            var message = WireMessage.scanoutBuffer2(
                [WireMessage.Plane(buffers[0].descriptor, stride: 64), chroma], backing: size,
                fourcc: FourCC("NV12"))
            if files == 1 {
                message.values[0] = .ah([0])
                message.descriptors.removeLast()
            }
            let rig = try WireRig(.vgem)
            for _ in 0..<3 {
                try rig.good(message)
                try rig.good(.updateBuffer(Rect(size)))
                #expect(try rig.picture().size == size)
                #expect(rig.head.path.hasPrefix("dma-buf NV12, modifier linear, imported"))
            }
            #expect(try rig.imports() == 1)
            #expect(rig.head.counters.failures == 0)
            // The processor reads no such format.
            try WireRig(.software).bad(message, "modifier: the software renderer cannot read NV12")
        }
    }
}

extension Rect {
    fileprivate func contains(_ x: Int, _ y: Int) -> Bool {
        (self.x..<maxX).contains(x) && (self.y..<maxY).contains(y)
    }
}
