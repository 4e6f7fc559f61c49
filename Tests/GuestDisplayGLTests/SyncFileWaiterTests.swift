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
                wait(dup(file), count, with: waiter))
            #expect(try count.becomes(1))
        }
    }

    @Test func `at the end what is not signalled is released within a second or two`() throws {
        let (signalled, end) = try makePipe()
        let (silent, otherEnd) = try makePipe()
        defer { close(otherEnd) }
        let counts = [Count(), Count()]
        do {
            let waiter = try #require(SyncFileWaiter())
            #expect(
                wait(signalled, counts[0], with: waiter))
            #expect(
                wait(silent, counts[1], with: waiter))
            waiter.close()
            let (file, lateEnd) = try makePipe()
            defer { close(lateEnd) }
            let late = Count()
            #expect(!wait(file, late, with: waiter))
            #expect(try late.becomes(1), "with its last reference")
        }
        #expect(counts[0].value == 0)
        close(end)
        #expect(try counts[0].becomes(1))
        #expect(try counts[1].becomes(1))
    }

    private func wait(_ file: CInt, _ count: Count, with waiter: SyncFileWaiter) -> Bool {
        waiter.wait(for: OwnedDescriptor(owning: file), then: [count.makeRelease()])
    }

    private func makePipe() throws -> (read: CInt, write: CInt) {
        var ends: [CInt] = [-1, -1]
        try #require(pipe(&ends) == 0)
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
