/// A D-Bus message whose every part can be made wrong. By default a method call on QEMU's listener.
public struct WireMessage: Sendable {
    /// Byte order of its numbers.
    public var isBigEndian = false
    /// The first byte; nil: as the byte order says.
    public var orderByte: UInt8?
    /// 1 for a method call.
    public var type: UInt8 = 1
    /// 1: no reply expected.
    public var flags: UInt8 = 0
    /// The protocol's version.
    public var version: UInt8 = 1
    /// The sender's number of it; nil: the peer's next.
    public var serial: UInt32?
    /// The object; nil leaves the field out, as for those below.
    public var path: String? = "/org/qemu/Display1/Listener"
    public var interface: String? = "org.qemu.Display1.Listener"
    public var member: String?
    /// Nil: as the values say.
    public var signature: String?
    /// Nil: as many as there are descriptors, and no field for none.
    public var descriptorCount: UInt32?
    /// What the body holds.
    public var values: [WireValue]
    /// What the header claims; nil: the truth.
    public var claimedBodyLength: UInt32?
    /// What the header claims; nil: the truth.
    public var claimedFieldsLength: UInt32?
    /// Descriptors that are sent along; lent.
    public var descriptors: [CInt] = []
    /// Written behind the last header field, before its padding.
    public var trailingFields: [UInt8] = []

    /// A call of a method with these values.
    public init(
        _ member: String, _ values: [WireValue] = [],
        interface: String? = "org.qemu.Display1.Listener", descriptors: [CInt] = []
    ) {
        self.member = member
        self.values = values
        self.interface = interface
        self.descriptors = descriptors
    }

    /// The bytes.
    public func encoded(serial: UInt32) -> [UInt8] {
        var body = WireWriter(bigEndian: isBigEndian)
        body.values(values)
        var fields = WireWriter(bigEndian: isBigEndian)
        func field(_ code: UInt8, _ type: String, _ value: (inout WireWriter) -> Void) {
            fields.align(8)
            fields.byte(code)
            fields.signature(type)
            value(&fields)
        }
        if let path { field(1, "o") { $0.string(path) } }
        if let interface { field(2, "s") { $0.string(interface) } }
        if let member { field(3, "s") { $0.string(member) } }
        let signature = self.signature ?? values.map(\.code).joined()
        if !signature.isEmpty { field(8, "g") { $0.signature(signature) } }
        let count = descriptorCount ?? UInt32(descriptors.count)
        if count > 0 { field(9, "u") { $0.uint32(count) } }
        fields.bytes += trailingFields

        var message = WireWriter(bigEndian: isBigEndian)
        message.byte(orderByte ?? (isBigEndian ? UInt8(ascii: "B") : UInt8(ascii: "l")))
        message.byte(type)
        message.byte(flags)
        message.byte(version)
        message.uint32(claimedBodyLength ?? UInt32(body.bytes.count))
        message.uint32(self.serial ?? serial)
        message.uint32(claimedFieldsLength ?? UInt32(fields.bytes.count))
        message.bytes += fields.bytes
        message.align(8)
        return message.bytes + body.bytes
    }
}

/// An answer that the program sent.
public struct WireAnswer: Hashable, Sendable {
    /// Which call it answers.
    public var replySerial: UInt32 = 0
    /// Nil for a return.
    public var errorName: String?
    /// The types of its values.
    public var signature = ""
    /// Its values, little-endian.
    public var body: [UInt8] = []

    /// The error's text, or a return's single string.
    public var text: String? {
        guard signature == "s", body.count >= 5 else { return nil }
        return String(decoding: body[4..<body.count - 1], as: UTF8.self)
    }
}
