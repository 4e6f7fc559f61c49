internal import CShims
internal import Glibc
public import GuestDisplay
internal import SystemPackage

/// Shared memory of a test, as QEMU shares a surface: it can be written and shrunk while others map it.
public final class SharedFile: Sendable {
    /// The memfd; lent.
    public let descriptor: CInt

    /// A memfd with these bytes.
    public init(_ bytes: [UInt8]) throws(ScriptError) {
        descriptor = swiftvm_memfd("surface", false)
        guard descriptor >= 0 else {
            throw ScriptError("memfd_create: \(Errno(rawValue: errno))")
        }
        try write(bytes)
    }

    deinit {
        close(descriptor)
    }

    /// Writes bytes at an offset.
    public func write(_ bytes: [UInt8], at offset: Int = 0) throws(ScriptError) {
        guard pwrite(descriptor, bytes, bytes.count, off_t(offset)) == bytes.count else {
            throw ScriptError("pwrite: \(Errno(rawValue: errno))")
        }
    }

    /// A descriptor of it for somebody who owns it.
    public func duplicate() throws(ScriptError) -> OwnedDescriptor {
        let copy = swiftvm_duplicate(descriptor)
        guard copy >= 0 else { throw ScriptError("fcntl: \(Errno(rawValue: errno))") }
        return OwnedDescriptor(owning: copy)
    }

    /// Makes it that long.
    public func resize(to byteCount: Int) {
        ftruncate(descriptor, off_t(byteCount))
    }
}
