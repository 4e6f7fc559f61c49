internal import CShimsTesting
internal import Glibc
public import GuestDisplay
internal import SystemPackage

/// A dma-buf of vgem: memory that no GPU owns and the test fills byte by byte. Any thread.
public final class VGEMBuffer: Sendable {
    /// How long the dma-buf is: whole pages.
    public let byteCount: Int

    /// The dma-buf; lent.
    public var descriptor: CInt { file.rawValue }

    private let card: OwnedDescriptor
    private let handle: UInt32
    private let file: OwnedDescriptor
    nonisolated(unsafe) private let bytes: UnsafeMutableRawPointer

    /// Makes one of at least `byteCount` zeroes on vgem's card node (`SWIFTVM_VGEM_NODE`).
    public init(card path: String, byteCount wanted: Int) throws(ScriptError) {
        let card = OwnedDescriptor(owning: open(path, O_RDWR | O_CLOEXEC))
        guard card.rawValue >= 0 else { throw ScriptError("\(path): \(Errno(rawValue: errno))") }
        var handle: UInt32 = 0
        var actual = 0
        guard swiftvm_dumb_create(card.rawValue, wanted, &handle, &actual) == 0 else {
            throw ScriptError("DRM_IOCTL_MODE_CREATE_DUMB: \(Errno(rawValue: errno))")
        }
        let file = OwnedDescriptor(owning: swiftvm_dumb_export(card.rawValue, handle))
        guard file.rawValue >= 0 else {
            throw ScriptError("DRM_IOCTL_PRIME_HANDLE_TO_FD: \(Errno(rawValue: errno))")
        }
        guard let bytes = swiftvm_dumb_map(card.rawValue, handle, actual) else {
            throw ScriptError("DRM_IOCTL_MODE_MAP_DUMB: \(Errno(rawValue: errno))")
        }
        byteCount = actual
        self.card = card
        self.handle = handle
        self.file = file
        self.bytes = bytes
    }

    deinit {
        munmap(bytes, byteCount)
        swiftvm_dumb_destroy(card.rawValue, handle)
    }

    /// Writes bytes at an offset, between the calls that tell the kernel of it.
    public func write(_ content: [UInt8], at offset: Int = 0) throws(ScriptError) {
        precondition(offset >= 0 && offset + content.count <= byteCount, "beyond the buffer")
        guard swiftvm_dma_buf_write(file.rawValue, true) == 0 else {
            throw ScriptError("DMA_BUF_IOCTL_SYNC: \(Errno(rawValue: errno))")
        }
        content.withUnsafeBytes {
            if let base = $0.baseAddress { memcpy(bytes + offset, base, $0.count) }
        }
        guard swiftvm_dma_buf_write(file.rawValue, false) == 0 else {
            throw ScriptError("DMA_BUF_IOCTL_SYNC: \(Errno(rawValue: errno))")
        }
    }

    /// Writes bytes at an offset as a device does: without asking the kernel, which would wait for the fences that are there.
    public func writeAsDevice(_ content: [UInt8], at offset: Int = 0) {
        precondition(offset >= 0 && offset + content.count <= byteCount, "beyond the buffer")
        content.withUnsafeBytes {
            if let base = $0.baseAddress { memcpy(bytes + offset, base, $0.count) }
        }
    }

    /// A descriptor of the dma-buf for somebody who owns it.
    public func duplicate() throws(ScriptError) -> OwnedDescriptor {
        do { return try file.duplicate() } catch { throw ScriptError("fcntl: \(error)") }
    }

    /// Pretends that a device draws into it from now on, until the fence is signalled.
    public func beginDrawing() throws(ScriptError) -> VGEMFence {
        var number: UInt32 = 0
        guard swiftvm_vgem_fence_attach(card.rawValue, handle, &number) == 0 else {
            throw ScriptError("DRM_IOCTL_VGEM_FENCE_ATTACH: \(Errno(rawValue: errno))")
        }
        return VGEMFence(buffer: self, number: number)
    }

    fileprivate func signal(_ number: UInt32) throws(ScriptError) {
        guard swiftvm_vgem_fence_signal(card.rawValue, number) == 0 else {
            throw ScriptError("DRM_IOCTL_VGEM_FENCE_SIGNAL: \(Errno(rawValue: errno))")
        }
    }
}

/// Drawing that a test began on a ``VGEMBuffer`` and ends when it wants to. Any thread.
public final class VGEMFence: Sendable {
    private let buffer: VGEMBuffer
    private let number: UInt32

    fileprivate init(buffer: VGEMBuffer, number: UInt32) {
        self.buffer = buffer
        self.number = number
    }

    /// Ends it; once. Throws when the kernel did so before, ten seconds after the beginning.
    public func signal() throws(ScriptError) {
        try buffer.signal(number)
    }
}
