internal import Dispatch
public import GuestDisplay
public import Logging
internal import Synchronization

/// What brings guests' pictures into rings of immutable pictures: one thread of its own, with a surfaceless EGL context for GL, without
/// one for software rendering.
///
/// One for each GPU; any number of heads. Any thread may call.
public final class Ingest: Sendable {
    /// How pictures are kept.
    public enum Renderer: Sendable {
        /// As rows in CPU memory.
        case software
        /// As textures of a context on that display.
        case gl(EGLDisplayHandle)
    }

    /// What draws, for a user to read: `software`, or GL's renderer and EGL's version.
    public let rendererDescription: String

    let worker: IngestWorker

    /// Starts the thread and makes its context on it; returns when both are there. Throws what is missing for `.gl`; `.software` never
    /// throws. `releasePolicy` is for pictures that a GPU holds.
    public convenience init(
        _ renderer: Renderer, releasePolicy: ReleasePolicy = .afterCopy, logger: Logger
    ) throws(GLError) {
        try self.init(
            renderer, releasePolicy: releasePolicy, drawLimit: ReleasePolicy.drawLimit,
            logger: logger)
    }

    init(
        _ renderer: Renderer, releasePolicy: ReleasePolicy, drawLimit: Duration, logger: Logger
    ) throws(GLError) {
        let (worker, description) = try IngestWorker.start(
            renderer, releasePolicy: releasePolicy, drawLimit: drawLimit, logger: logger)
        self.worker = worker
        rendererDescription = description
        logger.debug("ingest: \(description)")
    }

    deinit {
        worker.stop()
    }

    /// A new head with no picture yet. It lives as long as it is referenced, also beyond this object, but shows nothing new after
    /// ``stop()``.
    public func makeHead() -> IngestHead {
        IngestHead(worker: worker)
    }

    /// A context that shares the ingest's textures, for a source that draws into textures itself
    /// (`GLScanout.Storage.texture`). Throws for software rendering, or what EGL reports.
    public func makeSharingContext() throws(GLError) -> GLContext {
        try worker.makeSharingContext()
    }

    /// Ends the thread and waits for it; GL objects are gone then, except images whose pictures are still held. Idempotent.
    public func stop() {
        worker.stop()
    }
}
