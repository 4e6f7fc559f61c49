import Glibc
import GuestDisplay
import Synchronization
import Testing

@testable import GuestDisplayGL

/// The wait for sync files; a pipe is as readable as one.
struct SyncFileWaiterTests {
    @Test func `each frame is released when its own file is signalled`() throws {
        let waiter = try #require(SyncFileWaiter())
        defer { waiter.close() }
        var pipes: [(end: CInt, count: Count)] = []
        for _ in 0..<40 {
            let (file, end) = try makePipe()
            let count = Count()
            #expect(wait(file, count, with: waiter))
            pipes.append((end, count))
        }
        for (end, count) in pipes.reversed() {
            #expect(count.value == 0)
            write(end, "x", 1)
            #expect(try count.becomes(1))
            // Its file is closed soon after.
            var state = pollfd(fd: end, events: 0, revents: 0)
            #expect(poll(&state, 1, 10_000) == 1 && state.revents & Int16(POLLERR) != 0)
            close(end)
        }
    }

    @Test func `another descriptor of the file may stay open`() throws {
        let waiter = try #require(SyncFileWaiter())
        defer { waiter.close() }
        let (file, end) = try makePipe()
        defer {
            close(file)
            close(end)
        }
        write(end, "x", 1)
        for _ in 0..<3 {
            let count = Count()
            #expect(
                wait(fcntl(file, F_DUPFD_CLOEXEC, 0), count, with: waiter))
            #expect(try count.becomes(1))
        }
    }

    @Test func `after the end what was there is still released, and nothing is added`() throws {
        let (file, end) = try makePipe()
        let count = Count()
        do {
            let waiter = try #require(SyncFileWaiter(patience: 600_000))
            #expect(wait(file, count, with: waiter))
            waiter.close()
            let (late, lateEnd) = try makePipe()
            defer { close(lateEnd) }
            let lateCount = Count()
            #expect(!wait(late, lateCount, with: waiter))
            #expect(try lateCount.becomes(1), "with its last reference")
        }
        #expect(count.value == 0)
        close(end)
        #expect(try count.becomes(1))
    }

    @Test func `after the end a GPU that does not answer is not waited for`() throws {
        let (silent, end) = try makePipe()
        defer { close(end) }
        let count = Count()
        let waiter = try #require(SyncFileWaiter(patience: 1))
        #expect(wait(silent, count, with: waiter))
        waiter.close()
        #expect(try count.becomes(1))
    }

    private func wait(_ file: CInt, _ count: Count, with waiter: SyncFileWaiter) -> Bool {
        waiter.wait(for: OwnedDescriptor(owning: file), then: [count.makeRelease()])
    }

    private func makePipe() throws -> (read: CInt, write: CInt) {
        var ends: [CInt] = [-1, -1]
        // Programs that other tests start meanwhile must not keep them open.
        try #require(pipe(&ends) == 0)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    /// How often frames were released.
    private final class Count: Sendable {
        private let count = Mutex(0)

        var value: Int { count.withLock { $0 } }

        func makeRelease() -> FrameRelease {
            FrameRelease { self.count.withLock { $0 += 1 } }
        }

        func becomes(_ expected: Int) throws -> Bool {
            for _ in 0..<1000 {
                if value == expected { return true }
                usleep(10_000)
            }
            return false
        }
    }
}
