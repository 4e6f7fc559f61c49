internal import GuestDisplay
internal import SystemPackage

/// One received message. Its bytes lie in the reader's buffer and are valid until the next is read.
struct DBusMessage {
    let header: DBusMessageHeader
    let body: UnsafeRawBufferPointer
    /// Those that came with the message, in order.
    let descriptors: [PassedDescriptor]
    /// What is wrong with the descriptors: their number is not the header's.
    let descriptorFault: String?
    /// How long it took, from when its first bytes were found until all were read.
    let receiveNanoseconds: UInt64

    /// A reader of the body; throws when the message has another signature.
    func arguments(_ signature: String) throws(DBusFault) -> DBusReader {
        guard header.signature == signature else {
            throw .invalidArguments(
                "signature: '\(header.signature)', expected '\(signature)'")
        }
        return DBusReader(body, isLittleEndian: header.frame.isLittleEndian, part: "body")
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
struct DBusMessageReader: ~Copyable {
    private struct Batch {
        /// Where in the stream the read that brought them ended: the number of the byte after it.
        var end: Int
        var descriptors: [PassedDescriptor]
        var isTruncated: Bool
    }

    private let socket: ListenerSocket
    private var buffer: ReceiveBuffer
    private var consumed = 0
    private var lastLength = 0
    private var batches: [Batch] = []
    /// When the first bytes of the message were found; nil before.
    private var begin: Moment?
    private var parser = DBusHeaderParser()

    init(socket: ListenerSocket) throws(Errno) {
        self.socket = socket
        buffer = try ReceiveBuffer()
    }

    /// Waits for the next message; nil when the stream has ended between two. Throws when what came is no message.
    mutating func next() throws(DBusWireError) -> DBusMessage? {
        if lastLength > 0 {
            buffer.consume(lastLength)
            consumed += lastLength
            lastLength = 0
        }
        // What came together with the message before is found here.
        begin = buffer.count > 0 ? .now : nil
        guard try fill(DBusFrame.size) else { return nil }
        let frame = try DBusFrame(buffer.bytes)
        guard try fill(frame.headerLength) else { throw cutOff(frame) }
        let header = try parser.header(frame, bytes: buffer.bytes)
        guard try fill(frame.messageLength) else { throw cutOff(frame) }
        lastLength = frame.messageLength

        var descriptors: [PassedDescriptor] = []
        var isTruncated = false
        while let batch = batches.first, batch.end <= consumed + lastLength {
            descriptors += batch.descriptors
            isTruncated = isTruncated || batch.isTruncated
            batches.removeFirst()
        }
        var fault: String?
        if isTruncated || descriptors.count != header.descriptorCount {
            let came = isTruncated ? "more than \(descriptors.count)" : "\(descriptors.count)"
            fault = "UNIX_FDS: \(header.descriptorCount), but \(came) descriptors came"
        }
        return DBusMessage(
            header: header,
            body: UnsafeRawBufferPointer(
                rebasing: buffer.bytes[frame.headerLength..<frame.messageLength]),
            descriptors: descriptors, descriptorFault: fault,
            receiveNanoseconds: begin.map { Moment.now.nanoseconds(since: $0) } ?? 0)
    }

    /// Reads until the message at the start has that many bytes; false when the stream ends before its first.
    private mutating func fill(_ wanted: Int) throws(DBusWireError) -> Bool {
        while buffer.count < wanted {
            let held = batches.reduce(0) { $0 + $1.descriptors.count }
            guard
                let received = try socket.receive(
                    into: buffer.room(for: wanted),
                    maximumDescriptors: ListenerSocket.maximumDescriptors - held)
            else {
                if buffer.count == 0 { return false }
                throw DBusWireError(
                    "the stream ended in the middle of a message, after \(buffer.count) bytes")
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

    private func cutOff(_ frame: DBusFrame) -> DBusWireError {
        DBusWireError("the stream ended before a message of \(frame.messageLength) bytes")
    }
}
