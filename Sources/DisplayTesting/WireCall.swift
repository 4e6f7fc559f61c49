internal import CShims
internal import Glibc
internal import GuestDisplay
internal import SystemPackage

/// A method call that a program made, little-endian, as far as a scripted peer reads it.
public struct WireCall: Hashable, Sendable {
    /// The sender's number of it.
    public var serial: UInt32 = 0
    /// Whether it wants an answer.
    public var wantsAnswer = true
    /// The object.
    public var path = ""
    /// The interface; empty without one.
    public var interface = ""
    /// The method.
    public var member = ""
    /// The types of its values.
    public var signature = ""
    /// Its values.
    public var body: [UInt8] = []

    /// The values of a body that is made of b, u, i and q alone; nil of any other.
    public var numbers: [Int]? {
        var offset = 0
        var result: [Int] = []
        for type in signature {
            let size = type == "q" ? 2 : 4
            guard "buiq".contains(type) else { return nil }
            offset = (offset + size - 1) & ~(size - 1)
            guard offset + size <= body.count else { return nil }
            let raw = (0..<size).reduce(UInt32(0)) { $0 | UInt32(body[offset + $1]) << (8 * $1) }
            result.append(type == "i" ? Int(Int32(bitPattern: raw)) : Int(raw))
            offset += size
        }
        return result
    }
}

/// The server's side of a D-Bus connection between two peers, over a socket. For one thread.
struct WireServer: ~Copyable {
    private let socket: OwnedDescriptor
    private var sent: UInt32 = 0

    init(_ socket: consuming OwnedDescriptor) {
        self.socket = socket
    }

    /// Plays the server's part of the authentication, until the client begins.
    func authenticate() throws(ScriptError) {
        var descriptors: [CInt] = []
        guard try read(1, &descriptors) == [0] else { throw ScriptError("expected a NUL byte") }
        while true {
            var line: [UInt8] = []
            while line.suffix(2) != [13, 10] { line += try read(1, &descriptors) }
            switch String(decoding: line.dropLast(2), as: UTF8.self) {
            case "BEGIN": return
            case "NEGOTIATE_UNIX_FD": try send(Array("AGREE_UNIX_FD\r\n".utf8))
            case let text where text.hasPrefix("AUTH EXTERNAL"):
                try send(Array("OK 0123456789abcdef0123456789abcdef\r\n".utf8))
            default: try send(Array("REJECTED EXTERNAL\r\n".utf8))
            }
        }
    }

    /// The next call, with the descriptors that came along; answers and signals are skipped.
    func call() throws(ScriptError) -> (WireCall, [OwnedDescriptorBox]) {
        while true {
            var descriptors: [CInt] = []
            let fixed = try read(16, &descriptors)
            guard fixed[0] == UInt8(ascii: "l") else { throw ScriptError("a header of \(fixed)") }
            let fieldsLength = Int(WireServer.number(fixed, 12))
            let fields = try read((fieldsLength + 7) & ~7, &descriptors)
            let body = try read(Int(WireServer.number(fixed, 4)), &descriptors)
            let boxes = descriptors.map { OwnedDescriptorBox(OwnedDescriptor(owning: $0)) }
            guard fixed[1] == 1 else { continue }
            var call = WireCall()
            call.serial = WireServer.number(fixed, 8)
            call.wantsAnswer = fixed[2] & 1 == 0
            call.body = body
            try WireServer.read(fields: fields, count: fieldsLength, into: &call)
            return (call, boxes)
        }
    }

    /// Answers a call with values of that signature.
    mutating func answer(
        _ call: WireCall, signature: String = "", _ body: [UInt8] = []
    ) throws(ScriptError) {
        guard call.wantsAnswer else { return }
        var fields = WireWriter()
        fields.byte(5)
        fields.signature("u")
        fields.uint32(call.serial)
        if !signature.isEmpty {
            fields.align(8)
            fields.byte(8)
            fields.signature("g")
            fields.signature(signature)
        }
        sent += 1
        var message = WireWriter()
        message.bytes = [UInt8(ascii: "l"), 2, 1, 1]
        message.uint32(UInt32(body.count))
        message.uint32(sent)
        message.uint32(UInt32(fields.bytes.count))
        message.bytes += fields.bytes
        message.align(8)
        try send(message.bytes + body)
    }

    private static func number(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << (8 * $1) }
    }

    private static func read(
        fields: [UInt8], count: Int, into call: inout WireCall
    ) throws(ScriptError) {
        var offset = 0
        while offset < count {
            switch fields[offset] {
            case 1, 2, 3, 6, 7:
                let length = Int(number(fields, offset + 4))
                let text = String(
                    decoding: fields[offset + 8..<offset + 8 + length], as: UTF8.self)
                switch fields[offset] {
                case 1: call.path = text
                case 2: call.interface = text
                case 3: call.member = text
                default: break
                }
                offset += 8 + length + 1
            case 5, 9: offset += 8
            case 8:
                let length = Int(fields[offset + 4])
                call.signature = String(
                    decoding: fields[offset + 5..<offset + 5 + length], as: UTF8.self)
                offset += 5 + length + 1
            case let code: throw ScriptError("a call has a field \(code)")
            }
            offset = (offset + 7) & ~7
        }
    }

    private func read(
        _ count: Int, _ descriptors: inout [CInt]
    ) throws(ScriptError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            var passed = [CInt](repeating: -1, count: 8)
            var passedCount = 0
            var isTruncated = false
            let got = bytes.withUnsafeMutableBytes {
                swiftvm_receive(
                    socket.rawValue, $0.baseAddress! + filled, count - filled, &passed,
                    passed.count, &passedCount, &isTruncated)
            }
            guard got > 0 else { throw ScriptError("the stream has ended") }
            descriptors += passed.prefix(passedCount)
            filled += got
        }
        return bytes
    }

    private func send(_ bytes: [UInt8]) throws(ScriptError) {
        var sent = 0
        while sent < bytes.count {
            let got = bytes.withUnsafeBytes {
                swiftvm_send(socket.rawValue, $0.baseAddress! + sent, bytes.count - sent, nil, 0)
            }
            guard got >= 0 else { throw ScriptError("sendmsg: \(Errno(rawValue: errno))") }
            sent += got
        }
    }
}

/// A descriptor that came with a message, until somebody takes it.
final class OwnedDescriptorBox: @unchecked Sendable {
    private var descriptor: OwnedDescriptor?

    init(_ descriptor: consuming OwnedDescriptor) {
        self.descriptor = consume descriptor
    }

    /// Takes it, once.
    func take() -> OwnedDescriptor? { descriptor.take() }
}
