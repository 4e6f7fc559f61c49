internal import Glibc
internal import GuestDisplay

/// Lends bytes of one message after the other. One thread.
struct BytesLender {
    private var loan = BorrowedBytes()

    /// Lends these, until ``BorrowedBytes/invalidate()``, which must come before the next loan.
    mutating func lend(_ bytes: UnsafeRawBufferPointer) -> BorrowedBytes {
        // Somebody has kept the last one, and still gets nothing from it.
        if !isKnownUniquelyReferenced(&loan) { loan = BorrowedBytes() }
        loan.begin(bytes)
        return loan
    }
}

/// Bytes of a message in the connection's buffer, lent for the time of one ``HeadSink/receive(_:)``.
///
/// Afterwards the buffer holds the next message, so a sink that keeps the surface and reads it later gets ``SurfaceError`` instead of another
/// picture's bytes. Any thread.
final class BorrowedBytes: SurfaceMemory, @unchecked Sendable {
    private(set) var byteCount = 0
    private var bytes: UnsafeRawBufferPointer?
    /// Readers share it, the end of the loan waits for them. glibc's default lets a reader read again within.
    private let lock: UnsafeMutablePointer<pthread_rwlock_t>

    fileprivate init() {
        lock = .allocate(capacity: 1)
        pthread_rwlock_init(lock, nil)
    }

    deinit {
        pthread_rwlock_destroy(lock)
        lock.deallocate()
    }

    fileprivate func begin(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        byteCount = bytes.count
    }

    func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) throws(SurfaceError) {
        pthread_rwlock_rdlock(lock)
        defer { pthread_rwlock_unlock(lock) }
        guard let bytes else {
            throw SurfaceError(
                field: "data", reason: "read after the call that lent it; copy it in the call")
        }
        body(bytes)
    }

    /// Ends the loan; waits for who reads just now.
    func invalidate() {
        pthread_rwlock_wrlock(lock)
        bytes = nil
        pthread_rwlock_unlock(lock)
    }
}
