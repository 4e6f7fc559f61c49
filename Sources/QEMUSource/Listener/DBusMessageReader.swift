internal import GuestDisplay
internal import SystemPackage

/// One received message. Its bytes lie in the reader's buffer and are valid until the next is read, or the rest of this one.
struct DBusMessage {
    let header: DBusMessageHeader
    /// Of a long picture only the beginning, down to some pixels.
    let body: UnsafeRawBufferPointer
    /// What reads the rest of the body; nil when all of it is here.
    let rest: DBusMessageReader?
    /// Those that came with the message, in order.
    let descriptors: [PassedDescriptor]
    /// What is wrong with the descriptors: their number is not the header's.
    let descriptorFault: String?
    /// How long it took, from when its first bytes were found until ``body`` was read.
    let headNanoseconds: UInt64

    /// How long it took until now, without what was done between two reads.
    var receiveNanoseconds: UInt64 { headNanoseconds + (rest?.restNanoseconds ?? 0) }

    /// A reader of the body; throws when the message has another signature.
    func arguments(_ signature: String) throws(DBusFault) -> DBusReader {
        guard header.signature == signature else {
            throw .invalidArguments(
                "signature: '\(header.signature)', expected '\(signature)'")
        }
        return DBusReader(
            body, of: header.frame.messageLength - header.frame.headerLength,
            isLittleEndian: header.frame.isLittleEndian, part: "body")
    }

    /// Reads all arguments of a call; throws when they are not of that signature, or bytes are left over.
    func read<Fields>(
        _ signature: String, _ body: (inout DBusReader) throws(DBusWireError) -> Fields
    ) throws(DBusFault) -> Fields {
        var reader = try arguments(signature)
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

    /// Takes the descriptor that an `h` in the body names.
    func takeDescriptor(_ index: UInt32, _ field: String) throws(DBusFault) -> OwnedDescriptor {
        guard index < descriptors.count else {
            throw .invalidArguments(
                "\(field): descriptor \(index), but \(descriptors.count) came with the message")
        }
        guard let descriptor = descriptors[Int(index)].take() else {
            throw .invalidArguments("\(field): descriptor \(index) is named twice")
        }
        return descriptor
    }
}

/// Cuts a socket's stream into messages and gives each its descriptors. For one thread.
///
/// A read ends with the piece of the stream that brought descriptors (unix(7), "Ancillary messages": they are a barrier), so they belong
/// to the message that holds the read's last byte, whatever numbers the headers claim: a message that lies about its descriptors does not
/// shift those of the next.
///
/// A long picture is handed out when its first bytes are there: who takes its pixels reads them in stretches that stay in the processor's cache
/// (``readStretches(from:count:unit:_:)``), or all at once (``readWhole(from:)``).
final class DBusMessageReader: @unchecked Sendable {
    /// How many bytes a stretch has at most, unless one row is longer: with the rows that they are compared with, half of a usual second-level cache.
    static let stretch = 128 << 10
    /// From which length on a picture is handed out before all of it has come.
    static let longMessage = 2 * stretch
    /// From which length on it is also then when something was collected before it, which is shown first.
    static let veryLongMessage = 1 << 20
    /// How much of the body is there then: more than the arguments before the pixels.
    private static let beginning = 64

    private struct Batch {
        /// Where in the stream the read that brought them ended: the number of the byte after it.
        var end: Int
        var descriptors: [PassedDescriptor]
        var isTruncated: Bool
    }

    private let socket: ListenerSocket
    private let collector: UpdateCollector
    private var buffer: ReceiveBuffer
    /// How many bytes of the stream were dropped from the buffer.
    private var consumed = 0
    /// How many bytes of the last message are not dropped yet, received or not, and how many are.
    private var messageLeft = 0
    private var messageDropped = 0
    private var batches: [Batch] = []
    /// When the first bytes of the message were found; nil before.
    private var begin: Moment?
    /// How long it took since then to show what was collected before.
    private var flushNanoseconds: UInt64 = 0
    private var parser = DBusHeaderParser()
    /// How long the reads of the last message's rest took.
    private(set) var restNanoseconds: UInt64 = 0
    /// Why the rest of the last message did not come.
    private(set) var failure: DBusWireError?

    /// What `collector` has is flushed whenever nothing more has come.
    init(socket: ListenerSocket, collector: UpdateCollector) throws(Errno) {
        self.socket = socket
        self.collector = collector
        buffer = try ReceiveBuffer()
    }

    /// Waits for the next message; nil when the stream has ended between two. Throws when what came is no message.
    func next() throws(DBusWireError) -> DBusMessage? {
        if let failure { throw failure }
        try skipRest()
        restNanoseconds = 0
        flushNanoseconds = 0
        if collector.isDue() { collector.flush() }
        // What came together with the message before is found here.
        begin = buffer.count > 0 ? .now : nil
        guard try fill(DBusFrame.size) else { return nil }
        let frame = try DBusFrame(buffer.bytes)
        guard try fill(frame.headerLength) else { throw cutOff(frame) }
        let header = try parser.header(frame, bytes: buffer.bytes)
        let bodyLength = frame.messageLength - frame.headerLength
        // While a message is still on its way, nothing that came before it can be shown: with what was collected it is read as a whole, unless that is dear.
        if bodyLength >= DBusMessageReader.veryLongMessage { flushCollected() }
        let isLong =
            bodyLength >= DBusMessageReader.longMessage && !collector.hasCollected
            && ListenerInterface.bringsPixels(header) && header.descriptorCount == 0
            && batches.isEmpty
        let wanted =
            isLong ? frame.headerLength + DBusMessageReader.beginning : frame.messageLength
        guard try fill(wanted) else { throw cutOff(frame) }
        messageLeft = frame.messageLength

        var descriptors: [PassedDescriptor] = []
        var isTruncated = false
        while let batch = batches.first, batch.end <= consumed + messageLeft {
            descriptors += batch.descriptors
            isTruncated = isTruncated || batch.isTruncated
            batches.removeFirst()
        }
        var fault: String?
        if isTruncated || descriptors.count != header.descriptorCount {
            let came = isTruncated ? "more than \(descriptors.count)" : "\(descriptors.count)"
            fault = "UNIX_FDS: \(header.descriptorCount), but \(came) descriptors came"
        }
        let end = isLong ? min(buffer.count, frame.messageLength) : frame.messageLength
        return DBusMessage(
            header: header,
            body: UnsafeRawBufferPointer(rebasing: buffer.bytes[frame.headerLength..<end]),
            rest: isLong ? self : nil, descriptors: descriptors, descriptorFault: fault,
            headNanoseconds: begin.map {
                let time = Moment.now.nanoseconds(since: $0)
                return time - min(flushNanoseconds, time)
            } ?? 0)
    }

    // MARK: The rest of a long message

    /// Reads the rest of the message and gives back its bytes from that one on.
    func readWhole(from offset: Int) throws(DBusWireError) -> UnsafeRawBufferPointer {
        precondition(messageDropped == 0)
        try fillRest(messageLeft, reading: messageLeft)
        return UnsafeRawBufferPointer(rebasing: buffer.bytes[offset..<messageLeft])
    }

    /// Reads so many bytes of the message, from that one on, and hands them on as they come: in stretches of a multiple of `unit` bytes, but for the last.
    func readStretches(
        from offset: Int, count: Int, unit: Int, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(DBusWireError) {
        precondition(messageDropped == 0 && offset + count <= messageLeft && unit > 0)
        drop(offset)
        var left = count
        while left > 0 {
            let most = max(DBusMessageReader.stretch, unit)
            try fillRest(min(left, unit), reading: min(left, most))
            let here = min(buffer.count, left)
            let taken = here == left ? here : here / unit * unit
            body(UnsafeRawBufferPointer(rebasing: buffer.bytes[..<taken]))
            drop(taken)
            left -= taken
        }
    }

    /// Whatever nobody wanted of the last message: bytes, and descriptors that came in the middle of it, though its header had said that none do.
    private func skipRest() throws(DBusWireError) {
        if messageLeft + messageDropped == 0 { return }
        while messageLeft > 0 {
            if buffer.count == 0 {
                try fillRest(1, reading: min(messageLeft, DBusMessageReader.stretch))
            }
            drop(min(messageLeft, buffer.count))
        }
        while let batch = batches.first, batch.end <= consumed { batches.removeFirst() }
        messageDropped = 0
        buffer.endMessage()
    }

    private func drop(_ byteCount: Int) {
        buffer.consume(byteCount)
        consumed += byteCount
        messageLeft -= byteCount
        messageDropped += byteCount
    }

    private func fillRest(_ wanted: Int, reading most: Int) throws(DBusWireError) {
        if buffer.count >= wanted { return }
        let begin = Moment.now
        do throws(DBusWireError) {
            guard try fill(wanted, reading: most) else {
                throw DBusWireError(
                    "the stream ended in the middle of a message, after \(messageDropped) bytes")
            }
        } catch {
            failure = error
            throw error
        }
        restNanoseconds += Moment.now.nanoseconds(since: begin)
    }

    // MARK: The stream

    /// Reads until that many bytes are in the buffer, at most `most` of them at once; false when the stream ends before the first.
    private func fill(_ wanted: Int, reading most: Int? = nil) throws(DBusWireError) -> Bool {
        while buffer.count < wanted {
            let held = batches.reduce(0) { $0 + $1.descriptors.count }
            guard
                let received = try socket.receive(
                    into: buffer.room(for: most ?? wanted),
                    maximumDescriptors: ListenerSocket.maximumDescriptors - held,
                    beforeWaiting: flush)
            else {
                if buffer.count == 0 { return false }
                throw DBusWireError(
                    "the stream ended in the middle of a message, after \(messageDropped + buffer.count) bytes"
                )
            }
            buffer.received(received.byteCount)
            if begin == nil { begin = received.begin }
            if !received.descriptors.isEmpty || received.isTruncated {
                batches.append(
                    Batch(
                        end: consumed + buffer.count, descriptors: received.descriptors,
                        isTruncated: received.isTruncated))
            }
        }
        return true
    }

    // Nothing has come. Whether it has now.
    private func flush() throws(DBusWireError) -> Bool {
        guard collector.hasCollected else { return false }
        let mayFollow = collector.expectsMore(isInMessage: begin != nil) && !collector.isDue()
        if mayFollow, try socket.isReadable(within: UpdateCollector.pause) { return true }
        flushCollected()
        return false
    }

    private func flushCollected() {
        let start = Moment.now
        collector.flush()
        if begin != nil { flushNanoseconds += Moment.now.nanoseconds(since: start) }
    }

    private func cutOff(_ frame: DBusFrame) -> DBusWireError {
        DBusWireError("the stream ended before a message of \(frame.messageLength) bytes")
    }
}
