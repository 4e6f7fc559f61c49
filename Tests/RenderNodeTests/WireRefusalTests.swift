import Dispatch
import DisplayTesting
import Glibc
import GuestDisplay
import Testing

@testable import GuestDisplayGL

extension RenderNodeTests {
    /// Real dma-bufs that are wrong, or come at the wrong time: each is answered, the last good picture stays, and nothing is left open.
    @Suite(
        .serialized,
        .enabled(if: RenderNode.vgem != nil, "SWIFTVM_VGEM_NODE names no card of vgem"))
    struct WireRefusalTests {
        struct Case: CustomTestStringConvertible, Sendable {
            let testDescription: String
            let words: String
            let change: @Sendable (inout WireMessage) -> Void

            init(
                _ name: String, _ words: String,
                _ change: @escaping @Sendable (inout WireMessage) -> Void
            ) {
                testDescription = name
                self.words = words
                self.change = change
            }
        }

        private static let size = Size(width: 96, height: 50)
        private static let tiled = DRMModifier(rawValue: 0x0100_0000_0000_0002)

        /// Changes of a good ScanoutDMABUF of 96×50 pixels in a buffer of five pages.
        static let calls = [
            Case("too small", "dmabuf: plane 0 has 20480 bytes, expected at least 20736") {
                $0.values[2] = .u(54)
            },
            Case("too small for its stride", "dmabuf: plane 0 has 20480 bytes") {
                $0.values[3] = .u(4096)
            },
            Case("stride × height beyond 32 bits", "dmabuf: plane 0 has 20480 bytes") {
                $0.values[2] = .u(16384)
                $0.values[3] = .u(262_144)
            },
            Case("stride too small", "stride: 383") { $0.values[3] = .u(383) },
            Case("stride 2³² − 1", "stride: 4294967295") { $0.values[3] = .u(.max) },
            Case("width 0", "width: 0") { $0.values[1] = .u(0) },
            Case("giant height", "height: 4294967295") { $0.values[2] = .u(.max) },
            Case("modifier not in the table", "modifier: ") {
                $0.values[5] = .t(tiled.rawValue)
            },
            Case("fourcc unknown", "fourcc: YUYV") { $0.values[4] = .u(FourCC("YUYV").rawValue) },
            Case("fourcc of two planes", "num_planes: 1, expected 2") {
                $0.values[4] = .u(FourCC("NV12").rawValue)
            },
            Case("two descriptors", "dmabuf: 1 named, but 2") { $0.descriptors += $0.descriptors },
            Case("no descriptor", "dmabuf: 1 named, but 0") { $0.descriptors = [] },
            Case("a placeholder that its driver does not know", "dmabuf: plane 0 has 4096 bytes") {
                $0.values[5] = .t(DRMModifier.invalid.rawValue)
                $0.descriptors = [WireRefusalTests.page!.descriptor]
            },
        ]

        /// Changes of a good ScanoutDMABUF2 of the same, its crop 70×31 pixels.
        static let calls2 = [
            Case("offset behind the end", "dmabuf: plane 0 has 20480 bytes") {
                $0.values[5] = .au([1281])
            },
            Case("offset beyond 32 bits with the rows", "dmabuf: plane 0 has 20480 bytes") {
                $0.values[5] = .au([.max])
            },
            Case("crop outside", "x, y, width, height: ") { $0.values[1] = .u(27) },
            Case("crop beyond 32 bits", "x, y, width, height: ") { $0.values[2] = .u(.max) },
            Case("backing too large for its buffer", "dmabuf: plane 0 has 20480 bytes") {
                $0.values[10] = .u(54)
            },
            Case("giant backing", "backing_width, backing_height") {
                $0.values[9] = .u(16384)
                $0.values[10] = .u(16384)
            },
            Case("two planes of one", "num_planes: 2, expected 1") {
                $0.values[5] = .au([0, 0])
                $0.values[6] = .au([384, 384])
                $0.values[7] = .u(2)
            },
            Case("planes without strides", "stride: 0 entries") { $0.values[6] = .au([]) },
            Case("modifier not in the table", "modifier: ") {
                $0.values[11] = .t(tiled.rawValue)
            },
            Case("fourcc unknown", "fourcc: 0xffffffff") { $0.values[8] = .u(.max) },
        ]

        /// One page of memory.
        private static let page = RenderNode.vgem.flatMap {
            try? VGEMBuffer(card: $0, byteCount: 4096)
        }

        @Test(arguments: [false, true])
        func `a bad dma-buf is refused and the picture stays`(has2: Bool) throws {
            let crop = has2 ? Rect(x: 5, y: 3, width: 70, height: 31) : nil
            let picture = try SentPicture(Self.size, crop: crop)
            let buffer = try picture.buffer()
            let rig = try WireRig(.vgem)
            try picture.send(buffer, to: rig)
            try rig.good(.updateBuffer(Rect(picture.crop.size)))
            _ = Self.page
            for bad in has2 ? Self.calls2 : Self.calls {
                let shown = try rig.picture()
                let before = ThisProcess.descriptors
                var message = picture.message(buffer.descriptor)
                bad.change(&message)
                for _ in 0..<3 {
                    try rig.bad(message, bad.words)
                    // The refusal has said it: QEMU would write a line for each.
                    try rig.good(.updateBuffer(Rect(picture.crop.size)))
                }
                try rig.peer.expectNoAnswer()
                #expect(try rig.picture() === shown, "\(bad.testDescription)")
                #expect(ThisProcess.descriptors == before, "\(bad.testDescription)")
                // The same call without the change, to the same picture.
                try picture.send(buffer, to: rig)
                try rig.good(.updateBuffer(Rect(picture.crop.size)))
                #expect(try rig.picture() !== shown, "\(bad.testDescription)")
                #expect(try picture.mismatches(in: rig.pixels()) == 0, "\(bad.testDescription)")
            }
            #expect(try rig.imports() == 1)
        }

        @Test func `a refusal for the driver's sake is for the window to tell`() throws {
            let picture = try SentPicture(Self.size)
            let buffer = try picture.buffer()
            let rig = try WireRig(.vgem)
            try rig.bad(picture.message(buffer.descriptor, modifier: Self.tiled), "modifier: ")
            let refusal = try #require(rig.head.lastRefusal)
            #expect(refusal.field == "modifier")
            for word in [
                "XR24", "0x100000000000002", "Intel", "llvmpipe", "--render-node", "gl=on",
            ] {
                #expect(refusal.reason.contains(word), "\(refusal) should name \(word)")
            }
            try picture.send(buffer, to: rig)
            #expect(rig.head.lastRefusal == nil)
        }

        @Test func `what is no dma-buf is refused`() throws {
            let picture = try SentPicture(Self.size)
            let buffer = try picture.buffer()
            let rig = try WireRig(.vgem)
            try picture.send(buffer, to: rig)
            let shown = try rig.picture()
            var ends: [CInt] = [-1, -1]
            try #require(pipe(&ends) == 0)
            let folder = try TestFolder()
            let file = open(folder.file("picture"), O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            let memory = try SharedFile(picture.bytes)
            let null = open("/dev/null", O_RDWR | O_CLOEXEC)
            try #require(file >= 0 && null >= 0 && ftruncate(file, 20480) == 0)
            defer { for number in ends + [file, null] { close(number) } }
            let before = ThisProcess.descriptors
            for number in ends + [file, null, memory.descriptor, rig.peer.descriptor] {
                try rig.bad(picture.message(number), "dmabuf: the descriptor is no dma-buf")
            }
            #expect(try rig.picture() === shown)
            #expect(ThisProcess.descriptors == before)
        }

        @Test func `a buffer that its sender closes at once is shown`() throws {
            let picture = try SentPicture(Self.size)
            let rig = try WireRig(.vgem)
            let serial: UInt32
            do {
                let buffer = try picture.buffer()
                serial = try rig.peer.send(picture.message(buffer.descriptor))
            }
            #expect(try rig.peer.answer(to: serial).errorName == nil)
            try rig.good(.updateBuffer(Rect(Self.size)))
            #expect(try picture.mismatches(in: rig.pixels()) == 0)
        }

        @Test func `one descriptor's number is one buffer after the other`() throws {
            let rig = try WireRig(.vgem)
            let pictures = try (0..<3).map { try SentPicture(Self.size, seed: $0) }
            let buffers = try pictures.map { try $0.buffer() }
            let number = fcntl(buffers[0].descriptor, F_DUPFD_CLOEXEC, 0)
            defer { close(number) }
            for round in 0..<6 {
                let (picture, buffer) = (pictures[round % 3], buffers[round % 3])
                try #require(dup2(buffer.descriptor, number) == number)
                try rig.good(picture.message(number))
                try rig.good(.updateBuffer(Rect(Self.size)))
                #expect(try picture.mismatches(in: rig.pixels()) == 0, "round \(round)")
            }
            #expect(try rig.imports() == 3)
        }

        @Test func `updates wait for a scanout, and one outside is of the whole`() throws {
            let rig = try WireRig(.vgem)
            let part = WireMessage.updateBuffer(Rect(x: 0, y: 0, width: 1, height: 1))
            try rig.bad(part, "no picture to update: no scanout has come yet")
            var picture = try SentPicture(Self.size, seed: 1)
            let buffer = try picture.buffer()
            try picture.send(buffer, to: rig)
            try rig.good(part)
            for (seed, rect) in [
                Rect(x: 90, y: 0, width: 7, height: 1), Rect(x: -1, y: -1, width: 2, height: 2),
                Rect(x: 0x7fff_ffff, y: 0, width: 0x7fff_ffff, height: 1), .zero,
            ].enumerated() {
                picture = try SentPicture(Self.size, seed: seed + 2)
                try buffer.write(picture.bytes)
                try rig.good(.updateBuffer(rect))
                #expect(try picture.mismatches(in: rig.pixels()) == 0, "\(rect)")
            }
            #expect(try rig.imports() == 1)
        }

        /// QEMU sends the same Disable when a buffer is freed as when the display goes off.
        @Test func `Disable for an old buffer leaves the new one`() throws {
            let rig = try WireRig(.vgem)
            let pictures = try (0..<2).map { try SentPicture(Self.size, seed: $0) }
            let buffers = try pictures.map { try $0.buffer() }
            for (picture, buffer) in zip(pictures, buffers) {
                try picture.send(buffer, to: rig)
                try rig.good(.updateBuffer(Rect(Self.size)))
            }
            try rig.good(.disable)
            try rig.good(.updateBuffer(Rect(x: 0, y: 0, width: 1, height: 1)))
            #expect(try pictures[1].mismatches(in: rig.pixels()) == 0)
            #expect(try rig.imports() == 2)
        }

        /// More buffers than imports are kept for: the oldest go, with their descriptors, and come again when they are shown again.
        @Test func `imports are bounded`() throws {
            let rig = try WireRig(.vgem, alone: true)
            let count = DMABufferImporter.maximumImports + 4
            let pictures = try (0..<count).map { try SentPicture(Self.size, seed: $0) }
            let buffers = try pictures.map { try $0.buffer() }
            try rig.settle()
            let before = ThisProcess.descriptors.count
            for (picture, buffer) in zip(pictures + pictures, buffers + buffers) {
                try picture.send(buffer, to: rig)
                try rig.good(.updateBuffer(Rect(Self.size)))
                #expect(try picture.mismatches(in: rig.pixels()) == 0)
                let more = ThisProcess.descriptors.count - before
                #expect(more <= DMABufferImporter.maximumImports)
            }
            #expect(try rig.imports() == UInt64(2 * count))
        }

        /// The source has gone on before the ingest knew; the window says so all the same, until another picture comes.
        @Test func `a buffer that is refused late is refused on the window`() throws {
            let ingest = try Ingest(.software, logger: WireRig.quiet)
            defer { ingest.stop() }
            ingest.worker.importLimit = .nanoseconds(0)
            let head = ingest.makeHead()
            let memory = try VGEMBuffer(card: #require(RenderNode.vgem), byteCount: 4096)
            let plane = DMABuffer.Plane(descriptor: try memory.duplicate(), offset: 0, stride: 128)
            let size = Size(width: 32, height: 32)
            let buffer = try DMABuffer(
                planes: [plane], fourcc: FourCC("XR24"), modifier: .invalid, size: size)
            let scanout = try GLScanout(
                storage: .dmaBuffer(buffer), backingSize: size, crop: Rect(size), isTopDown: true)
            let isBusy = DispatchSemaphore(value: 0)
            head.settle { isBusy.wait() }
            try head.receive(.scanout(.gl(scanout)))
            #expect(head.lastRefusal == nil)
            isBusy.signal()
            try eventually("it is refused", that: { head.lastRefusal?.field == "modifier" })
            #expect(head.counters.refused == 1)
            try head.receive(.scanout(.off))
            #expect(head.lastRefusal == nil)
        }
    }
}
