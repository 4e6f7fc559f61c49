import CShims
import Glibc
import GuestDisplay
import Testing

/// What is checked of a GPU's picture before any driver sees it.
@Suite struct DMABufferTests {
    private static let size = Size(width: 64, height: 32)

    /// A buffer with one plane of a file that is no dma-buf; nil and the error when it is refused.
    private func refusal(
        _ fourcc: FourCC = FourCC("XR24"), modifier: DRMModifier = .linear, size: Size = size,
        offset: Int = 0, stride: Int = 256, planes: Int = 1, path: String? = nil
    ) throws -> SurfaceError {
        let list = try (0..<planes).map { _ in
            let file =
                path.map { open($0, O_RDONLY | O_CLOEXEC) } ?? swiftvm_memfd("no-dma-buf", false)
            try #require(file >= 0)
            return DMABuffer.Plane(
                descriptor: OwnedDescriptor(owning: file), offset: offset, stride: stride)
        }
        return try #require(throws: SurfaceError.self) {
            try DMABuffer(planes: list, fourcc: fourcc, modifier: modifier, size: size)
        }
    }

    @Test("A code that nobody knows is named, with those that are")
    func unknownFormat() throws {
        let error = try refusal(FourCC("YUYV"))
        #expect(error.field == "fourcc")
        #expect(error.reason.hasPrefix("YUYV is none of XR24, AR24"))
        #expect(try refusal(FourCC(rawValue: 1)).reason.hasPrefix("0x1 is none of"))
    }

    @Test("Sizes", arguments: [(0, 32), (64, 0), (16385, 32), (-1, 32), (16384, 16384)])
    func size(width: Int, height: Int) throws {
        let error = try refusal(size: Size(width: width, height: height))
        #expect(error.field.hasPrefix("width") || error.field == "height")
    }

    @Test("Strides", arguments: [0, -4, 255, Int(UInt32.max), Int.max])
    func stride(stride: Int) throws {
        #expect(try refusal(stride: stride).field == "stride")
    }

    @Test("Offsets", arguments: [-1, Int(UInt32.max) + 1, Int.max])
    func offset(offset: Int) throws {
        #expect(try refusal(offset: offset).field == "offset")
    }

    @Test("Numbers of planes", arguments: [0, 2, 5])
    func planes(count: Int) throws {
        #expect(try refusal(planes: count).field == "num_planes")
        #expect(try refusal(FourCC("NV12"), planes: count == 2 ? 1 : count).field == "num_planes")
        // A layout may add planes, up to four in all.
        let tiled = DRMModifier(rawValue: 0x0100_0000_0000_0004)
        let field = try refusal(modifier: tiled, planes: count).field
        #expect(field == (count == 2 ? "dmabuf" : "num_planes"))
    }

    @Test("What is no dma-buf", arguments: [nil, "/dev/null", "/proc/self/exe"])
    func file(path: String?) throws {
        let error = try refusal(path: path)
        #expect(error == SurfaceError(field: "dmabuf", reason: "the descriptor is no dma-buf"))
    }

    @Test("A pipe is no dma-buf")
    func pipeEnd() throws {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        close(ends[1])
        let plane = DMABuffer.Plane(
            descriptor: OwnedDescriptor(owning: ends[0]), offset: 0, stride: 256)
        let error = #expect(throws: SurfaceError.self) {
            try DMABuffer(
                planes: [plane], fourcc: FourCC("XR24"), modifier: .linear, size: Self.size)
        }
        #expect(error?.field == "dmabuf")
    }

    @Test("Modifiers for people")
    func modifiers() {
        #expect(DRMModifier.linear.description == "linear")
        #expect(DRMModifier.invalid.description == "invalid")
        #expect(
            DRMModifier(rawValue: 0x0300_0000_0060_6010).description
                == "0x300000000606010 (NVIDIA)")
    }
}
