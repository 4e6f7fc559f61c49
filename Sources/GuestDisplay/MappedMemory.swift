internal import CShims
internal import Glibc
internal import Synchronization
internal import SystemPackage

/// A read-only mapping of shared memory whose owner may shrink it while it is read (QEMU's cannot be sealed).
public final class MappedMemory: SurfaceMemory, @unchecked Sendable {
    private let descriptor: CInt
    private let base: UnsafeMutableRawPointer
    /// Whether it was found too short once: pages of it may be zeroes of ours since, whatever the file has.
    private let isLost = Atomic(false)

    /// How many bytes were mapped.
    public let byteCount: Int
    /// Whether a page may have to be fetched from somewhere: the file is not one in memory (memfd_create(2), tmpfs).
    public let waitsForDevices: Bool
    /// Kinds of files, as fstatfs(2) tells them (linux/magic.h: HUGETLBFS_MAGIC, TMPFS_MAGIC).
    private static let hugePages = 0x9584_58f6
    private static let memoryFiles = 0x0102_1994
    /// True: its owner writes it.
    public var isShared: Bool { true }

    /// Maps the first `byteCount` bytes of the file. Throws when the file is shorter (field `mapping`), when the number is out
    /// of range, or when mmap(2) fails.
    public init(_ owned: consuming OwnedDescriptor, byteCount: Int) throws(SurfaceError) {
        guard byteCount > 0, byteCount <= Int(Int32.max) * 2 else {
            throw SurfaceError(field: "mapping", reason: "\(byteCount) bytes is out of range")
        }
        try MappedMemory.check(owned.rawValue, holds: byteCount)
        let kind = swiftvm_file_system(owned.rawValue)
        guard kind != -1 else {
            throw SurfaceError(field: "mapping", reason: "fstatfs: \(Errno(rawValue: errno))")
        }
        // The guard replaces single pages, which a mapping of these does not let it do.
        guard kind != MappedMemory.hugePages else {
            throw SurfaceError(
                field: "mapping", reason: "memory in huge pages cannot be read safely")
        }
        waitsForDevices = kind != MappedMemory.memoryFiles
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

    /// Throws (field `mapping`) when the file does not have all its bytes any more, or did not once when it was read.
    public func check() throws(SurfaceError) {
        try MappedMemory.check(descriptor, holds: byteCount)
        if isLost.load(ordering: .relaxed) { throw .shrank }
    }

    /// Checks that the file still has all its bytes, then runs `body` under a SIGBUS guard; `body` may have other threads read, or the kernel, until it
    /// returns. Throws (field `mapping`) when the file has shrunk before or while `body` ran.
    public func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) throws(SurfaceError) {
        try check()
        var isWhole = MappedMemory.guardedRead(base, byteCount, body)
        // The rest of a file's last page reads as zeroes, and the kernel gets an error instead of a signal: the guard sees neither.
        do throws(SurfaceError) {
            try MappedMemory.check(descriptor, holds: byteCount)
        } catch {
            isWhole = false
        }
        if isWhole { return }
        isLost.store(true, ordering: .relaxed)
        throw .shrank
    }

    /// Runs `body` with mapped bytes under a SIGBUS guard; false when some were no longer there, and read as zeroes.
    static func guardedRead(
        _ base: UnsafeMutableRawPointer, _ byteCount: Int,
        _ body: (UnsafeRawBufferPointer) -> Void
    ) -> Bool {
        let reading = swiftvm_guard_begin(base, byteCount)
        body(UnsafeRawBufferPointer(start: base, count: byteCount))
        return swiftvm_guard_end(reading)
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

extension SurfaceError {
    fileprivate static let shrank = SurfaceError(
        field: "mapping", reason: "the memory shrank while it was read")
}
