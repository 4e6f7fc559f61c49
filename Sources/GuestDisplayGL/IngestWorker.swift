internal import Dispatch
internal import GuestDisplay
internal import Logging
internal import Synchronization

/// The ingest thread, its context and the rings of its heads. Heads hold it, so that it outlives them.
final class IngestWorker: @unchecked Sendable {
    let logger: Logger
    let releasePolicy: ReleasePolicy
    /// How long a window may take to draw; ``ReleasePolicy/drawLimit`` but in tests.
    let drawLimit: Duration
    /// Where pictures are kept; nil after the end. Ingest thread only.
    private(set) var store: (any PictureStore)?
    /// The rings that live, to be destroyed at the end. Ingest thread only.
    private var rings: [ObjectIdentifier: HeadRings] = [:]
    /// How long a source waits to tell its sender that a buffer cannot be imported. Set by tests alone, before the first event.
    var importLimit = DispatchTimeInterval.milliseconds(250)
    /// The buffers that are imported, which need not be tried again.
    private let imported = Mutex<Set<DMABuffer.Identity>>([])
    /// How many there were when they were last noted. Ingest thread only.
    private var importCount: UInt64 = 0
    /// The ingest's own context, for others to share with.
    private var context: GLContext?
    private var thread: IngestThread!

    /// Whether it has a context; known when it has started.
    var hasGL: Bool { context != nil }

    private init(releasePolicy: ReleasePolicy, drawLimit: Duration, logger: Logger) {
        self.logger = logger
        self.drawLimit = drawLimit
        self.releasePolicy = releasePolicy
    }

    /// Starts the thread; returns when the context is made, with the renderer's description.
    static func start(
        _ renderer: Ingest.Renderer, releasePolicy: ReleasePolicy, drawLimit: Duration,
        logger: Logger
    ) throws(GLError) -> (IngestWorker, String) {
        let worker = IngestWorker(
            releasePolicy: releasePolicy, drawLimit: drawLimit, logger: logger)
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
        thread.enqueue(.closure(job))
    }

    /// Runs what is done again and again on the ingest thread; as above.
    @discardableResult
    func enqueue(_ job: any IngestJob) -> Bool {
        thread.enqueue(.object(job))
    }

    /// Runs what needs no context at once on the calling thread, while the ingest thread has nothing to do; false, and not run, otherwise.
    func runInPlace(_ job: any IngestJob) -> Bool {
        !hasGL && thread.runInPlace(job)
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

    /// The event as a head can take it, and for a scanout how its pixels come: a GPU's buffer is imported, or mapped where it can be read so and
    /// not imported. Waits for the ingest thread, which waits for nobody. Throws why a buffer cannot be shown; a trial is what was not known in time.
    func prepared(
        _ event: DisplayEvent
    ) throws(SurfaceError) -> (event: DisplayEvent, path: String, trial: ImportTrial?) {
        switch event {
        case .scanout(.surface(let surface)):
            return (event, surface.memory.isShared ? "shared memory" : "bytes", nil)
        case .scanout(.gl(let scanout)):
            guard case .dmaBuffer(let buffer) = scanout.storage else {
                return (event, "texture", nil)
            }
            return try prepared(event, scanout, buffer)
        case .scanout(.off), .update, .cursor, .cursorPosition:
            return (event, "", nil)
        }
    }

    private func prepared(
        _ event: DisplayEvent, _ scanout: GLScanout, _ buffer: DMABuffer
    ) throws(SurfaceError) -> (event: DisplayEvent, path: String, trial: ImportTrial?) {
        let kind = "dma-buf \(buffer.format.fourcc), modifier \(buffer.modifier)"
        let importedPath = "\(kind), imported"
        // A guest that flips sixty times a second does not wait each time.
        if imported.withLock({ $0.contains(buffer.identity) }) { return (event, importedPath, nil) }
        let trial = ImportTrial()
        let accepted = enqueue { [self] in
            do throws(SurfaceError) {
                guard let store else { throw .ended }
                let path = try store.prepare(buffer)
                _ = noteImports()
                trial.end(.success(path))
            } catch {
                trial.end(.failure(error))
            }
        }
        guard accepted else { throw .ended }
        // What can be read by the processor goes another way if it is not imported. All else comes through the GPU or not at all: a source that
        // waited for a busy one would not hear the guest meanwhile.
        let outcome = trial.wait(
            until: buffer.isReadable ? .distantFuture : .now() + importLimit)
        switch try outcome?.get() {
        case nil:
            return (event, importedPath, trial)
        case .imported:
            return (event, importedPath, nil)
        case .mapped(let surface):
            return (
                .scanout(.surface(try surface.part(scanout))), "\(kind), read by the processor",
                nil
            )
        }
    }

    /// How many buffers were imported so far. Ingest thread, after something may have been: an import may have put an older one out.
    func noteImports() -> UInt64 {
        guard let store, store.importCount != importCount else { return importCount }
        importCount = store.importCount
        let imports = store.imports
        imported.withLock { $0 = imports }
        return importCount
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
            let context = try GLContext(
                display: display,
                prefersES: display.extensions.contains("EGL_EXT_image_dma_buf_import"))
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

extension SurfaceError {
    fileprivate static let ended = SurfaceError(
        field: "scanout", reason: "the viewer's ingest has ended")
}

extension DisplaySurface {
    /// The part of a mapped buffer that a scanout shows.
    fileprivate func part(_ scanout: GLScanout) throws(SurfaceError) -> DisplaySurface {
        let crop = scanout.crop
        // A picture from its last row on lies in memory as far from the end as the crop is from the top.
        let row = scanout.isTopDown ? crop.y : scanout.backingSize.height - crop.maxY
        return try DisplaySurface(
            width: crop.width, height: crop.height, stride: stride,
            offset: offset + row * stride + crop.x * format.bytesPerPixel, format: format,
            isTopDown: scanout.isTopDown, memory: memory)
    }
}
