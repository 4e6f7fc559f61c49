internal import Dispatch
internal import GuestDisplay
internal import Logging
internal import Synchronization

/// The ingest thread, its context and the rings of its heads. Heads hold it, so that it outlives them.
final class IngestWorker: @unchecked Sendable {
    let logger: Logger
    /// Where pictures are kept; nil after the end. Ingest thread only.
    private(set) var store: (any PictureStore)?
    /// The rings that live, to be destroyed at the end. Ingest thread only.
    private var rings: [ObjectIdentifier: HeadRings] = [:]
    /// The ingest's own context, for others to share with.
    private var context: GLContext?
    private var thread: IngestThread!

    /// Whether it has a context; known when it has started.
    var hasGL: Bool { context != nil }

    private init(logger: Logger) {
        self.logger = logger
    }

    /// Starts the thread; returns when the context is made, with the renderer's description.
    static func start(
        _ renderer: Ingest.Renderer, logger: Logger
    ) throws(GLError) -> (IngestWorker, String) {
        let worker = IngestWorker(logger: logger)
        let ready = DispatchSemaphore(value: 0)
        let result = Mutex<Result<String, GLError>>(.success(""))
        worker.thread = IngestThread(
            begin: {
                let outcome: Result<String, GLError>
                do throws(GLError) {
                    outcome = .success(try worker.begin(renderer))
                } catch {
                    outcome = .failure(error)
                }
                result.withLock { $0 = outcome }
                ready.signal()
            }, end: { worker.end() })
        ready.wait()
        switch result.withLock({ $0 }) {
        case .success(let description):
            return (worker, description)
        case .failure(let error):
            worker.thread.stop()
            throw error
        }
    }

    /// Runs a job on the ingest thread; false, and never, after the end.
    @discardableResult
    func enqueue(_ job: @escaping @Sendable () -> Void) -> Bool {
        thread.enqueue(job)
    }

    func stop() {
        thread.stop()
    }

    func makeSharingContext() throws(GLError) -> GLContext {
        guard let context else {
            throw GLError(
                operation: "sharing context", reason: "the software renderer has no textures")
        }
        // On the ingest thread, which alone ends its context.
        let ready = DispatchSemaphore(value: 0)
        let result = Mutex<Result<GLContext, GLError>?>(nil)
        let accepted = enqueue {
            let made: Result<GLContext, GLError>
            do throws(GLError) {
                made = .success(try GLContext(display: context.display, sharing: context))
            } catch {
                made = .failure(error)
            }
            result.withLock { $0 = made }
            ready.signal()
        }
        guard accepted else {
            throw GLError(operation: "sharing context", reason: "the ingest has ended")
        }
        ready.wait()
        return try result.withLock { $0 }!.get()
    }

    /// Remembers a head's rings until ``remove(_:)``. Ingest thread.
    func add(_ head: HeadRings) {
        rings[ObjectIdentifier(head)] = head
    }

    /// Destroys a head's rings. Ingest thread.
    func remove(_ head: HeadRings) {
        rings[ObjectIdentifier(head)] = nil
        head.close()
    }

    private func begin(_ renderer: Ingest.Renderer) throws(GLError) -> String {
        switch renderer {
        case .software:
            store = MemoryStore()
            return "software"
        case .gl(let display):
            let context = try GLContext(display: display)
            do throws(GLError) {
                try context.makeCurrent()
                store = try TextureStore(display: display)
            } catch {
                context.destroy()
                throw error
            }
            self.context = context
            return "GL: \(GLContext.rendererName) through \(display.description)"
        }
    }

    private func end() {
        for head in rings.values { head.close() }
        rings = [:]
        store?.close()
        store = nil
        context?.destroy()
    }
}
