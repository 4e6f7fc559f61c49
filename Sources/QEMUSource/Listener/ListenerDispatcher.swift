internal import GuestDisplay
internal import Logging

/// Serves `/org/qemu/Display1/Listener`: checks each call and turns it into a ``DisplayEvent``. For the listener's thread.
///
/// A call that is wrong is refused with a ``DBusFault`` that names the field, and what was shown stays.
struct ListenerDispatcher {
    /// What later updates refer to.
    private enum Shown {
        /// Nothing to update, and why.
        case nothing(String)
        case bytes(Size)
        case mapping(Size)
        /// A dma-buf. Freeing any dma-buf arrives as Disable, also while another is shown (ui/dbus-listener.c, `dbus_release_dmabuf`), so it is kept after one:
        /// the next update says that it is still shown. If it was this one that was freed, its memory is kept until the next scanout.
        case buffer(GLScanout, isOff: Bool)
        /// A dma-buf that we cannot show. Its sender knows; its updates are answered as if it were shown, as QEMU writes a line for each that is not.
        case refusedBuffer

        /// The picture's size where updates bring bytes, or are of a mapping.
        var size: Size? {
            switch self {
            case .nothing, .buffer, .refusedBuffer: nil
            case .bytes(let size), .mapping(let size): size
            }
        }
    }

    let sink: any HeadSink
    private let collector: UpdateCollector
    let logger: Logger
    private(set) var refusals: RefusalLog
    private let watchdog: ReplyWatchdog
    private let acceptance: DMABuffer.Acceptance
    private let announcedSize: @Sendable () -> Size?
    private let onMismatch: @Sendable () -> Void
    private var shown = Shown.nothing("no scanout has come yet") {
        didSet { missesUpdates = false }
    }
    /// Whether updates of the picture that is shown were refused, as the console had been announced with another size.
    private(set) var missesUpdates = false
    private var lender = BytesLender()
    /// What the log says of the last dma-buf.
    private var toldBuffer = ""

    /// The size of the picture that updates refer to; nil when there is none, or it is a dma-buf.
    var pictureSize: Size? { shown.size }

    init(
        sink: any HeadSink, collector: UpdateCollector, logger: Logger, watchdog: ReplyWatchdog,
        accepting acceptance: DMABuffer.Acceptance,
        announcedSize: @escaping @Sendable () -> Size? = { nil },
        onMismatch: @escaping @Sendable () -> Void = {}
    ) {
        self.sink = sink
        self.collector = collector
        self.logger = logger
        self.watchdog = watchdog
        self.acceptance = acceptance
        self.announcedSize = announcedSize
        self.onMismatch = onMismatch
        refusals = RefusalLog(logger: logger)
    }

    /// Handles one message and answers it, unless a frame's release will.
    mutating func handle(_ message: DBusMessage, reply: PendingReply) {
        guard message.header.isMethodCall else { return }
        // When all is read.
        defer {
            if ListenerInterface.changesPicture(message.header.member) {
                sink.note(.receive, nanoseconds: message.receiveNanoseconds)
            }
        }
        do throws(DBusFault) {
            if let answer = try answer(message, reply: reply) {
                reply.send(answer, mayWait: true)
            }
        } catch {
            // The connection's end says it.
            if message.rest?.failure != nil { return }
            defer { reply.send(DBusReply(error), mayWait: true) }
            let member = message.header.member
            guard !error.isExpected else {
                logger.debug("listener: refused: \(error)")
                return
            }
            let isOurs = ListenerInterface.methods.contains { $0.name == member }
            refusals.note(isOurs ? member : "D-Bus call", "refused: \(error)")
        }
    }

    /// The answer; nil when a frame's release gives it.
    private mutating func answer(_ message: DBusMessage, reply: PendingReply)
        throws(DBusFault) -> DBusReply?
    {
        let header = message.header
        if let fault = message.descriptorFault { throw .invalidArguments(fault) }
        if header.interface == ListenerInterface.peer {
            // The peer is the connection's, whatever the path (specification, "org.freedesktop.DBus.Peer").
            return try StandardInterfaces.answer(message)
        }
        guard header.path == ListenerInterface.path else {
            throw .unknownObject("path: \(PeerText.quoted(header.path))")
        }
        switch (header.interface, header.member) {
        case (ListenerInterface.listener?, "Scanout"), (nil, "Scanout"):
            try scanout(message)
        case (ListenerInterface.listener?, "Update"), (nil, "Update"):
            try update(message)
        case (ListenerInterface.listener?, "ScanoutDMABUF"), (nil, "ScanoutDMABUF"):
            try scanoutBuffer(message, BufferArguments.scanout)
        case (ListenerInterface.buffers?, "ScanoutDMABUF2"), (nil, "ScanoutDMABUF2"):
            try scanoutBuffer(message, BufferArguments.scanout2)
        case (ListenerInterface.listener?, "UpdateDMABUF"), (nil, "UpdateDMABUF"):
            return try updateBuffer(message, reply: reply)
        case (ListenerInterface.listener?, "Disable"), (nil, "Disable"):
            try disable(message)
        case (ListenerInterface.listener?, "MouseSet"), (nil, "MouseSet"):
            try mouseSet(message)
        case (ListenerInterface.listener?, "CursorDefine"), (nil, "CursorDefine"):
            try cursorDefine(message)
        case (ListenerInterface.map?, "ScanoutMap"), (nil, "ScanoutMap"):
            try scanoutMap(message)
        case (ListenerInterface.map?, "UpdateMap"), (nil, "UpdateMap"):
            try updateMap(message, reply: reply)
            return nil
        case (ListenerInterface.listener?, _), (ListenerInterface.map?, _),
            (ListenerInterface.buffers?, _):
            throw .unknownMethod("member: \(PeerText.quoted(header.member))")
        default:
            if let answer = try StandardInterfaces.answer(message) { return answer }
            guard let interface = header.interface else {
                throw .unknownMethod("member: \(PeerText.quoted(header.member))")
            }
            throw .unknownInterface("interface: \(PeerText.quoted(interface))")
        }
        return .empty
    }

    // MARK: Pictures as bytes

    private mutating func scanout(_ message: DBusMessage) throws(DBusFault) {
        // From here on the sender's picture is another, also if we cannot show it.
        shown = .nothing("its scanout was refused")
        let (width, height, stride, format, data) = try message.read("uuuuay") {
            (reader) throws(DBusWireError) in
            (
                Int(try reader.uint32("width")), Int(try reader.uint32("height")),
                Int(try reader.uint32("stride")), try reader.uint32("pixman_format"),
                try reader.payload("data")
            )
        }
        let memory = lender.lend(data, of: message)
        defer { memory.invalidate() }
        let surface = try surface(
            width: width, height: height, stride: stride, offset: 0, format: format, memory)
        try deliver(.scanout(.surface(surface)))
        shown = .bytes(surface.size)
    }

    private mutating func update(_ message: DBusMessage) throws(DBusFault) {
        let (rect, stride, format, data) = try message.read("iiiiuuay") {
            (reader) throws(DBusWireError) in
            (
                try ListenerDispatcher.rectangle(&reader), Int(try reader.uint32("stride")),
                try reader.uint32("pixman_format"), try reader.payload("data")
            )
        }
        guard let size = shown.size else { throw nothingToUpdate }
        if let announced = announcedSize(), announced != size {
            missesUpdates = true
            var fault = DBusFault.invalidArguments(
                "the picture is \(size), but the console's is \(announced) now")
            fault.isExpected = true
            throw fault
        }
        guard rect.lies(within: size) else {
            let isPlausible =
                rect.lies(
                    within: Size(
                        width: SurfaceLimits.maximumExtent, height: SurfaceLimits.maximumExtent))
            if isPlausible {
                // QEMU 7.2 tells a new surface only with its first update of all rows (ui/dbus-listener.c, `dbus_gfx_switch` sends nothing), and VGA
                // text mode updates row by row: seen as 720×16+0+0 while a picture of 640×480 was shown.
                shown = .nothing("the guest's picture has another size, which was not told")
                onMismatch()
            }
            var fault = DBusFault.invalidArguments(
                "x, y, width, height: \(rect) does not lie in \(size)")
            fault.isExpected = isPlausible
            throw fault
        }
        let memory = lender.lend(data, of: message)
        defer { memory.invalidate() }
        let surface = try surface(
            width: rect.width, height: rect.height, stride: stride, offset: 0, format: format,
            memory)
        try deliver(.update(.pixels(surface, x: rect.x, y: rect.y)))
    }

    // MARK: Pictures in shared memory

    private mutating func scanoutMap(_ message: DBusMessage) throws(DBusFault) {
        shown = .nothing("its mapping was refused")
        let (index, offset, width, height, stride, format) = try message.read("huuuuu") {
            (reader) throws(DBusWireError) in
            (
                try reader.uint32("handle"), Int(try reader.uint32("offset")),
                Int(try reader.uint32("width")), Int(try reader.uint32("height")),
                Int(try reader.uint32("stride")), try reader.uint32("pixman_format")
            )
        }
        let descriptor = try message.takeDescriptor(index, "handle")
        let surface: DisplaySurface
        do throws(SurfaceError) {
            let format = PixelFormat(rawValue: format)
            let byteCount = try DisplaySurface.byteCount(
                width: width, height: height, stride: stride, offset: offset, format: format)
            surface = try DisplaySurface(
                width: width, height: height, stride: stride, offset: offset, format: format,
                memory: try MappedMemory(descriptor, byteCount: byteCount))
        } catch {
            throw .invalidArguments(error.description)
        }
        try deliver(.scanout(.surface(surface)))
        shown = .mapping(surface.size)
        logger.debug("listener: a picture of \(surface.size) in QEMU's own memory")
    }

    private mutating func updateMap(_ message: DBusMessage, reply: PendingReply)
        throws(DBusFault)
    {
        let rect = try rectangle(message)
        guard case .mapping(let size) = shown else {
            if shown.size != nil {
                throw .failed("UpdateMap: what is shown came as bytes, not as a mapping")
            }
            throw nothingToUpdate
        }
        updateInPlace("UpdateMap", rect, of: size, reply: reply)
    }

    /// The picture's own memory has changed; the frame's release answers the call. A rectangle outside becomes the whole.
    private mutating func updateInPlace(
        _ member: String, _ rect: Rect, of size: Size, reply: PendingReply
    ) {
        var rect = rect
        if !rect.lies(within: size) {
            refusals.note(
                member, "x, y, width, height: \(rect) does not lie in \(size); all is read")
            rect = Rect(size)
        }
        let release =
            reply.isWanted ? FrameRelease { reply.send(.empty, mayWait: false) } : nil
        // Held here until the sink has come back, so that a refusal is the first answer.
        defer { withExtendedLifetime(release) {} }
        watchdog.watch(reply, of: member)
        do throws(SurfaceError) {
            try collector.receive(.update(.inPlace(rect, release: release)))
        } catch {
            reply.send(DBusReply(.failed(error.description)), mayWait: true)
            refusals.note(member, "refused: \(error)")
        }
    }

    // MARK: Pictures in a GPU

    private mutating func scanoutBuffer(
        _ message: DBusMessage,
        _ read: (DBusMessage, DMABuffer.Acceptance) throws(DBusFault) -> GLScanout
    ) throws(DBusFault) {
        shown = .refusedBuffer
        let scanout = try read(message, acceptance)
        try deliver(.scanout(.gl(scanout)))
        shown = .buffer(scanout, isOff: false)
        guard case .dmaBuffer(let buffer) = scanout.storage else { return }
        // Once a kind: a guest flips sixty times a second.
        let kind =
            "\(scanout.crop) of \(buffer.size), \(buffer.format.fourcc), modifier \(buffer.modifier), planes: \(buffer.planes.count)"
        if kind != toldBuffer { logger.debug("listener: a dma-buf: \(kind)") }
        toldBuffer = kind
    }

    /// The answer; nil when the frame's release gives it.
    private mutating func updateBuffer(_ message: DBusMessage, reply: PendingReply)
        throws(DBusFault) -> DBusReply?
    {
        let rect = try rectangle(message)
        switch shown {
        case .buffer(let scanout, let isOff):
            if isOff {
                try deliver(.scanout(.gl(scanout)))
                shown = .buffer(scanout, isOff: false)
            }
            updateInPlace("UpdateDMABUF", rect, of: scanout.crop.size, reply: reply)
            return nil
        case .refusedBuffer: return .empty
        case .bytes, .mapping:
            throw .failed("UpdateDMABUF: what is shown is no dma-buf")
        case .nothing: throw nothingToUpdate
        }
    }

    private mutating func disable(_ message: DBusMessage) throws(DBusFault) {
        _ = try message.arguments("")
        switch shown {
        case .buffer(let scanout, _): shown = .buffer(scanout, isOff: true)
        case .refusedBuffer: break
        case .nothing, .bytes, .mapping: shown = .nothing("the display is off")
        }
        try deliver(.scanout(.off))
    }

    // MARK: Cursor

    private func mouseSet(_ message: DBusMessage) throws(DBusFault) {
        let (x, y, on) = try message.read("iii") { (reader) throws(DBusWireError) in
            (try reader.int32("x"), try reader.int32("y"), try reader.int32("on"))
        }
        try deliver(
            .cursorPosition(CursorPosition(x: Int(x), y: Int(y), isVisible: on != 0)))
    }

    private func cursorDefine(_ message: DBusMessage) throws(DBusFault) {
        let (width, height, hotX, hotY, data) = try message.read("iiiiay") {
            (reader) throws(DBusWireError) in
            (
                Int(try reader.int32("width")), Int(try reader.int32("height")),
                Int(try reader.int32("hot_x")), Int(try reader.int32("hot_y")),
                try reader.byteArray("data")
            )
        }
        // Before anything is allocated for it; the extents are checked by `Cursor`.
        guard data.count <= Cursor.maximumExtent * Cursor.maximumExtent * 4, data.count % 4 == 0
        else {
            throw .invalidArguments(
                "data: \(data.count) bytes, expected width × height × 4, each at most \(Cursor.maximumExtent)"
            )
        }
        let cursor: Cursor
        do throws(SurfaceError) {
            cursor = try Cursor(
                width: width, height: height, hotSpotX: hotX, hotSpotY: hotY,
                pixels: CursorPixels.premultiplied(data))
        } catch {
            throw .invalidArguments(error.description)
        }
        try deliver(.cursor(cursor))
    }

    // MARK: Pieces

    private var nothingToUpdate: DBusFault {
        guard case .nothing(let reason) = shown else {
            return .failed("no picture to update: what is shown is a dma-buf")
        }
        var fault = DBusFault.failed("no picture to update: \(reason)")
        fault.isExpected = true
        return fault
    }

    private func deliver(_ event: DisplayEvent) throws(DBusFault) {
        do throws(SurfaceError) {
            try collector.receive(event)
        } catch {
            throw .failed(error.description)
        }
    }

    private func surface(
        width: Int, height: Int, stride: Int, offset: Int, format: UInt32,
        _ memory: any SurfaceMemory
    ) throws(DBusFault) -> DisplaySurface {
        do throws(SurfaceError) {
            return try DisplaySurface(
                width: width, height: height, stride: stride, offset: offset,
                format: PixelFormat(rawValue: format), memory: memory)
        } catch {
            throw .invalidArguments(error.description)
        }
    }

    private func rectangle(_ message: DBusMessage) throws(DBusFault) -> Rect {
        try message.read("iiii") { (reader) throws(DBusWireError) in
            try ListenerDispatcher.rectangle(&reader)
        }
    }

    private static func rectangle(_ reader: inout DBusReader) throws(DBusWireError) -> Rect {
        Rect(
            x: Int(try reader.int32("x")), y: Int(try reader.int32("y")),
            width: Int(try reader.int32("width")), height: Int(try reader.int32("height")))
    }
}
