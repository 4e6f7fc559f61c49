internal import Dispatch
internal import Glibc
internal import GuestDisplay
internal import Logging
internal import Synchronization
internal import SystemPackage

/// How a listener's connection ended.
enum ListenerEnd: Hashable, Sendable {
    /// By ``ListenerConnection/close()``.
    case closed
    /// The peer closed it between two messages: the head is gone, or the virtual machine has ended.
    case peerClosed
    /// It broke; the text says how, in one line.
    case failed(String)
}

/// The listener's side of one head of QEMU's D-Bus display: a socket, a thread that reads it, and a sink.
///
/// QEMU is the server of the authentication and the caller of the methods, and does both, up to reading our properties, on its main loop:
/// **call ``start()`` before `Console.RegisterListener`**, else the whole virtual machine waits. From then on the thread always
/// reads, whatever the sink's windows do, as QEMU queues without limit what is not read.
final class ListenerConnection: Sendable {
    private struct State {
        var isStarted = false
        var isClosed = false
        var thread: pthread_t?
        var pictureSize: Size?
        var announcedSize: Size?
        var missesUpdates = false
    }

    private let socket: ListenerSocket?
    private let setupError: String?
    private let sink: any HeadSink
    private let logger: Logger
    private let authenticationTimeout: Duration
    private let replyTimeout: Duration
    private let collectingLimit: UInt64
    private let releaseLimit: Duration
    private let acceptance: DMABuffer.Acceptance
    private let onMismatch: @Sendable () -> Void
    private let onEnd: @Sendable (ListenerEnd) -> Void
    private let state = Mutex(State())
    private let finished = DispatchGroup()

    /// Takes over one end of a socketpair whose other end goes to QEMU.
    ///
    /// - Parameters:
    ///   - sink: gets the head's events, on the connection's thread.
    ///   - authenticationTimeout: how long the peer may take to authenticate us, from ``start()`` on. It covers the time until QEMU's main loop
    ///     gets to `RegisterListener`, which a busy emulated guest can hold for seconds.
    ///   - replyTimeout: how long the peer may leave an answer unread in a full socket.
    ///   - releaseLimit: how long the sink may hold a frame before QEMU is answered all the same.
    ///   - acceptance: what is taken for a dma-buf.
    ///   - onMismatch: called on the connection's thread, at most once between two scanouts, when an update lies outside the picture: QEMU 7.2
    ///     changes from graphics to VGA text without a Scanout. Only a new registration then brings the picture, so register another
    ///     connection; updates are refused until a Scanout comes. A smaller picture cannot be told from this; compare ``pictureSize``
    ///     with the console's properties Width and Height when they change.
    ///   - onEnd: called once, on the connection's thread, after the sink's last event; also after ``close()`` of a started connection.
    init(
        socket: consuming OwnedDescriptor, sink: any HeadSink, logger: Logger,
        authenticationTimeout: Duration = .seconds(30), replyTimeout: Duration = .seconds(10),
        releaseLimit: Duration = ReplyWatchdog.limit,
        collectingLimit: UInt64 = UpdateCollector.limit,
        accepting acceptance: DMABuffer.Acceptance = .dmaBuffers,
        onMismatch: @escaping @Sendable () -> Void = {},
        onEnd: @escaping @Sendable (ListenerEnd) -> Void
    ) {
        do {
            self.socket = try ListenerSocket(socket)
            setupError = nil
        } catch {
            self.socket = nil
            setupError = "the listener's socket: \(error)"
        }
        self.sink = sink
        self.logger = logger
        self.authenticationTimeout = authenticationTimeout
        self.replyTimeout = replyTimeout
        self.releaseLimit = releaseLimit
        self.collectingLimit = collectingLimit
        self.acceptance = acceptance
        self.onMismatch = onMismatch
        self.onEnd = onEnd
    }

    /// The size of the picture that QEMU last sent; nil before the first, while the display is off, when the last was refused, and while a dma-buf is
    /// shown: QEMU tells every change of those, and the console may be another size than the buffer.
    var pictureSize: Size? { state.withLock { $0.pictureSize } }

    /// Whether updates of that picture were refused: a size that was told late was not its own. Only a new registration brings them.
    var missesUpdates: Bool { state.withLock { $0.missesUpdates } }

    /// The console has that size now: updates of a picture of another size belong to a surface that was not told, and are refused until the next
    /// scanout. Any thread.
    func announce(_ size: Size) {
        state.withLock { $0.announcedSize = size }
    }

    /// Starts the thread and returns; from here on the connection holds itself until it ends. Once.
    func start() {
        let isClosed = state.withLock { state in
            precondition(!state.isStarted, "a listener connection starts once")
            state.isStarted = true
            finished.enter()
            return state.isClosed
        }
        guard !isClosed else { return end(.closed) }
        let context = Unmanaged.passRetained(self).toOpaque()
        var thread = pthread_t()
        let error = pthread_create(&thread, nil, listenerThread, context)
        guard error == 0 else {
            Unmanaged<ListenerConnection>.fromOpaque(context).release()
            return end(.failed("pthread_create: \(Errno(rawValue: error))"))
        }
        pthread_detach(thread)
    }

    /// Ends the connection; the sink hears nothing after this returns, unless the connection's own thread calls it (a sink, while it receives).
    /// Idempotent, any thread.
    func close() {
        let mustWait = state.withLock { state in
            state.isClosed = true
            socket?.shutDown()
            if !state.isStarted { socket?.closeDescriptor() }
            return state.isStarted && state.thread != pthread_self()
        }
        if mustWait { finished.wait() }
    }

    fileprivate func run() {
        state.withLock { $0.thread = pthread_self() }
        end(serve())
    }

    private func end(_ end: ListenerEnd) {
        socket?.closeDescriptor()
        finished.leave()
        onEnd(end)
    }

    private func serve() -> ListenerEnd {
        guard let socket else { return .failed(setupError ?? "no socket") }
        let sender = ReplySender(socket: socket, timeout: replyTimeout)
        // A frame may be released long after the connection has ended.
        defer { sender.end() }
        // What came just before the end is shown as well.
        let collector = UpdateCollector(sink: sink, limit: collectingLimit)
        defer { collector.flush() }
        do throws(DBusWireError) {
            try DBusAuthentication.run(
                on: socket, deadline: PollDeadline(after: authenticationTimeout))
            logger.debug("listener: authenticated")
            let reader = try reader(of: socket, collector)
            var dispatcher = ListenerDispatcher(
                sink: sink, collector: collector, logger: logger,
                watchdog: ReplyWatchdog(limit: releaseLimit, logger: logger),
                accepting: acceptance,
                announcedSize: { [unowned self] in state.withLock { $0.announcedSize } },
                onMismatch: onMismatch)
            let unwanted = PendingReply(unwantedThrough: sender)
            while !socket.isShutDown, let message = try reader.next() {
                // A message that had come whole when the connection was closed is no longer for the sink.
                if socket.isShutDown { break }
                // Said once, and true until the next scanout: a console's size may be told late, or not at all. Before the sender knows that it was taken, as it may
                // then tell the next.
                if message.header.member.hasPrefix("Scanout") {
                    state.withLock { $0.announcedSize = nil }
                }
                dispatcher.handle(
                    message,
                    reply: message.header.expectsReply
                        ? PendingReply(to: message.header, through: sender) : unwanted)
                let (size, missesUpdates) = (dispatcher.pictureSize, dispatcher.missesUpdates)
                state.withLock { state in
                    state.pictureSize = size
                    state.missesUpdates = missesUpdates
                }
            }
        } catch {
            if socket.isShutDown && sender.failure == nil { return .closed }
            return .failed("listener: \(sender.failure ?? error)")
        }
        if let failure = sender.failure { return .failed("listener: \(failure)") }
        return socket.isShutDown ? .closed : .peerClosed
    }

    private func reader(
        of socket: ListenerSocket, _ collector: UpdateCollector
    ) throws(DBusWireError) -> DBusMessageReader {
        do throws(Errno) {
            return try DBusMessageReader(socket: socket, collector: collector)
        } catch {
            throw DBusWireError("no memory for messages: mmap: \(error)")
        }
    }
}

/// The thread's first function: not a closure, which would take its surroundings' isolation along.
private func listenerThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    Unmanaged<ListenerConnection>.fromOpaque(context!).takeRetainedValue().run()
    return nil
}
