/// The first 16 bytes of a message, which tell its length.
struct DBusFrame: Hashable {
    static let size = 16

    let isLittleEndian: Bool
    let type: UInt8
    let flags: UInt8
    let serial: UInt32
    let bodyLength: Int
    let fieldsLength: Int

    /// Bytes before the body, padded to its boundary.
    var headerLength: Int { (DBusFrame.size + fieldsLength + 7) & ~7 }
    /// Bytes of the whole message.
    var messageLength: Int { headerLength + bodyLength }

    /// Parses and checks at least ``size`` bytes.
    init(_ bytes: UnsafeRawBufferPointer) throws(DBusWireError) {
        let isLittleEndian: Bool
        switch bytes[0] {
        case UInt8(ascii: "l"): isLittleEndian = true
        case UInt8(ascii: "B"): isLittleEndian = false
        default:
            throw DBusWireError("header: byte order: \(bytes[0]), expected 'l' or 'B'")
        }
        var reader = DBusReader(bytes, isLittleEndian: isLittleEndian, part: "header")
        _ = try reader.byte("byte order")
        type = try reader.byte("type")
        flags = try reader.byte("flags")
        let version = try reader.byte("protocol version")
        guard version == 1 else {
            throw DBusWireError("header: protocol version: \(version), expected 1")
        }
        bodyLength = Int(try reader.uint32("body length"))
        serial = try reader.uint32("serial")
        fieldsLength = Int(try reader.uint32("fields length"))
        self.isLittleEndian = isLittleEndian
        guard type != 0 else { throw DBusWireError("header: type: 0 is invalid") }
        guard serial != 0 else { throw DBusWireError("header: serial: 0 is invalid") }
        guard fieldsLength <= DBusLimits.maximumHeaderFields else {
            throw DBusWireError(
                "header: fields length: \(fieldsLength) bytes, expected at most \(DBusLimits.maximumHeaderFields)"
            )
        }
        guard messageLength <= DBusLimits.maximumMessage else {
            throw DBusWireError(
                "header: body length: \(bodyLength) bytes, expected at most 128 MiB with the header"
            )
        }
    }
}

/// What the header of a message says.
struct DBusMessageHeader {
    /// `METHOD_CALL`; other types are read and ignored.
    static let methodCall: UInt8 = 1
    static let noReplyExpected: UInt8 = 0x1

    fileprivate(set) var frame: DBusFrame
    private(set) var path = ""
    private(set) var interface: String?
    private(set) var member = ""
    private(set) var sender: String?
    private(set) var signature = ""
    private(set) var descriptorCount = 0

    var isMethodCall: Bool { frame.type == DBusMessageHeader.methodCall }
    var expectsReply: Bool { isMethodCall && frame.flags & DBusMessageHeader.noReplyExpected == 0 }

    /// Parses the fields of a message; `bytes` are at least its whole header.
    init(frame: DBusFrame, bytes: UnsafeRawBufferPointer) throws(DBusWireError) {
        self.frame = frame
        let end = DBusFrame.size + frame.fieldsLength
        var reader = DBusReader(
            UnsafeRawBufferPointer(rebasing: bytes[..<end]), isLittleEndian: frame.isLittleEndian,
            part: "header")
        // The fixed part was read with the frame; the array's length is its last number.
        for _ in 0..<2 { _ = try reader.uint64("fixed part") }
        while reader.remaining > 0 {
            try reader.align(to: 8)
            try readField(&reader)
        }
        if isMethodCall {
            guard !path.isEmpty else { throw DBusWireError("header: path: missing") }
            guard !member.isEmpty else { throw DBusWireError("header: member: missing") }
        }
        guard bytes[end..<frame.headerLength].allSatisfy({ $0 == 0 }) else {
            throw DBusWireError("header: padding: not zero")
        }
    }

    /// The types of the fields that the specification names, by their codes ("Header Fields").
    private static let fieldTypes = ["", "o", "s", "s", "s", "u", "s", "s", "g", "u"]

    private mutating func readField(_ reader: inout DBusReader) throws(DBusWireError) {
        let code = try reader.byte("field code")
        let type = try reader.signature("field type")
        guard code != 0 else { throw DBusWireError("header: field code: 0 is invalid") }
        if code < DBusMessageHeader.fieldTypes.count,
            case let wanted = DBusMessageHeader.fieldTypes[Int(code)], wanted != type
        {
            throw DBusWireError("header: field \(code): type '\(type)', expected '\(wanted)'")
        }
        switch code {
        case 1: path = try reader.string("path")
        case 2: interface = try reader.string("interface")
        case 3: member = try reader.string("member")
        case 7: sender = try reader.string("sender")
        case 8: signature = try reader.signature("signature")
        case 9: descriptorCount = Int(try reader.uint32("UNIX_FDS"))
        default:
            // Fields we have no use for, and unknown ones, which the specification says to ignore.
            switch type {
            case "s", "o": _ = try reader.string("field \(code)")
            case "u": _ = try reader.uint32("field \(code)")
            case "g": _ = try reader.signature("field \(code)")
            default:
                throw DBusWireError("header: field \(code): type '\(type)' is not known")
            }
        }
    }
}

/// Reads headers, and knows those again that it read last: a guest's frames come with the same header, but for length and number. For one thread.
struct DBusHeaderParser {
    fileprivate struct Known {
        let header: DBusMessageHeader
        /// All of its bytes after the frame.
        let fields: [UInt8]
    }

    /// How many are remembered: the calls that take turns while a guest draws.
    private static let limit = 8
    private var known: [Known] = []

    /// The header of a message, as ``DBusMessageHeader/init(frame:bytes:)``.
    mutating func header(
        _ frame: DBusFrame, bytes: UnsafeRawBufferPointer
    ) throws(DBusWireError) -> DBusMessageHeader {
        let fields = UnsafeRawBufferPointer(
            rebasing: bytes[DBusFrame.size..<frame.headerLength])
        for (index, entry) in known.enumerated() where entry.isOf(frame, fields) {
            if index > 0 { known.swapAt(index, index - 1) }
            var header = entry.header
            header.frame = frame
            return header
        }
        let header = try DBusMessageHeader(frame: frame, bytes: bytes)
        if known.count == DBusHeaderParser.limit { known.removeLast() }
        known.append(Known(header: header, fields: [UInt8](fields)))
        return header
    }
}

extension DBusHeaderParser.Known {
    /// Whether that frame with those fields says the same, but for the body's length and the number.
    fileprivate func isOf(_ frame: DBusFrame, _ fields: UnsafeRawBufferPointer) -> Bool {
        header.frame.isLittleEndian == frame.isLittleEndian && header.frame.type == frame.type
            && header.frame.flags == frame.flags
            && header.frame.fieldsLength == frame.fieldsLength
            && self.fields.count == fields.count
            && self.fields.withUnsafeBytes { $0.elementsEqual(fields) }
    }
}
