internal import CShims
internal import Glibc
internal import GuestDisplay
internal import Synchronization

/// Releases frames when sync files are signalled, on a thread of its own: one for all, as a queue's source for each costs more than a small copy. A sync
/// file is readable when it is signalled (Documentation/driver-api/sync_file.rst). Any thread.
final class SyncFileWaiter: Sendable {
    private struct Wait {
        let file: CInt
        let frames: [FrameRelease]
        let image: ImageFences?
    }

    private struct State {
        var waits: [UInt64: Wait] = [:]
        /// That of the newest wait.
        var number: UInt64 = 0
        var isClosed = false
    }

    /// How long the thread waits for a GPU once nobody needs it any more, in milliseconds.
    private let patience: CInt
    /// What the set calls ``end``; no wait's number.
    private static let endNumber: UInt64 = 0

    private let set: OwnedDescriptor
    /// Readable when ``close()`` was called.
    private let end: OwnedDescriptor
    private let state = Mutex(State())

    /// Starts the thread; nil where there may be no more descriptors or threads. `patience` is another in tests alone.
    init?(patience: CInt = 1000) {
        self.patience = patience
        set = OwnedDescriptor(owning: swiftvm_poll_set())
        end = OwnedDescriptor(owning: swiftvm_event())
        guard set.rawValue >= 0, end.rawValue >= 0,
            swiftvm_poll_set_add(set.rawValue, end.rawValue, SyncFileWaiter.endNumber) == 0
        else { return nil }
        let context = Unmanaged.passRetained(self).toOpaque()
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { context in
                Unmanaged<SyncFileWaiter>.fromOpaque(context!).takeRetainedValue().run()
                return nil
            }, context)
        guard code == 0 else {
            Unmanaged<SyncFileWaiter>.fromOpaque(context).release()
            return nil
        }
        pthread_detach(thread)
    }

    /// Releases the frames when the file is signalled, and has the image that was written by then forget it; false, and not, where the kernel cannot wait
    /// for it.
    func wait(
        for file: consuming OwnedDescriptor, then frames: [FrameRelease],
        image: ImageFences? = nil
    ) -> Bool {
        let file = file.take()
        // The lock is held, as the file may be signalled before this returns.
        let isAdded = state.withLock { state in
            guard !state.isClosed else { return false }
            state.number += 1
            guard swiftvm_poll_set_add(set.rawValue, file, state.number) == 0 else { return false }
            state.waits[state.number] = Wait(file: file, frames: frames, image: image)
            return true
        }
        if !isAdded { _ = OwnedDescriptor(owning: file) }
        return isAdded
    }

    /// Nothing is added from here on; the thread ends when the last frame was released, or soon.
    func close() {
        state.withLock { $0.isClosed = true }
        swiftvm_event_set(end.rawValue)
    }

    private func run() {
        var numbers = [UInt64](repeating: 0, count: 16)
        var limit: CInt = -1
        while true {
            let count = swiftvm_poll_set_wait(
                set.rawValue, &numbers, CInt(numbers.count), limit)
            for number in numbers.prefix(Int(max(count, 0))) {
                if number == SyncFileWaiter.endNumber {
                    _ = swiftvm_poll_set_remove(set.rawValue, end.rawValue)
                    limit = patience
                } else {
                    finish(number)
                }
            }
            let isLast = limit >= 0 && state.withLock { $0.waits.isEmpty }
            if isLast || count <= 0 { break }
        }
        let rest = state.withLock { state in
            state.isClosed = true
            return Array(state.waits.keys)
        }
        for number in rest { finish(number) }
    }

    private func finish(_ number: UInt64) {
        guard let wait = state.withLock({ $0.waits.removeValue(forKey: number) }) else { return }
        for frame in wait.frames { frame.release() }
        wait.image?.forgetSignalled()
        _ = swiftvm_poll_set_remove(set.rawValue, wait.file)
        _ = OwnedDescriptor(owning: wait.file)
    }
}
