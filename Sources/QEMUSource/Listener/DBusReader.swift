/// Reads D-Bus values, one after the other, from bytes whose first lies on an 8-byte boundary of its message.
///
/// Checks everything that the specification ("Marshaling (Wire Format)") asks of a value; throws ``DBusWireError`` with the place.
/// The bytes must stay valid while it is used.
struct DBusReader {
    let bytes: UnsafeRawBufferPointer
    /// How many bytes there are in all; what is behind ``bytes`` has not come yet.
    let count: Int
    let isLittleEndian: Bool
    /// What is read, for error texts: "header" or "body".
    let part: String
    private(set) var offset = 0

    /// `count`: how many bytes there will be; nil when all are there.
    init(
        _ bytes: UnsafeRawBufferPointer, of count: Int? = nil, isLittleEndian: Bool, part: String
    ) {
        self.bytes = bytes
        self.count = count ?? bytes.count
        self.isLittleEndian = isLittleEndian
        self.part = part
    }

    /// How many bytes are left to read, here or not.
    var remaining: Int { count - offset }

    /// How many of them are here.
    private var available: Int { bytes.count - offset }

    /// Skips padding, which must be zero.
    mutating func align(to boundary: Int) throws(DBusWireError) {
        let aligned = (offset + boundary - 1) & ~(boundary - 1)
        guard aligned <= bytes.count else { throw fault("padding", "cut off") }
        while offset < aligned {
            guard bytes[offset] == 0 else { throw fault("padding", "not zero") }
            offset += 1
        }
    }

    private mutating func integer<Value: FixedWidthInteger>(_ name: String)
        throws(DBusWireError) -> Value
    {
        let size = MemoryLayout<Value>.size
        try align(to: size)
        guard available >= size else { throw fault(name, "cut off") }
        let value = bytes.loadUnaligned(fromByteOffset: offset, as: Value.self)
        offset += size
        return isLittleEndian ? Value(littleEndian: value) : Value(bigEndian: value)
    }

    mutating func byte(_ name: String) throws(DBusWireError) -> UInt8 { try integer(name) }
    mutating func uint32(_ name: String) throws(DBusWireError) -> UInt32 { try integer(name) }
    mutating func uint64(_ name: String) throws(DBusWireError) -> UInt64 { try integer(name) }
    mutating func int32(_ name: String) throws(DBusWireError) -> Int32 { try integer(name) }

    mutating func boolean(_ name: String) throws(DBusWireError) -> Bool {
        let value = try uint32(name)
        guard value <= 1 else { throw fault(name, "\(value), expected 0 or 1") }
        return value == 1
    }

    /// A string or an object path.
    mutating func string(_ name: String) throws(DBusWireError) -> String {
        try text(name, length: Int(try uint32(name)))
    }

    /// A signature, whose length is one byte.
    mutating func signature(_ name: String) throws(DBusWireError) -> String {
        try text(name, length: Int(try byte(name)))
    }

    private mutating func text(_ name: String, length: Int) throws(DBusWireError) -> String {
        guard length < available else { throw fault(name, "\(length) bytes, cut off") }
        let slice = bytes[offset..<offset + length]
        guard bytes[offset + length] == 0 else { throw fault(name, "no NUL at its end") }
        guard !slice.contains(0), let text = String(validating: slice, as: UTF8.self) else {
            throw fault(name, "no valid UTF-8")
        }
        offset += length + 1
        return text
    }

    /// An array of bytes, in place.
    mutating func byteArray(_ name: String) throws(DBusWireError) -> UnsafeRawBufferPointer {
        let length = try arrayLength(name)
        guard length <= available else { throw fault(name, "\(length) bytes, cut off") }
        let slice = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length])
        offset += length
        return slice
    }

    /// An array of bytes that may not all be here yet.
    mutating func payload(_ name: String) throws(DBusWireError) -> DBusPayload {
        let length = try arrayLength(name)
        let here = min(length, available)
        defer { offset += length }
        return DBusPayload(
            offset: offset, count: length,
            bytes: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + here]))
    }

    /// An array of numbers (`au`) or of descriptors' indexes (`ah`), of which at most so many are believed.
    mutating func uint32Array(_ name: String, atMost maximum: Int) throws(DBusWireError)
        -> [UInt32]
    {
        let length = try arrayLength(name)
        guard length % 4 == 0 else { throw fault(name, "\(length) bytes are no whole numbers") }
        guard length / 4 <= maximum else {
            throw fault(name, "\(length / 4) entries, expected at most \(maximum)")
        }
        var values: [UInt32] = []
        for _ in 0..<length / 4 { values.append(try uint32(name)) }
        return values
    }

    /// The length in bytes of an array that lies wholly in the bytes, here or not.
    mutating func arrayLength(_ name: String) throws(DBusWireError) -> Int {
        let length = Int(try uint32(name))
        guard length <= DBusLimits.maximumArray else {
            throw fault(name, "\(length) bytes, expected at most \(DBusLimits.maximumArray)")
        }
        guard length <= remaining else {
            throw fault(name, "\(length) bytes, but \(remaining) are left")
        }
        return length
    }

    func fault(_ name: String, _ reason: String) -> DBusWireError {
        DBusWireError("\(part): \(name): \(reason) (at byte \(offset))")
    }
}

/// An array of bytes of which the end may still be on its way.
struct DBusPayload {
    /// Where it begins in the body.
    let offset: Int
    /// How many bytes it has.
    let count: Int
    /// Those that are here.
    let bytes: UnsafeRawBufferPointer
}

/// Limits of the D-Bus specification ("Message Protocol", "Valid Signatures").
enum DBusLimits {
    /// The longest message, header included: 128 MiB.
    static let maximumMessage = 1 << 27
    /// The longest array: 64 MiB.
    static let maximumArray = 1 << 26
    /// The longest array of header fields that is believed; real ones have about 200 bytes.
    static let maximumHeaderFields = 1 << 16
}
