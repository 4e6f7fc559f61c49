internal import Glibc
internal import GuestDisplay
internal import Synchronization

/// Lends bytes of one message after the other. One thread.
struct BytesLender {
    private var loan = BorrowedBytes()

    /// Lends these, until ``BorrowedBytes/invalidate()``, which must come before the next loan.
    mutating func lend(_ bytes: UnsafeRawBufferPointer) -> BorrowedBytes {
        freshLoan().begin(bytes)
        return loan
    }

    /// Lends a message's pixels, which may not all have come yet.
    mutating func lend(_ payload: DBusPayload, of message: DBusMessage) -> BorrowedBytes {
        guard let rest = message.rest else { return lend(payload.bytes) }
        freshLoan().begin(
            rest, offset: message.header.frame.headerLength + payload.offset, count: payload.count)
        return loan
    }

    private mutating func freshLoan() -> BorrowedBytes {
        // Somebody has kept the last one, and still gets nothing from it.
        if !isKnownUniquelyReferenced(&loan) { loan = BorrowedBytes() }
        return loan
    }
}

/// Bytes of a message in the connection's buffer, or on their way there, lent for the time of one ``HeadSink/receive(_:)``.
///
/// Afterwards the buffer holds the next message, so a sink that keeps the surface and reads it later gets ``SurfaceError`` instead of another
/// picture's bytes. Any thread.
final class BorrowedBytes: SurfaceMemory, @unchecked Sendable {
    private(set) var byteCount = 0
    /// Under `lock`, as the next two.
    private var bytes: UnsafeRawBufferPointer?
    private var rest: DBusMessageReader?
    private var offset = 0
    /// Whether `rest` is to be asked first.
    private let isOnItsWay = Atomic<Bool>(false)
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

    fileprivate func begin(_ rest: DBusMessageReader, offset: Int, count: Int) {
        bytes = nil
        self.rest = rest
        self.offset = offset
        byteCount = count
        isOnItsWay.store(true, ordering: .relaxed)
    }

    var isArriving: Bool { isOnItsWay.load(ordering: .acquiring) }

    var receiveNanoseconds: UInt64 { rest?.restNanoseconds ?? 0 }

    func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) throws(SurfaceError) {
        if isOnItsWay.load(ordering: .acquiring) { try fetch() }
        pthread_rwlock_rdlock(lock)
        defer { pthread_rwlock_unlock(lock) }
        guard let bytes else {
            throw SurfaceError(
                field: "data", reason: "read after the call that lent it; copy it in the call")
        }
        body(bytes)
    }

    func withStretches(
        _ count: Int, unit: Int, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(SurfaceError) {
        guard isOnItsWay.load(ordering: .acquiring) else {
            return try withFirstBytes(count, body)
        }
        pthread_rwlock_wrlock(lock)
        defer { pthread_rwlock_unlock(lock) }
        guard let rest = takeRest() else { return }
        do throws(DBusWireError) {
            try rest.readStretches(from: offset, count: count, unit: unit, body)
        } catch {
            throw SurfaceError(field: "data", reason: error.description)
        }
    }

    /// Ends the loan; waits for who reads just now.
    func invalidate() {
        pthread_rwlock_wrlock(lock)
        bytes = nil
        rest = nil
        isOnItsWay.store(false, ordering: .relaxed)
        pthread_rwlock_unlock(lock)
    }

    /// All at once, for who reads it so.
    private func fetch() throws(SurfaceError) {
        pthread_rwlock_wrlock(lock)
        defer { pthread_rwlock_unlock(lock) }
        guard let rest = takeRest() else { return }
        do throws(DBusWireError) {
            bytes = UnsafeRawBufferPointer(rebasing: try rest.readWhole(from: offset)[..<byteCount])
        } catch {
            throw SurfaceError(field: "data", reason: error.description)
        }
    }

    /// It can be read once. Under `lock`.
    private func takeRest() -> DBusMessageReader? {
        isOnItsWay.exchange(false, ordering: .acquiringAndReleasing) ? rest : nil
    }
}
