internal import GuestDisplay

/// Where the pictures of rings are kept, and how they are brought up to date. Used on the ingest thread only; memory also on another in its place.
///
/// Implementations: CPU memory (``MemoryStore``) and textures (``TextureStore``).
protocol PictureStore: AnyObject {
    /// New storage of that size, its content undefined.
    func make(size: Size) throws(GLError) -> Picture.Storage
    /// Copies what the slot lacks (its `stale`) from a backing picture, or has them change memories. The backing may be written again on return.
    func write(_ backing: inout SurfaceBacking, to slot: PictureSlot) throws(GLError)
    /// Copies what the slot lacks: what is `new` straight from shared memory that ``MappedPicture/canShow(_:)``, and the rest from the newest picture of it, where there
    /// is one. Each pixel is so read when the guest tells of it, and only then: one that it has drawn and not told of yet would come now, and go again with the
    /// next slot. The memory was read on return. Gives back why it could not be read: then the slot is worth nothing.
    func write(
        _ surface: DisplaySurface, to slot: PictureSlot, new: Damage,
        over newest: Picture.Storage?
    ) throws(GLError) -> SurfaceError?
    /// Makes a GPU's buffer readable. Throws why it cannot be.
    func prepare(_ buffer: DMABuffer) throws(SurfaceError) -> DMABufferPath
    /// Copies what the slot lacks from a scanout that a GPU holds; its frames are released when it was read, or when that failed.
    func write(
        _ scanout: GLScanout, to slot: PictureSlot, releasing frames: [FrameRelease]
    ) throws(GLError)
    /// A scanout's buffer for windows to draw themselves; nil where they cannot. What the guest is still drawing is waited for on the GPU.
    /// `onChange` is that of ``GuestFrame``.
    func frame(
        of scanout: GLScanout, onChange: @escaping @Sendable () -> Void
    ) throws(GLError) -> GuestFrame?
    /// Releases frames once the commands so far are done.
    func release(_ frames: [FrameRelease]) throws(GLError)
    /// The buffers of GPUs that are imported now.
    var imports: Set<DMABuffer.Identity> { get }
    /// How many buffers of GPUs were imported since the beginning.
    var importCount: UInt64 { get }
    /// Makes what was written visible to readers in other contexts. Before the slot's picture is published.
    func finish(_ slot: PictureSlot) throws(GLError)
    /// The pixels of a picture's storage: 0x00RRGGBB.
    func read(_ storage: Picture.Storage) throws(GLError) -> [UInt32]
    /// What a window of that size would show, as ``PictureDrawer`` draws it: rows of 0xAARRGGBB, opaque.
    func compose(
        _ picture: Picture?, layers: [Layer], frame: Rect, size: Size
    ) throws(GLError) -> [UInt32]
    /// Frees storage that no picture refers to.
    func destroy(_ storage: Picture.Storage)
    /// Frees what is left of its own. Last call.
    func close()
}

/// How a GPU's buffer is read.
enum DMABufferPath {
    /// By the GPU, which has imported it.
    case imported
    /// By the CPU, row after row.
    case mapped(DisplaySurface)

    /// The part of a scanout's buffer that is shown, in memory that the CPU reads. Throws why it cannot be read so.
    static func mapping(_ buffer: DMABuffer) throws(SurfaceError) -> DMABufferPath {
        .mapped(try buffer.map())
    }
}

/// Pictures in CPU memory.
final class MemoryStore: PictureStore {
    func make(size: Size) -> Picture.Storage {
        .memory(PictureMemory(size: size))
    }

    func write(_ backing: inout SurfaceBacking, to slot: PictureSlot) {
        guard case .memory(let memory) = slot.storage else { return }
        if backing.isPublished {
            memory.copy(slot.stale, from: backing.current)
        } else {
            slot.storage = .memory(backing.giveMemory(for: memory, lacking: slot.stale))
        }
    }

    func write(
        _ surface: DisplaySurface, to slot: PictureSlot, new: Damage,
        over newest: Picture.Storage?
    ) throws(GLError) -> SurfaceError? {
        throw GLError(
            operation: "picture of a mapping", reason: "the software renderer copies it at once")
    }

    var imports: Set<DMABuffer.Identity> { [] }

    var importCount: UInt64 { 0 }

    func prepare(_ buffer: DMABuffer) throws(SurfaceError) -> DMABufferPath {
        guard buffer.isReadable else {
            throw SurfaceError(
                field: "modifier",
                reason:
                    "the software renderer cannot read \(buffer.format.fourcc) with the modifier "
                    + "\(buffer.modifier); use --renderer gl, or start the guest's display without gl=on"
            )
        }
        return try .mapping(buffer)
    }

    func write(
        _ scanout: GLScanout, to slot: PictureSlot, releasing frames: [FrameRelease]
    ) throws(GLError) {
        for frame in frames { frame.release() }
        throw GLError(
            operation: "picture of a GPU", reason: "the software renderer cannot read it")
    }

    func frame(of scanout: GLScanout, onChange: @escaping @Sendable () -> Void) -> GuestFrame? {
        nil
    }

    func release(_ frames: [FrameRelease]) {
        for frame in frames { frame.release() }
    }

    func finish(_ slot: PictureSlot) {}

    func read(_ storage: Picture.Storage) throws(GLError) -> [UInt32] {
        guard case .memory(let memory) = storage else {
            throw GLError(operation: "read-back", reason: "the picture is another ingest's")
        }
        return memory.opaquePixels()
    }

    func compose(
        _ picture: Picture?, layers: [Layer], frame: Rect, size: Size
    ) throws(GLError) -> [UInt32] {
        let pixels = UnsafeMutableBufferPointer<UInt32>.allocate(
            capacity: size.width * size.height)
        pixels.initialize(repeating: 0)
        defer { pixels.deallocate() }
        try SoftwareDrawer().draw(
            picture, layers: layers, frame: frame, window: size, to: pixels.baseAddress!,
            stride: size.width * 4)
        return Array(pixels)
    }

    func destroy(_ storage: Picture.Storage) {}

    func close() {}
}

extension DMABuffer {
    /// Whether the processor can read it: its layout is known, and so is its format.
    var isReadable: Bool { modifier == .linear && format.pixelFormat != nil }
}
