internal import Glibc
internal import SystemPackage

/// Room for the longest message, page-aligned and reused for every message of a connection.
///
/// All of it is reserved at once as address space only (mmap(2), MAP_NORESERVE): a page becomes memory when a byte arrives in it, so that a
/// message which merely announces a great length costs nothing, and a long one is never moved to grow. Pages that the last messages did not
/// need are given back. Not thread-safe: for the thread that reads.
struct ReceiveBuffer: ~Copyable {
    /// The longest message, and room to read on beyond a short one.
    static let capacity = DBusLimits.maximumMessage + readAhead
    /// How much is read at once when no more is known to come.
    static let readAhead = 64 << 10
    /// After how many messages unused pages are given back.
    static let trimInterval = 64

    private let base: UnsafeMutableRawPointer
    /// Bytes that were received and are not yet consumed.
    private(set) var start = 0
    private(set) var end = 0
    private var messagesSinceTrim = 0
    private var peakSinceTrim = 0
    private var peak = 0

    init() throws(Errno) {
        guard
            let base = mmap(
                nil, ReceiveBuffer.capacity, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0), base != MAP_FAILED
        else { throw Errno(rawValue: errno) }
        self.base = base
    }

    deinit {
        munmap(base, ReceiveBuffer.capacity)
    }

    var count: Int { end - start }

    /// What was received and not yet consumed.
    var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base + start, count: count)
    }

    /// Room for the next read, when the message at the start has `wanted` bytes: exactly its rest when that is long, so that nothing of the next
    /// message has to be moved; else ``readAhead``.
    mutating func room(for wanted: Int) -> UnsafeMutableRawBufferPointer {
        if start > 0 {
            // Less than `readAhead` bytes, see above, or one row of a picture.
            if count > 0 { memmove(base, base + start, count) }
            end -= start
            start = 0
        }
        let rest = max(wanted - end, ReceiveBuffer.readAhead)
        return UnsafeMutableRawBufferPointer(
            start: base + end, count: min(rest, ReceiveBuffer.capacity - end))
    }

    /// Tells that so many bytes were read into the room.
    mutating func received(_ byteCount: Int) {
        end += byteCount
        peak = max(peak, end)
        peakSinceTrim = max(peakSinceTrim, end)
    }

    /// Drops bytes at the start.
    mutating func consume(_ byteCount: Int) {
        start += byteCount
    }

    /// Tells that all of a message was dropped.
    mutating func endMessage() {
        messagesSinceTrim += 1
        guard messagesSinceTrim >= ReceiveBuffer.trimInterval else { return }
        let page = 4096
        let kept = (max(peakSinceTrim, end) + page - 1) & ~(page - 1)
        if peak > kept {
            madvise(base + kept, ReceiveBuffer.capacity - kept, Int32(MADV_DONTNEED))
            peak = kept
        }
        messagesSinceTrim = 0
        peakSinceTrim = 0
    }
}
