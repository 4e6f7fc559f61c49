internal import CShims
internal import Glibc
internal import SystemPackage

/// A read-only mapping of shared memory whose owner may shrink it while it is read (QEMU's cannot be sealed).
public final class MappedMemory: SurfaceMemory, @unchecked Sendable {
    private let descriptor: CInt
    private let base: UnsafeMutableRawPointer

    /// How many bytes were mapped.
    public let byteCount: Int
    /// True: its owner writes it.
    public var isShared: Bool { true }

    /// Maps the first `byteCount` bytes of the file. Throws when the file is shorter (field `mapping`), when the number is out
    /// of range, or when mmap(2) fails.
    public init(_ owned: consuming OwnedDescriptor, byteCount: Int) throws(SurfaceError) {
        guard byteCount > 0, byteCount <= Int(Int32.max) * 2 else {
            throw SurfaceError(field: "mapping", reason: "\(byteCount) bytes is out of range")
        }
        try MappedMemory.check(owned.rawValue, holds: byteCount)
        guard
            let base = mmap(nil, byteCount, PROT_READ, MAP_SHARED, owned.rawValue, 0),
            base != MAP_FAILED
        else {
            throw SurfaceError(field: "mapping", reason: "mmap: \(Errno(rawValue: errno))")
        }
        self.base = base
        self.byteCount = byteCount
        descriptor = owned.take()
    }

    deinit {
        munmap(base, byteCount)
        Glibc.close(descriptor)
    }

    /// Checks that the file still has all its bytes, then runs `body` under a SIGBUS guard. Throws (field `mapping`) when the
    /// file has shrunk before or while `body` ran.
    public func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) throws(SurfaceError) {
        try MappedMemory.check(descriptor, holds: byteCount)
        let whole = MappedMemory.guardedRead(base, byteCount, body)
        if !whole {
            throw SurfaceError(field: "mapping", reason: "the memory shrank while it was read")
        }
    }

    /// Runs `body` with mapped bytes under a SIGBUS guard; false when some were no longer there, and read as zeroes.
    static func guardedRead(
        _ base: UnsafeMutableRawPointer, _ byteCount: Int,
        _ body: (UnsafeRawBufferPointer) -> Void
    ) -> Bool {
        withoutActuallyEscaping(body) { body in
            var call: () -> Void = {
                body(UnsafeRawBufferPointer(start: base, count: byteCount))
            }
            return withUnsafeMutablePointer(to: &call) { context in
                swiftvm_guarded_read(
                    { context in
                        context!.assumingMemoryBound(to: (() -> Void).self).pointee()
                    }, context, base, byteCount)
            }
        }
    }

    private static func check(_ descriptor: CInt, holds byteCount: Int) throws(SurfaceError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw SurfaceError(field: "mapping", reason: "fstat: \(Errno(rawValue: errno))")
        }
        guard status.st_size >= byteCount else {
            throw SurfaceError(
                field: "mapping",
                reason: "the file has \(status.st_size) bytes, expected at least \(byteCount)")
        }
    }
}
