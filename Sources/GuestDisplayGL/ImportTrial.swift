internal import Dispatch
internal import GuestDisplay
internal import Synchronization

/// A buffer that the ingest tries to import while its source waits, but not for long.
final class ImportTrial: Sendable {
    private struct State {
        var outcome: Result<DMABufferPath, SurfaceError>?
        var onFailure: (@Sendable (SurfaceError) -> Void)?
    }

    private let state = Mutex(State())
    private let ended = DispatchSemaphore(value: 0)

    /// How it came out; nil when that is not known in time. The source's thread, once.
    func wait(until deadline: DispatchTime) -> Result<DMABufferPath, SurfaceError>? {
        _ = ended.wait(timeout: deadline)
        return state.withLock { $0.outcome }
    }

    /// Calls that if the buffer turns out to be none that can be shown: at once when it has, and else on the ingest thread.
    func onFailure(_ body: @escaping @Sendable (SurfaceError) -> Void) {
        let outcome = state.withLock { state in
            if state.outcome == nil { state.onFailure = body }
            return state.outcome
        }
        if case .failure(let error) = outcome { body(error) }
    }

    /// Tells how it came out. The ingest thread, once.
    func end(_ outcome: Result<DMABufferPath, SurfaceError>) {
        let onFailure = state.withLock { state in
            state.outcome = outcome
            defer { state.onFailure = nil }
            return state.onFailure
        }
        if case .failure(let error) = outcome { onFailure?(error) }
        ended.signal()
    }
}
