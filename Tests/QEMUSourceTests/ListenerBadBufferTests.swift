import DisplayTesting
import Glibc
import GuestDisplay
import Testing

@testable import QEMUSource

/// Dma-bufs that are wrong: each is refused with the field's name, the picture stays, and a good one still arrives.
@Suite struct ListenerBadBufferTests {
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

    /// Changes of a good ScanoutDMABUF of 8×4 pixels, its file 128 bytes long.
    static let calls = [
        Case("width 0", "width: 0") { $0.values[1] = .u(0) },
        Case("height 0", "height: 0") { $0.values[2] = .u(0) },
        Case("giant width", "width: 4294967295") { $0.values[1] = .u(.max) },
        Case("giant height", "height: 65536") { $0.values[2] = .u(65536) },
        Case("16384 × 16384", "width, height") {
            $0.values[1] = .u(16384)
            $0.values[2] = .u(16384)
        },
        Case("stride 0", "stride: 0") { $0.values[3] = .u(0) },
        Case("stride too small", "stride: 31") { $0.values[3] = .u(31) },
        Case("stride huge", "stride: 4294967295") { $0.values[3] = .u(.max) },
        // Times the height, it is more than 32 bits hold.
        Case("stride × height", "dmabuf: plane 0 has 128 bytes") {
            $0.values[2] = .u(16384)
            $0.values[3] = .u(262144)
        },
        Case("a row too many", "dmabuf: plane 0 has 128 bytes, expected at least 160") {
            $0.values[2] = .u(5)
        },
        Case("fourcc 0", "fourcc: 0x0") { $0.values[4] = .u(0) },
        Case("fourcc unknown", "fourcc: YUYV") { $0.values[4] = .u(FourCC("YUYV").rawValue) },
        Case("fourcc of two planes", "num_planes: 1, expected 2") {
            $0.values[4] = .u(FourCC("NV12").rawValue)
        },
        Case("y0_top 2", "y0_top: 2") { $0.values[6] = .b(2) },
        Case("descriptor 1 of 1", "dmabuf: descriptor 1") { $0.values[0] = .h(1) },
        Case("descriptor 2³² − 1", "dmabuf: descriptor 4294967295") { $0.values[0] = .h(.max) },
        Case("two descriptors", "dmabuf: 1 named, but 2") {
            $0.descriptors += $0.descriptors
        },
        Case("no descriptor", "dmabuf: 1 named, but 0") { $0.descriptors = [] },
        Case("a descriptor that is claimed", "UNIX_FDS: 1, but 0") {
            $0.descriptors = []
            $0.descriptorCount = 1
        },
        Case("more descriptors than are taken", "UNIX_FDS: 100, but more than 16") {
            $0.descriptors = [CInt](repeating: $0.descriptors[0], count: 100)
        },
        Case("signature", "signature") { $0.values.removeLast() },
    ]

    /// Changes of a good ScanoutDMABUF2 of two planes in NV12, 32×16 pixels, its files 1024 bytes long.
    static let calls2 = [
        Case("num_planes 0", "num_planes: 0") { $0.values[7] = .u(0) },
        Case("num_planes 5", "num_planes: 5") { $0.values[7] = .u(5) },
        Case("num_planes 2³² − 1", "num_planes: 4294967295") { $0.values[7] = .u(.max) },
        Case("num_planes 1 of 2", "offset: 2 entries, expected 1") { $0.values[7] = .u(1) },
        Case("num_planes 3 of 2", "offset: 2 entries, expected 3") { $0.values[7] = .u(3) },
        Case("one offset", "offset: 1 entries, expected 2") { $0.values[5] = .au([0]) },
        Case("three strides", "stride: 3 entries, expected 2") {
            $0.values[6] = .au([32, 32, 32])
        },
        Case("no strides", "stride: 0 entries") { $0.values[6] = .au([]) },
        Case("no descriptor is named", "dmabuf: 0 descriptors") { $0.values[0] = .ah([]) },
        Case("three planes, two descriptors", "dmabuf: 2 descriptors, expected 3") {
            $0.values[5] = .au([0, 0, 0])
            $0.values[6] = .au([32, 32, 32])
            $0.values[7] = .u(3)
        },
        Case("five planes", "dmabuf: 5 entries, expected at most 4") {
            $0.values[0] = .ah([0, 1, 2, 3, 4])
            $0.values[5] = .au([0, 0, 0, 0, 0])
            $0.values[6] = .au([32, 32, 32, 32, 32])
            $0.values[7] = .u(5)
            $0.descriptors = [CInt](repeating: $0.descriptors[0], count: 5)
        },
        Case("a million offsets", "offset: 1000000 entries") {
            $0.values[5] = .au([UInt32](repeating: 0, count: 1_000_000))
        },
        Case("offsets longer than the body", "offset: 60000 bytes, but") {
            $0.values[5] = .auClaiming(60000, [0, 0])
        },
        Case("offsets of half a number", "offset: 6 bytes") {
            $0.values[5] = .auClaiming(6, [0, 0])
        },
        Case("one descriptor named twice", "dmabuf: descriptor 0 is named twice") {
            $0.values[0] = .ah([0, 0])
        },
        Case("a descriptor too few", "dmabuf: 2 named, but 1") { $0.descriptors.removeLast() },
        Case("a descriptor too many", "dmabuf: 1 named, but 2") { $0.values[0] = .ah([0]) },
        Case("a descriptor that did not come", "dmabuf: descriptor 2") {
            $0.values[0] = .ah([0, 2])
        },
        Case("offset that overflows 32 bits", "dmabuf: plane 1 has 1024 bytes") {
            $0.values[5] = .au([0, .max])
        },
        Case("offset behind the end", "dmabuf: plane 0 has 1024 bytes") {
            $0.values[5] = .au([513, 0])
        },
        Case("stride of the second plane", "stride: 31") { $0.values[6] = .au([32, 31]) },
        Case("stride that overflows", "stride: 4294967295") { $0.values[6] = .au([.max, 32]) },
        Case("a plane too many", "num_planes: 2, expected 1") {
            $0.values[8] = .u(FourCC("XR24").rawValue)
        },
        Case("fourcc unknown", "fourcc: 0xffffffff") { $0.values[8] = .u(.max) },
        Case("backing width 0", "backing_width: 0") { $0.values[9] = .u(0) },
        Case("backing height giant", "backing_height: 4294967295") { $0.values[10] = .u(.max) },
        Case("backing of 16384 × 16384", "backing_width, backing_height") {
            $0.values[9] = .u(16384)
            $0.values[10] = .u(16384)
        },
        Case("crop outside", "x, y, width, height: 32×16+1+0 does not lie in 32×16") {
            $0.values[1] = .u(1)
        },
        Case("crop that overflows 32 bits", "x, y, width, height") {
            $0.values[1] = .u(.max)
            $0.values[3] = .u(2)
        },
        Case("crop of nothing", "x, y, width, height") { $0.values[3] = .u(0) },
        Case("y0_top 7", "y0_top: 7") { $0.values[12] = .b(7) },
        Case("signature", "signature") { $0.signature = "ahuuuuauauuuuub" },
        Case("cut off", "y0_top: cut off") {
            $0.signature = $0.values.map(\.code).joined()
            $0.values.removeLast()
        },
    ]

    @Test(arguments: calls)
    func `a bad dma-buf is refused and the picture stays`(_ bad: Case) throws {
        let file = try SharedFile(card(128))
        try refuse(.scanoutBuffer(file.descriptor, 8, 4, stride: 32), bad)
    }

    @Test(arguments: calls2)
    func `bad planes are refused and the picture stays`(_ bad: Case) throws {
        let files = try (0..<2).map { _ in try SharedFile(card(1024)) }
        let planes = files.map { WireMessage.Plane($0.descriptor, stride: 32) }
        try refuse(
            .scanoutBuffer2(
                planes, backing: Size(width: 32, height: 16), fourcc: FourCC("NV12")), bad)
    }

    private func refuse(_ good: WireMessage, _ bad: Case) throws {
        let rig = try ListenerRig(accepting: .anyFile)
        try rig.good(.scanout(4, 4, card(64)))
        let before = rig.sink.picture
        let message = good.with(bad.change)
        try rig.bad(message, bad.words)
        #expect(rig.sink.picture == before)
        #expect(rig.sink.eventCount == 1)
        try rig.peer.expectNoAnswer()
        // The same call without the change.
        try rig.good(good)
        let shown = try #require(rig.sink.scanout)
        try rig.bad(message, bad.words)
        #expect(rig.sink.scanout === shown)
        #expect(rig.sink.eventCount == 2)
        try rig.good(good)
        try rig.good(.updateBuffer(Rect(shown.crop.size)))
        #expect(rig.sink.eventCount == 4)
    }

    @Test func `what is no dma-buf is refused`() throws {
        let rig = try ListenerRig()
        try rig.good(.scanout(4, 4, card(64)))
        let before = rig.sink.picture
        var ends: [CInt] = [-1, -1]
        try #require(pipe(&ends) == 0)
        let memory = try SharedFile(card(128))
        let folder = try TestFolder()
        let path = folder.file("picture")
        let files = [
            open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600), open("/dev/null", O_RDWR | O_CLOEXEC),
            open("/dev/zero", O_RDWR | O_CLOEXEC),
        ]
        try #require(files.allSatisfy { $0 >= 0 } && ftruncate(files[0], 128) == 0)
        defer { for file in files + ends { close(file) } }
        let descriptors = openDescriptors()
        for _ in 0..<100 {
            for file in files + ends + [memory.descriptor, rig.peer.descriptor] {
                try rig.bad(
                    .scanoutBuffer(file, 8, 4, stride: 32),
                    "dmabuf: the descriptor is no dma-buf")
                try rig.bad(
                    .scanoutBuffer2(
                        [WireMessage.Plane(file, stride: 32)],
                        backing: Size(width: 8, height: 4)),
                    "dmabuf: the descriptor is no dma-buf")
            }
        }
        // Other tests run beside this one; here 1,400 descriptors came.
        #expect(openDescriptors() < descriptors + 400)
        #expect(rig.sink.picture == before)
        #expect(rig.sink.eventCount == 1)
        try rig.good(.scanout(1, 1, card(4)))
    }

    /// QEMU writes a line for each update that is answered with an error, thirty a second; the scanout's refusal has said it.
    @Test func `updates of a refused dma-buf are answered`() throws {
        let rig = try ListenerRig()
        let file = try SharedFile(card(128))
        let update = WireMessage.updateBuffer(Rect(x: 0, y: 0, width: 8, height: 4))
        try rig.good(.scanout(4, 4, card(64)))
        try rig.bad(.scanoutBuffer(file.descriptor, 8, 4, stride: 32), "no dma-buf")
        try rig.good(update)
        #expect(rig.sink.eventCount == 1)
        // Also after the Disable that the free of an older one is.
        try rig.good(.disable)
        try rig.good(update)
        try rig.peer.expectNoAnswer()
        #expect(rig.sink.events.last == .off)
    }

    @Test func `what the sink refuses is answered with its words`() throws {
        let rig = try ListenerRig(accepting: .anyFile)
        let file = try SharedFile(card(128))
        let scanout = WireMessage.scanoutBuffer(file.descriptor, 8, 4, stride: 32)
        rig.sink.fail(with: SurfaceError(field: "modifier", reason: "not in the table"))
        try rig.bad(
            scanout, "modifier: not in the table",
            error: "org.freedesktop.DBus.Error.Failed")
        try rig.good(.updateBuffer(Rect(x: 0, y: 0, width: 8, height: 4)))
        #expect(rig.sink.eventCount == 0)
        rig.sink.fail(with: nil)
        try rig.good(scanout)
        #expect(rig.sink.scanout != nil)
    }
}
