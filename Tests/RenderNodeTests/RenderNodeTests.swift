import DisplayTesting
import GuestDisplay
import Testing

/// What needs a real GPU's nodes: `make test-vm` runs it in a virtual machine that has them, `make test-gpu` on this one. One after
/// the other: there is one GPU.
@Suite(
    .serialized, .enabled(if: RenderNode.path != nil, "SWIFTVM_RENDER_NODE names no render node"))
struct RenderNodeTests {}

/// What the other tests build on: the nodes can do it, and the tests' own buffers hold what they should.
extension RenderNodeTests {
    @Suite(.serialized) struct MachineTests {
        private static let size = Size(width: 96, height: 50)

        /// A picture in which every pixel differs from its neighbours, by channel.
        private static let picture = (0..<size.width * size.height).map { index in
            let (x, y) = (UInt32(index % size.width), UInt32(index / size.width))
            return x & 0xff << 16 | y & 0xff << 8 | (x &* 7 ^ y &* 13) & 0xff
        }

        @Test func eglHasWhatImportsNeed() throws {
            let renderer = try GPURenderer(node: #require(RenderNode.path))
            let wanted: Set = [
                "EGL_EXT_image_dma_buf_import", "EGL_EXT_image_dma_buf_import_modifiers",
                "EGL_MESA_image_dma_buf_export", "EGL_ANDROID_native_fence_sync",
            ]
            #expect(wanted.subtracting(renderer.extensions).isEmpty, "\(renderer.renderer)")
        }

        @Test(.enabled(if: RenderNode.isTestMachine, "only make test-vm knows its machine"))
        func machineIsTheRecipes() throws {
            let renderer = try GPURenderer(node: #require(RenderNode.path))
            #expect(renderer.renderer.contains("virgl"))
            let strict = try GPURenderer(node: #require(RenderNode.vgem))
            #expect(strict.extensions.contains("EGL_EXT_image_dma_buf_import_modifiers"))
            #expect(RenderNode.connectedOutputs() == ["Virtual-1", "Virtual-2"])
        }

        /// Drawn by the GPU, exported, and read through a second display on the node.
        @Test func exportedTexturesHoldWhatWasDrawn() throws {
            let node = try #require(RenderNode.path)
            let producer = try GPURenderer(node: node)
            let reader = try GPURenderer(node: node)
            let buffer = try producer.makeBuffer(Self.size)
            var expected = Self.picture
            try buffer.put(expected)
            try producer.finish()
            #expect(try wrongPixels(in: buffer, of: expected, by: reader) == 0)

            let parts = [
                (rect: Rect(Self.size), colour: 0x20_4060 as UInt32),
                (rect: Rect(x: 0, y: 0, width: 96, height: 1), colour: 0xff_0000),
                (rect: Rect(x: 76, y: 40, width: 20, height: 10), colour: 0x00_ff01),
            ]
            try buffer.draw(parts)
            try producer.finish()
            for (rect, colour) in parts {
                for y in rect.y..<rect.maxY {
                    for x in rect.x..<rect.maxX { expected[y * Self.size.width + x] = colour }
                }
            }
            #expect(try wrongPixels(in: buffer, of: expected, by: reader) == 0)
            // It would tell.
            expected[0] ^= 1
            #expect(try wrongPixels(in: buffer, of: expected, by: reader) == 1)
            // Two descriptors of one buffer are one buffer; another is not.
            let identity = try identity(of: buffer)
            #expect(try self.identity(of: buffer) == identity)
            #expect(try self.identity(of: producer.makeBuffer(Self.size)) != identity)
        }

        @Test(
            .enabled(if: RenderNode.vgem != nil, "SWIFTVM_VGEM_NODE names no card of vgem"),
            arguments: ["XR24", "AR24", "XB24", "AB24", "XR30", "AR30", "RG16"])
        func strictImporterReadsOffsetsAndStrides(_ code: String) throws {
            let card = try #require(RenderNode.vgem)
            let reader = try GPURenderer(node: card)
            let fourcc = try #require(DRMFormat.all.first { $0.fourcc.description == code }?.fourcc)
            for (offset, padding) in [(0, 0), (0, 64), (4096, 256)] {
                let rowBytes = Self.size.width * (fourcc == FourCC("RG16") ? 2 : 4)
                let packing = PixelPacking(
                    fourcc, Self.size, offset: offset, stride: rowBytes + padding)
                let buffer = try VGEMBuffer(card: card, byteCount: packing.byteCount)
                try buffer.write(packing.pack(Self.picture))
                func wrong() throws -> Int {
                    let plane = DMABuffer.Plane(
                        descriptor: try buffer.duplicate(), offset: offset, stride: packing.stride)
                    return packing.mismatches(
                        in: try reader.read([plane], fourcc, .linear, Self.size), of: Self.picture)
                }
                #expect(try wrong() == 0, "offset \(offset), padding \(padding)")
                // It would tell: the last pixel is another's.
                try buffer.write([0xff, 0], at: packing.byteCount - 2)
                #expect(try wrong() == 1, "offset \(offset), padding \(padding)")
            }
        }

        /// A fence that a test holds back is there, and goes when it is signalled.
        @Test(.enabled(if: RenderNode.vgem != nil, "SWIFTVM_VGEM_NODE names no card of vgem"))
        func vgemFencesAreTheTests() throws {
            let buffer = try VGEMBuffer(card: #require(RenderNode.vgem), byteCount: 4096)
            #expect(try RenderNode.isIdle(buffer.duplicate()))
            let fence = try buffer.beginDrawing()
            #expect(try !RenderNode.isIdle(buffer.duplicate()))
            try fence.signal()
            #expect(try RenderNode.isIdle(buffer.duplicate()))
        }

        private func wrongPixels(
            in buffer: GPUBuffer, of expected: [UInt32], by reader: GPURenderer
        ) throws -> Int {
            let read = try reader.read(
                buffer.planes(), buffer.fourcc, buffer.modifier, buffer.size)
            return zip(read, expected).count { $0 != $1 }
        }

        private func identity(of buffer: GPUBuffer) throws -> DMABuffer.Identity {
            // As it comes from EGL: AB24, which both know.
            try DMABuffer(
                planes: buffer.planes(), fourcc: buffer.fourcc, modifier: buffer.modifier,
                size: buffer.size
            ).identity
        }
    }
}
