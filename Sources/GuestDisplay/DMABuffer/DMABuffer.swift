internal import CShims
internal import Glibc
internal import SystemPackage

/// A picture in dma-bufs: memory that the kernel shares between devices. Checked: every row of the format's planes lies in its buffer.
public final class DMABuffer: Sendable {
    /// One plane.
    public final class Plane: Sendable {
        /// The dma-buf; owned.
        public let descriptor: OwnedDescriptor
        /// Bytes from the buffer's start to the plane's first row.
        public let offset: Int
        /// Bytes from one row to the next.
        public let stride: Int

        /// Takes over the descriptor.
        public init(descriptor: consuming OwnedDescriptor, offset: Int, stride: Int) {
            self.descriptor = descriptor
            self.offset = offset
            self.stride = stride
        }
    }

    /// What makes it the same picture memory as another: the kernel's number of each buffer, and how pixels lie in them. Two descriptors of one
    /// buffer are the same; a descriptor's number says nothing.
    public struct Identity: Hashable, Sendable {
        struct Plane: Hashable, Sendable {
            let device: UInt64
            let inode: UInt64
            let offset: Int
            let stride: Int
        }

        let planes: [Plane]
        let fourcc: FourCC
        let modifier: DRMModifier
        let size: Size
    }

    /// At most so many planes (EGL_EXT_image_dma_buf_import_modifiers).
    public static let maximumPlanes = 4

    /// Its planes, one to four: the format's first, then those that the modifier adds.
    public let planes: [Plane]
    /// How its pixels lie.
    public let format: DRMFormat
    /// In what order.
    public let modifier: DRMModifier
    /// Size of the whole buffer in pixels.
    public let size: Size
    /// Which memory it is.
    public let identity: Identity

    /// Set for a buffer of one page that is too small for its picture, with what is wrong with it: right for a driver alone whose buffers lie elsewhere,
    /// virtio-gpu's (drivers/gpu/drm/virtio in Linux: a 3D resource's own memory is not used).
    public let placeholderFault: SurfaceError?

    private static let placeholderBytes = 4096

    /// What a plane's descriptor may be.
    package enum Acceptance: Sendable {
        /// A dma-buf.
        case dmaBuffers
        /// Any file that is long enough: for tests of what carries buffers about, on machines without a GPU.
        case anyFile
    }

    /// Checks all fields and takes the planes; throws the first that is wrong, by the names of QEMU's protocol (`num_planes`, `fourcc`,
    /// `stride`, `offset`, `dmabuf`, `width`, `height`).
    public convenience init(
        planes: [Plane], fourcc: FourCC, modifier: DRMModifier, size: Size
    ) throws(SurfaceError) {
        try self.init(
            planes: planes, fourcc: fourcc, modifier: modifier, size: size, accepting: .dmaBuffers)
    }

    /// The same, with what the descriptors may be.
    package init(
        planes: [Plane], fourcc: FourCC, modifier: DRMModifier, size: Size,
        accepting acceptance: Acceptance
    ) throws(SurfaceError) {
        try DisplaySurface.check(size: size)
        guard let format = DRMFormat.of(fourcc) else {
            let known = DRMFormat.all.map(\.fourcc.description).joined(separator: ", ")
            throw SurfaceError(field: "fourcc", reason: "\(fourcc) is none of \(known)")
        }
        let isPlain = modifier == .linear || modifier == .invalid
        let most = isPlain ? format.planes.count : DMABuffer.maximumPlanes
        guard planes.count >= format.planes.count, planes.count <= most else {
            throw SurfaceError(
                field: "num_planes",
                reason: "\(planes.count), expected \(format.planes.count) for \(fourcc)")
        }
        var identities: [Identity.Plane] = []
        var placeholder: SurfaceError?
        for (index, plane) in planes.enumerated() {
            let shape = index < format.planes.count ? format.planes[index] : nil
            let end = try DMABuffer.end(of: plane, shape, of: size, layout: modifier)
            let file = try DMABuffer.file(of: plane.descriptor, acceptance)
            if file.byteCount < end {
                let fault = SurfaceError(
                    field: "dmabuf",
                    reason: "plane \(index) has \(file.byteCount) bytes, expected at least \(end): "
                        + "offset \(plane.offset), stride \(plane.stride), \(size)")
                // virtio-gpu's buffers whose pixels are the host's have one page here, whatever their size, and no layout that means anything.
                let mayBePlaceholder =
                    modifier == .invalid && file.byteCount == DMABuffer.placeholderBytes
                    && plane.offset == 0
                guard mayBePlaceholder else { throw fault }
                placeholder = placeholder ?? fault
            }
            identities.append(
                Identity.Plane(
                    device: file.device, inode: file.inode, offset: plane.offset,
                    stride: plane.stride))
        }
        self.planes = planes
        self.format = format
        self.modifier = modifier
        self.size = size
        placeholderFault = placeholder
        identity = Identity(
            planes: identities, fourcc: fourcc, modifier: modifier, size: size)
    }

    // Where the plane's last row ends in its buffer. The rows of a plane that a modifier adds are the driver's business.
    private static func end(
        of plane: Plane, _ shape: DRMFormat.Plane?, of size: Size, layout: DRMModifier
    ) throws(SurfaceError) -> Int {
        guard plane.offset >= 0, plane.offset <= Int(UInt32.max) else {
            throw SurfaceError(field: "offset", reason: "\(plane.offset) is out of range")
        }
        guard plane.stride > 0, plane.stride <= SurfaceLimits.maximumStride else {
            throw SurfaceError(
                field: "stride",
                reason: "\(plane.stride) bytes, expected 1 to \(SurfaceLimits.maximumStride)")
        }
        guard let shape else { return plane.offset + 1 }
        let across = (size.width + shape.horizontalSubsampling - 1) / shape.horizontalSubsampling
        let down = (size.height + shape.verticalSubsampling - 1) / shape.verticalSubsampling
        let rowBytes = across * shape.bytesPerSample
        // Arm's compressed layouts count something else as a stride.
        if layout.rawValue >> 56 == 8 { return plane.offset + 1 }
        guard plane.stride >= rowBytes else {
            throw SurfaceError(
                field: "stride", reason: "\(plane.stride) bytes, expected at least \(rowBytes)")
        }
        return plane.offset + plane.stride * (down - 1) + rowBytes
    }

    private static func file(
        of descriptor: borrowing OwnedDescriptor, _ acceptance: Acceptance
    ) throws(SurfaceError) -> (device: UInt64, inode: UInt64, byteCount: Int) {
        guard acceptance == .anyFile || swiftvm_is_dma_buf(descriptor.rawValue) else {
            throw SurfaceError(field: "dmabuf", reason: "the descriptor is no dma-buf")
        }
        var status = stat()
        guard fstat(descriptor.rawValue, &status) == 0 else {
            throw SurfaceError(field: "dmabuf", reason: "fstat: \(Errno(rawValue: errno))")
        }
        // The inode's size is 0 before Linux 5.3; seeking tells it in all.
        let end = lseek(descriptor.rawValue, 0, SEEK_END)
        lseek(descriptor.rawValue, 0, SEEK_SET)
        return (
            UInt64(status.st_dev), UInt64(status.st_ino), max(Int(status.st_size), Int(end))
        )
    }

    /// Has the CPU read its first plane, row after row. Throws (field `modifier`) unless it is known to be linear and of a format that CPU memory
    /// has too, and what mmap(2) reports.
    public func map() throws(SurfaceError) -> DisplaySurface {
        guard modifier == .linear else {
            throw SurfaceError(
                field: "modifier", reason: "\(modifier) is not known to be row after row")
        }
        guard let pixelFormat = format.pixelFormat else {
            throw SurfaceError(
                field: "fourcc", reason: "\(format.fourcc) cannot be read by the processor")
        }
        let plane = planes[0]
        let byteCount = try DisplaySurface.byteCount(
            width: size.width, height: size.height, stride: plane.stride, offset: plane.offset,
            format: pixelFormat)
        let copy: OwnedDescriptor
        do throws(Errno) {
            copy = try plane.descriptor.duplicate()
        } catch {
            throw SurfaceError(field: "dmabuf", reason: "fcntl: \(error)")
        }
        return try DisplaySurface(
            width: size.width, height: size.height, stride: plane.stride, offset: plane.offset,
            format: pixelFormat, memory: try DMABufferMemory(copy, byteCount: byteCount))
    }

    /// Returns when devices have drawn what they are drawing into the buffer now, or after that time.
    public func waitForDevices(atMost limit: Duration) {
        let end = ContinuousClock.now + limit
        for plane in planes {
            // Readable: nobody writes any more (Documentation/driver-api/dma-buf.rst, "Implicit Fence Poll Support").
            var state = pollfd(fd: plane.descriptor.rawValue, events: Int16(POLLIN), revents: 0)
            var result: CInt
            repeat {
                let left = max((end - ContinuousClock.now) / .milliseconds(1), 0)
                result = poll(&state, 1, CInt(left.rounded(.up)))
            } while result < 0 && errno == EINTR
        }
    }

    /// Whether devices may be drawing into the buffer now: it is readable when none is (Documentation/driver-api/dma-buf.rst, "Implicit Fence Poll
    /// Support").
    public func isDrawnByDevices(plane: Int) -> Bool { !planes[plane].descriptor.isReadable }

    /// A fence behind what devices draw into the buffer now, as a sync file for ``EGL_ANDROID_native_fence_sync``; nil where the kernel cannot (before
    /// Linux 6.0) or nothing is drawn.
    public func exportFence(of plane: Int) -> OwnedDescriptor? {
        let file = swiftvm_dma_buf_fence(planes[plane].descriptor.rawValue)
        return file < 0 ? nil : OwnedDescriptor(owning: file)
    }
}

/// A linear dma-buf as the CPU sees it. Each reading is between the calls that tell the kernel of it (`DMA_BUF_IOCTL_SYNC`).
final class DMABufferMemory: SurfaceMemory, @unchecked Sendable {
    private let descriptor: OwnedDescriptor
    private let base: UnsafeMutableRawPointer
    let byteCount: Int
    var isShared: Bool { true }
    var waitsForDevices: Bool { true }

    init(_ owned: consuming OwnedDescriptor, byteCount: Int) throws(SurfaceError) {
        guard
            let base = mmap(nil, byteCount, PROT_READ, MAP_SHARED, owned.rawValue, 0),
            base != MAP_FAILED
        else {
            throw SurfaceError(field: "dmabuf", reason: "mmap: \(Errno(rawValue: errno))")
        }
        self.base = base
        self.byteCount = byteCount
        descriptor = owned
    }

    deinit {
        munmap(base, byteCount)
    }

    /// Throws (field `dmabuf`) when the kernel refuses, or the memory is gone: its device was removed.
    func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) throws(SurfaceError) {
        guard swiftvm_dma_buf_begin_read(descriptor.rawValue) == 0 else {
            throw SurfaceError(
                field: "dmabuf", reason: "DMA_BUF_IOCTL_SYNC: \(Errno(rawValue: errno))")
        }
        defer { _ = swiftvm_dma_buf_end_read(descriptor.rawValue) }
        let whole = MappedMemory.guardedRead(base, byteCount, body)
        if !whole {
            throw SurfaceError(field: "dmabuf", reason: "the memory went away while it was read")
        }
    }
}
