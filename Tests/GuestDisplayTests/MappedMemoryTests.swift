import CShims
import Dispatch
import Foundation
import Glibc
import GuestDisplay
import Synchronization
import Testing

/// Shared memory that its owner may shrink, and descriptors that are closed once.
struct MappedMemoryTests {
    private func file(pages: Int) throws -> OwnedDescriptor {
        let descriptor = OwnedDescriptor(owning: swiftvm_memfd("test", false))
        let status = ftruncate(descriptor.rawValue, pages * 4096)
        #expect(status == 0)
        var byte: UInt8 = 7
        for page in 0..<pages { pwrite(descriptor.rawValue, &byte, 1, page * 4096) }
        return descriptor
    }

    private func isOpen(_ descriptor: CInt) -> Bool { fcntl(descriptor, F_GETFD) >= 0 }

    @Test func readsTheFile() throws {
        let owned = try file(pages: 2)
        let memory = try MappedMemory(owned.duplicate(), byteCount: 8192)
        var sum = 0
        try memory.withBytes { bytes in sum = bytes.reduce(0) { $0 + Int($1) } }
        #expect(sum == 14)
        var byte: UInt8 = 9
        pwrite(owned.rawValue, &byte, 1, 1)
        try memory.withBytes { bytes in sum = bytes.reduce(0) { $0 + Int($1) } }
        #expect(sum == 23, "a mapping is shared")
    }

    @Test(arguments: [0, -1, 4097, .max])
    func wrongLengthIsRefused(_ count: Int) throws {
        let owned = try file(pages: 1)
        let error = #expect(throws: SurfaceError.self) {
            _ = try MappedMemory(owned.duplicate(), byteCount: count)
        }
        #expect(error?.field == "mapping")
    }

    @Test func whatIsNoFileIsRefused() throws {
        var ends: [CInt] = [0, 0]
        let status = pipe(&ends)
        #expect(status == 0)
        close(ends[1])
        let owned = OwnedDescriptor(owning: ends[0])
        #expect(throws: SurfaceError.self) {
            _ = try MappedMemory(owned.duplicate(), byteCount: 10)
        }
    }

    @Test func shrunkBeforeTheRead() throws {
        let owned = try file(pages: 4)
        let memory = try MappedMemory(owned.duplicate(), byteCount: 16384)
        ftruncate(owned.rawValue, 4096)
        var ran = false
        let error = #expect(throws: SurfaceError.self) {
            try memory.withBytes { _ in ran = true }
        }
        #expect(error?.field == "mapping" && !ran)
    }

    /// The file shrinks after the check: the read comes back, and what it read is not believed.
    @Test func shrunkDuringTheRead() throws {
        let owned = try file(pages: 4)
        let memory = try MappedMemory(owned.duplicate(), byteCount: 16384)
        let number = owned.rawValue
        var first: UInt8 = 0
        var last: UInt8 = 1
        let error = #expect(throws: SurfaceError.self) {
            try memory.withBytes { bytes in
                ftruncate(number, 4096)
                first = bytes[0]
                last = bytes[3 * 4096]
            }
        }
        #expect(error?.field == "mapping")
        #expect(first == 7 && last == 0)
    }

    /// A GL driver may have a thread of its own read for its caller.
    @Test func shrunkUnderAnotherThread() throws {
        let owned = try file(pages: 4)
        let memory = try MappedMemory(owned.duplicate(), byteCount: 16384)
        let number = owned.rawValue
        let last = Atomic<UInt8>(1)
        let error = #expect(throws: SurfaceError.self) {
            try memory.withBytes { bytes in
                ftruncate(number, 4096)
                let address = Int(bitPattern: bytes.baseAddress! + 3 * 4096)
                let done = DispatchSemaphore(value: 0)
                Thread.detachNewThread {
                    let byte = UnsafeRawPointer(bitPattern: address)!.load(as: UInt8.self)
                    last.store(byte, ordering: .relaxed)
                    done.signal()
                }
                done.wait()
            }
        }
        #expect(error?.field == "mapping")
        #expect(last.load(ordering: .relaxed) == 0)
    }

    /// Two who read at the same time are both told, though only one of them finds out.
    @Test func shrunkUnderTwoReaders() throws {
        let owned = try file(pages: 4)
        let memory = try MappedMemory(owned.duplicate(), byteCount: 16384)
        let number = owned.rawValue
        var inner: SurfaceError?
        let outer = #expect(throws: SurfaceError.self) {
            try memory.withBytes { outer in
                do throws(SurfaceError) {
                    try memory.withBytes { bytes in
                        ftruncate(number, 4096)
                        _ = bytes[3 * 4096]
                    }
                } catch {
                    inner = error
                }
                ftruncate(number, 16384)
                _ = outer[3 * 4096]
            }
        }
        #expect(inner?.field == "mapping" && outer?.field == "mapping")
    }

    /// The rest of the last page reads as zeroes, without a fault.
    @Test func shrunkWithinAPage() throws {
        let owned = try file(pages: 4)
        let memory = try MappedMemory(owned.duplicate(), byteCount: 16384)
        let number = owned.rawValue
        let error = #expect(throws: SurfaceError.self) {
            try memory.withBytes { bytes in
                ftruncate(number, 3 * 4096 + 1)
                _ = bytes[3 * 4096 + 1]
            }
        }
        #expect(error?.field == "mapping")
        // Pages of it may be zeroes of ours by now.
        ftruncate(number, 16384)
        #expect(throws: SurfaceError.self) { try memory.check() }
        #expect(throws: SurfaceError.self) { try memory.withBytes { _ in } }
    }

    /// The other end of a pipe tells when the last descriptor of this one was closed.
    @Test func ownerClosesAtItsEnd() throws {
        var ends: [CInt] = [0, 0]
        let status = pipe(&ends)
        #expect(status == 0)
        defer { close(ends[0]) }
        var waiting = pollfd(fd: ends[0], events: Int16(POLLIN), revents: 0)
        do {
            let owned = OwnedDescriptor(owning: ends[1])
            let before = poll(&waiting, 1, 0)
            #expect(before == 0 && owned.rawValue == ends[1])
        }
        let after = poll(&waiting, 1, 10_000)
        #expect(after == 1 && Int32(waiting.revents) & POLLHUP != 0)
    }

    @Test func givenAwayIsNotClosed() throws {
        do {
            let owned = try file(pages: 1)
            let isOwnedOpen = isOpen(owned.rawValue)
            #expect(isOwnedOpen)
            let copy = try owned.duplicate().take()
            let flags = fcntl(copy, F_GETFD)
            #expect(flags & FD_CLOEXEC != 0)
            close(copy)
        }
        let taken = try file(pages: 1).take()
        let isStillOpen = isOpen(taken)
        #expect(isStillOpen, "given away, not closed")
        close(taken)
    }
}
