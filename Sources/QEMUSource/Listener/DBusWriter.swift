/// Writes D-Bus values, one after the other, little-endian.
struct DBusWriter {
    private(set) var bytes: [UInt8] = []

    mutating func align(to boundary: Int) {
        while bytes.count % boundary != 0 { bytes.append(0) }
    }

    mutating func byte(_ value: UInt8) { bytes.append(value) }

    mutating func uint32(_ value: UInt32) {
        align(to: 4)
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func string(_ value: String) {
        uint32(UInt32(value.utf8.count))
        bytes.append(contentsOf: value.utf8)
        bytes.append(0)
    }

    mutating func signature(_ value: String) {
        bytes.append(UInt8(value.utf8.count))
        bytes.append(contentsOf: value.utf8)
        bytes.append(0)
    }

    /// An array whose elements `body` writes, aligned to `boundary`.
    mutating func array(alignment boundary: Int, _ body: (inout DBusWriter) -> Void) {
        uint32(0)
        let place = bytes.count - 4
        align(to: boundary)
        let start = bytes.count
        body(&self)
        let length = UInt32(bytes.count - start)
        withUnsafeBytes(of: length.littleEndian) {
            bytes.replaceSubrange(place..<place + 4, with: $0)
        }
    }

    /// A variant of one string array.
    mutating func variant(strings: [String]) {
        signature("as")
        array(alignment: 4) { writer in
            for string in strings { writer.string(string) }
        }
    }
}

/// An answer to a method call.
struct DBusReply {
    /// Nil for a return, the error's name for an error.
    var errorName: String?
    var signature = ""
    var body = DBusWriter()

    /// A return without values.
    static let empty = DBusReply()

    /// A return with the values that `write` writes.
    init(signature: String = "", _ write: (inout DBusWriter) -> Void = { _ in }) {
        self.signature = signature
        write(&body)
    }

    init(_ fault: DBusFault) {
        errorName = fault.name
        signature = "s"
        body.string(fault.description)
    }

    /// The whole message.
    func encoded(serial: UInt32, replyTo: UInt32, destination: String?) -> [UInt8] {
        var message = DBusWriter()
        message.byte(UInt8(ascii: "l"))
        message.byte(errorName == nil ? 2 : 3)
        message.byte(DBusMessageHeader.noReplyExpected)
        message.byte(1)
        message.uint32(UInt32(body.bytes.count))
        message.uint32(serial)
        message.array(alignment: 8) { fields in
            fields.field(5, "u") { $0.uint32(replyTo) }
            if let errorName { fields.field(4, "s") { $0.string(errorName) } }
            if let destination { fields.field(6, "s") { $0.string(destination) } }
            if !signature.isEmpty { fields.field(8, "g") { $0.signature(signature) } }
        }
        message.align(to: 8)
        return message.bytes + body.bytes
    }
}

extension DBusWriter {
    /// One header field.
    fileprivate mutating func field(
        _ code: UInt8, _ type: String, _ value: (inout DBusWriter) -> Void
    ) {
        align(to: 8)
        byte(code)
        signature(type)
        value(&self)
    }
}
