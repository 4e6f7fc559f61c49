/// Brings a head's published content up to date, on the ingest thread or in its place.
final class HeadUpdater: Sendable {
    private let work: HeadWork
    private let worker: IngestWorker

    init(state: HeadState, worker: IngestWorker) {
        self.worker = worker
        work = HeadWork(state: state, worker: worker)
    }

    /// Has the ingest thread look at the head soon; many calls before it does are one.
    func schedule() {
        work.schedule()
    }

    /// Looks at the head at once where that needs no context and the ingest thread has nothing to do, and else as ``schedule()``: two threads' turns are saved.
    func updateNow() {
        work.updateNow()
    }

    /// The head is gone: frees its rings on the ingest thread.
    func close() {
        worker.enqueue { [work] in work.close() }
    }
}
