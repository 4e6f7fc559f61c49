import Dispatch
import DisplayTesting
import Glibc
import GuestDisplay
import Testing

@testable import GuestDisplayGL
@testable import QEMUSource

extension RenderNodeTests {
    /// Flips, fences and ends of a guest that draws on the GPU.
    @Suite(.serialized) struct WireFlowTests {
        /// The sender waits for each answer. Most of its frames are overtaken by the next, as an emulated virtio-gpu looks at its fences every ten
        /// milliseconds only.
        @Test("10,000 flips over three buffers: three imports, one answer each, and nothing grows")
        func flips() throws {
            let flips = 10_000
            let buffers = try SentBuffer.make(3, Size(width: 64, height: 64), for: .gpu)
            let rig = try WireRig(.gpu, alone: true)
            var (memory, descriptors) = (0, 0)
            for number in 1...flips {
                let buffer = buffers[number % 3]
                let isChecked = number % (flips / 20) == 0
                if isChecked { try buffer.draw(number) }
                try rig.good(buffer.scanout)
                if number % 10 == 0 { try rig.good(buffer.update) }
                if isChecked {
                    let read = try rig.pixels()
                    #expect(buffer.wrongPixels(in: read, of: number) == 0, "flip \(number)")
                    #expect(rig.head.counters.imports == 3)
                }
                if number == flips / 10 {
                    memory = try ThisProcess.residentBytes()
                    descriptors = ThisProcess.descriptors.count
                }
            }
            try rig.peer.expectNoAnswer()
            try rig.settle()
            // A fence's file is closed soon after the answer.
            try eventually(
                "all descriptors are closed", details: { "\(ThisProcess.descriptors)" },
                that: { ThisProcess.descriptors.count <= descriptors })
            let growth = try ThisProcess.residentBytes() - memory
            #expect(growth < 8 << 20, "\(growth) bytes in \(flips * 9 / 10) flips")
            #expect(rig.head.counters.failures == 0)
        }

        /// Drawn, sent and updated without waiting for the GPU: the picture has every stroke of it.
        @Test func `a picture that is still drawn when it is sent is whole`() throws {
            let size = Size(width: 320, height: 200)
            let buffers = try SentBuffer.make(2, size, for: .gpu)
            let rig = try WireRig(.gpu)
            for number in 1...4 {
                let buffer = buffers[number % 2]
                // All but the last pass is of wrong colours.
                for pass in 1...8 { try buffer.draw(number + pass << 16) }
                try buffer.draw(number)
                try rig.good(buffer.scanout)
                try rig.good(buffer.update)
                #expect(try buffer.wrongPixels(in: rig.pixels(), of: number) == 0)
            }
        }

        /// A device that still draws, into a buffer that nothing but the processor or a software driver reads: the fence is a test's.
        @Test(
            .enabled(if: RenderNode.vgem != nil, "SWIFTVM_VGEM_NODE names no card of vgem"),
            arguments: [WireRig.Importer.software, .vgem])
        func pendingDrawingIsWaitedFor(by importer: WireRig.Importer) throws {
            let rig = try WireRig(importer)
            let size = Size(width: 96, height: 50)
            let (old, new) = (try SentPicture(size, seed: 1), try SentPicture(size, seed: 2))
            let buffer = try old.buffer()
            try old.send(buffer, to: rig)
            try rig.good(.updateBuffer(Rect(size)))
            #expect(try old.mismatches(in: rig.pixels()) == 0)
            let fence = try buffer.beginDrawing()
            let serial = try rig.peer.send(.updateBuffer(Rect(size)))
            // Nothing tells of a reader that waits; one that does not has answered long before.
            var answer = pollfd(fd: rig.peer.descriptor, events: Int16(POLLIN), revents: 0)
            #expect(poll(&answer, 1, 300) == 0, "answered while the device was still drawing")
            buffer.writeAsDevice(new.bytes)
            try fence.signal()
            #expect(try rig.peer.answer(to: serial).errorName == nil)
            #expect(try new.mismatches(in: rig.pixels()) == 0)
        }

        /// A fence of what is drawn now, for the GPU to wait for.
        @Test(.enabled(if: RenderNode.vgem != nil, "SWIFTVM_VGEM_NODE names no card of vgem"))
        func pendingDrawingHasAFence() throws {
            let memory = try VGEMBuffer(card: #require(RenderNode.vgem), byteCount: 4096)
            let plane = DMABuffer.Plane(descriptor: try memory.duplicate(), offset: 0, stride: 128)
            let buffer = try DMABuffer(
                planes: [plane], fourcc: FourCC("XR24"), modifier: .linear,
                size: Size(width: 32, height: 32))
            let drawing = try memory.beginDrawing()
            let fence = buffer.exportFence(of: 0)
            let file = fence?.take() ?? -1
            try #require(file >= 0)
            defer { close(file) }
            var state = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
            #expect(poll(&state, 1, 0) == 0)
            try drawing.signal()
            #expect(poll(&state, 1, 0) == 1)
        }
    }

    /// A sender that is gone in the middle of a frame.
    @Suite(.serialized) struct WireFaultTests {
        /// When the sender's socket is closed.
        enum Moment: CaseIterable {
            /// In the middle of the bytes of a ScanoutDMABUF, whose descriptor came with the first.
            case inScanout
            /// Between ScanoutDMABUF and UpdateDMABUF.
            case beforeUpdate
            /// With an UpdateDMABUF that waits for the ingest.
            case beforeAnswer
        }

        @Test(
            "The last good picture stays, nothing waits, and the next sender's is shown",
            arguments: Moment.allCases)
        func senderIsGone(_ moment: Moment) throws {
            let size = Size(width: 64, height: 64)
            let buffers = try SentBuffer.make(3, size, for: .gpu)
            for (number, buffer) in buffers.enumerated() { try buffer.draw(number) }
            var rig = try WireRig(.gpu)
            // Twice: what is imported keeps the first descriptor of each.
            for number in [0, 1, 0, 1] {
                try rig.good(buffers[number].scanout)
                try rig.good(buffers[number].update)
            }
            let shown = try rig.picture()
            let before = ThisProcess.descriptors
            let ingestGoesOn = DispatchSemaphore(value: 0)
            switch moment {
            case .inScanout:
                let bytes = buffers[2].scanout.encoded(serial: 100)
                try rig.peer.send(
                    bytes: bytes.dropLast(8), descriptors: buffers[2].scanout.descriptors)
            case .beforeUpdate:
                try rig.peer.send(buffers[0].scanout)
            case .beforeAnswer:
                rig.head.settle { ingestGoesOn.wait() }
                try rig.peer.send(buffers[1].update)
            }
            rig.peer.hangUp()
            let end = try rig.end()
            ingestGoesOn.signal()
            try rig.settleIngest()
            #expect(end != .closed, "closed from this side")
            // A scanout is a picture at once.
            let frame = moment == .beforeUpdate ? 0 : 1
            let picture = try #require(rig.head.content.picture)
            #expect(try buffers[frame].wrongPixels(in: rig.pixels(of: picture), of: frame) == 0)
            #expect(try buffers[1].wrongPixels(in: rig.pixels(of: shown), of: 1) == 0)
            // The listener's end of the socket too; a fence's file is closed soon after the answer.
            try eventually(
                "all descriptors are closed", details: { "\(before) \(ThisProcess.descriptors)" },
                that: { ThisProcess.descriptors.count < before.count })
            rig = try WireRig(ingest: rig.ingest, head: rig.head)
            try rig.good(buffers[2].scanout)
            try rig.good(buffers[2].update)
            #expect(try buffers[2].wrongPixels(in: rig.pixels(), of: 2) == 0)
        }
    }
}

/// A buffer and the calls that send it.
private final class SentBuffer {
    let scanout: WireMessage
    let update: WireMessage
    private let size: Size
    private let memory: Memory
    // What the calls lend.
    private let planes: [DMABuffer.Plane]

    private enum Memory {
        case gpu(GPUBuffer)
        case vgem(VGEMBuffer)
    }

    private init(
        _ memory: Memory, _ planes: [DMABuffer.Plane], size: Size, fourcc: FourCC,
        modifier: DRMModifier
    ) {
        self.memory = memory
        self.planes = planes
        self.size = size
        scanout = .scanoutBuffer2(
            planes.map {
                WireMessage.Plane(
                    $0.descriptor.rawValue, offset: UInt32($0.offset), stride: UInt32($0.stride))
            }, backing: size, fourcc: fourcc, modifier: modifier)
        update = .updateBuffer(Rect(size))
    }

    /// Buffers that the importer imports.
    static func make(
        _ count: Int, _ size: Size, for importer: WireRig.Importer
    ) throws -> [SentBuffer] {
        if importer == .gpu {
            let producer = try GPURenderer(node: #require(RenderNode.path))
            return try (0..<count).map { _ in
                let buffer = try producer.makeBuffer(size)
                return SentBuffer(
                    .gpu(buffer), try buffer.planes(), size: size, fourcc: buffer.fourcc,
                    modifier: buffer.modifier)
            }
        }
        let card = try #require(RenderNode.vgem)
        let stride = size.width * 4
        return try (0..<count).map { _ in
            let buffer = try VGEMBuffer(card: card, byteCount: stride * size.height)
            let plane = DMABuffer.Plane(
                descriptor: try buffer.duplicate(), offset: 0, stride: stride)
            return SentBuffer(
                .vgem(buffer), [plane], size: size, fourcc: FourCC("XR24"), modifier: .linear)
        }
    }

    /// Draws a frame that says its number in every pixel, its first and last rows last, and does not wait for the GPU.
    func draw(_ number: Int) throws {
        switch memory {
        case .gpu(let buffer):
            let edge = UInt32(number) ^ 0xff_ffff
            try buffer.draw([
                (Rect(size), UInt32(number)),
                (Rect(x: 0, y: size.height - 1, width: size.width, height: 1), edge),
                (Rect(x: 0, y: 0, width: size.width, height: 1), edge),
            ])
        case .vgem(let buffer):
            let pixels = (0..<size.width * size.height).map { pixel($0, of: number) }
            try buffer.write(PixelPacking(FourCC("XR24"), size).pack(pixels))
        }
    }

    /// How many pixels of what was read are not that frame's.
    func wrongPixels(in read: [UInt32], of number: Int) -> Int {
        guard read.count == size.width * size.height else { return max(read.count, 1) }
        return read.indices.count { read[$0] != pixel($0, of: number) }
    }

    private func pixel(_ index: Int, of number: Int) -> UInt32 {
        let isEdge = index < size.width || index >= size.width * (size.height - 1)
        return UInt32(number) ^ (isEdge ? 0xff_ffff : 0)
    }
}
