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

        var size: Size? {
            switch self {
            case .nothing: nil
            case .bytes(let size), .mapping(let size): size
            }
        }
    }

    let sink: any HeadSink
    let logger: Logger
    private(set) var refusals: RefusalLog
    private let announcedSize: @Sendable () -> Size?
    private let onMismatch: @Sendable () -> Void
    private var shown = Shown.nothing("no scanout has come yet")

    /// The size of the picture that updates refer to; nil when there is none.
    var pictureSize: Size? { shown.size }

    init(
        sink: any HeadSink, logger: Logger,
        announcedSize: @escaping @Sendable () -> Size? = { nil },
        onMismatch: @escaping @Sendable () -> Void = {}
    ) {
        self.sink = sink
        self.logger = logger
        self.announcedSize = announcedSize
        self.onMismatch = onMismatch
        refusals = RefusalLog(logger: logger)
    }

    /// Handles one message and answers it, unless a frame's release will.
    mutating func handle(_ message: DBusMessage, reply: PendingReply) {
        guard message.header.isMethodCall else { return }
        do throws(DBusFault) {
            if let answer = try answer(message, reply: reply) {
                reply.send(answer, mayWait: true)
            }
        } catch {
            defer { reply.send(DBusReply(error), mayWait: true) }
            let member = message.header.member
            guard !error.isExpected else {
                logger.debug("listener: refused: \(error)")
                return
            }
            let isOurs = (ListenerInterface.listenerMethods + ListenerInterface.mapMethods)
                .contains { $0.name == member }
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
            try scanoutDMABuffer(message)
        case (ListenerInterface.listener?, "UpdateDMABUF"), (nil, "UpdateDMABUF"):
            _ = try rectangle(message)
        case (ListenerInterface.listener?, "Disable"), (nil, "Disable"):
            _ = try message.arguments("")
            shown = .nothing("the display is off")
            try deliver(.scanout(.off))
        case (ListenerInterface.listener?, "MouseSet"), (nil, "MouseSet"):
            try mouseSet(message)
        case (ListenerInterface.listener?, "CursorDefine"), (nil, "CursorDefine"):
            try cursorDefine(message)
        case (ListenerInterface.map?, "ScanoutMap"), (nil, "ScanoutMap"):
            try scanoutMap(message)
        case (ListenerInterface.map?, "UpdateMap"), (nil, "UpdateMap"):
            try updateMap(message, reply: reply)
            return nil
        case (ListenerInterface.listener?, _), (ListenerInterface.map?, _):
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
        let (width, height, stride, format, data) = try read(message, "uuuuay") {
            (reader) throws(DBusWireError) in
            (
                Int(try reader.uint32("width")), Int(try reader.uint32("height")),
                Int(try reader.uint32("stride")), try reader.uint32("pixman_format"),
                try reader.byteArray("data")
            )
        }
        let memory = BorrowedBytes(data)
        defer { memory.invalidate() }
        let surface = try surface(
            width: width, height: height, stride: stride, offset: 0, format: format, memory)
        try deliver(.scanout(.surface(surface)))
        shown = .bytes(surface.size)
    }

    private mutating func update(_ message: DBusMessage) throws(DBusFault) {
        let (rect, stride, format, data) = try read(message, "iiiiuuay") {
            (reader) throws(DBusWireError) in
            (
                try ListenerDispatcher.rectangle(&reader), Int(try reader.uint32("stride")),
                try reader.uint32("pixman_format"), try reader.byteArray("data")
            )
        }
        guard let size = shown.size else { throw nothingToUpdate }
        if let announced = announcedSize(), announced != size {
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
        let memory = BorrowedBytes(data)
        defer { memory.invalidate() }
        let surface = try surface(
            width: rect.width, height: rect.height, stride: stride, offset: 0, format: format,
            memory)
        try deliver(.update(.pixels(surface, x: rect.x, y: rect.y)))
    }

    // MARK: Pictures in shared memory

    private mutating func scanoutMap(_ message: DBusMessage) throws(DBusFault) {
        shown = .nothing("its mapping was refused")
        let (index, offset, width, height, stride, format) = try read(message, "huuuuu") {
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
        var rect = try rectangle(message)
        guard case .mapping(let size) = shown else {
            if shown.size != nil {
                throw .failed("UpdateMap: what is shown came as bytes, not as a mapping")
            }
            throw nothingToUpdate
        }
        if !rect.lies(within: size) {
            refusals.note(
                "UpdateMap", "x, y, width, height: \(rect) does not lie in \(size); all is read")
            rect = Rect(size)
        }
        // Held here until the sink has come back, so that a refusal is the first answer.
        let release = FrameRelease { reply.send(.empty, mayWait: false) }
        do throws(SurfaceError) {
            try sink.receive(
                .update(.inPlace(rect, release: reply.isWanted ? release : nil)))
        } catch {
            reply.send(DBusReply(.failed(error.description)), mayWait: true)
            refusals.note("UpdateMap", "refused: \(error)")
        }
    }

    // MARK: Pictures in a GPU

    private mutating func scanoutDMABuffer(_ message: DBusMessage) throws(DBusFault) {
        shown = .nothing("it is a dma-buf")
        let (index, width, height, stride) = try read(message, "huuuutb") {
            (reader) throws(DBusWireError) in
            let fields = (
                try reader.uint32("dmabuf"), Int(try reader.uint32("width")),
                Int(try reader.uint32("height")), Int(try reader.uint32("stride"))
            )
            _ = try reader.uint32("fourcc")
            _ = try reader.uint64("modifier")
            _ = try reader.boolean("y0_top")
            return fields
        }
        _ = try message.takeDescriptor(index, "dmabuf")
        do throws(SurfaceError) {
            try DisplaySurface.check(size: Size(width: width, height: height))
        } catch {
            throw .invalidArguments(error.description)
        }
        guard stride > 0, stride <= SurfaceLimits.maximumStride else {
            throw .invalidArguments(
                "stride: \(stride) bytes, expected 1 to \(SurfaceLimits.maximumStride)")
        }
        throw .notSupported(
            "dma-bufs are not shown yet by this version; start QEMU with gl=off in its -display option"
        )
    }

    // MARK: Cursor

    private func mouseSet(_ message: DBusMessage) throws(DBusFault) {
        let (x, y, on) = try read(message, "iii") { (reader) throws(DBusWireError) in
            (try reader.int32("x"), try reader.int32("y"), try reader.int32("on"))
        }
        try deliver(
            .cursorPosition(CursorPosition(x: Int(x), y: Int(y), isVisible: on != 0)))
    }

    private func cursorDefine(_ message: DBusMessage) throws(DBusFault) {
        let (width, height, hotX, hotY, data) = try read(message, "iiiiay") {
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
        guard case .nothing(let reason) = shown else { return .failed("no picture") }
        var fault = DBusFault.failed("no picture to update: \(reason)")
        fault.isExpected = true
        return fault
    }

    private func deliver(_ event: DisplayEvent) throws(DBusFault) {
        do throws(SurfaceError) {
            try sink.receive(event)
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
        try read(message, "iiii") { (reader) throws(DBusWireError) in
            try ListenerDispatcher.rectangle(&reader)
        }
    }

    private static func rectangle(_ reader: inout DBusReader) throws(DBusWireError) -> Rect {
        Rect(
            x: Int(try reader.int32("x")), y: Int(try reader.int32("y")),
            width: Int(try reader.int32("width")), height: Int(try reader.int32("height")))
    }

    /// Reads all arguments of a call; throws when they are not of that signature, or bytes are left over.
    private func read<Fields>(
        _ message: DBusMessage, _ signature: String,
        _ body: (inout DBusReader) throws(DBusWireError) -> Fields
    ) throws(DBusFault) -> Fields {
        var reader = try message.arguments(signature)
        do throws(DBusWireError) {
            let fields = try body(&reader)
            guard reader.remaining == 0 else {
                throw reader.fault("end", "\(reader.remaining) bytes too many")
            }
            return fields
        } catch {
            throw .invalidArguments(error.description)
        }
    }
}
