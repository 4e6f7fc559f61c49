internal import Glibc

/// The client's side of D-Bus authentication (specification, "Authentication Protocol"), on a socket whose server is QEMU.
///
/// GLib's server wants the identity twice: as the credentials that come with the first byte, and as the user's number in EXTERNAL.
/// It answers one line to a line, and says nothing more before it has read BEGIN.
enum DBusAuthentication {
    /// The longest line that is believed; GLib's longest is its OK with 32 hexadecimal digits.
    private static let maximumLine = 1024

    /// Authenticates; afterwards messages flow. Blocks until the deadline.
    static func run(on socket: ListenerSocket, deadline: PollDeadline)
        throws(DBusWireError)
    {
        try socket.sendCredentials()
        let user = String(geteuid()).utf8.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count < 2 ? "0" + digits : digits
        }.joined()
        let welcome = try exchange("AUTH EXTERNAL \(user)", on: socket, deadline: deadline)
        guard welcome == "OK" || welcome.hasPrefix("OK ") else {
            throw DBusWireError(
                "authentication: the peer answered \(PeerText.quoted(welcome)) to EXTERNAL, expected OK; QEMU must run as the same user"
            )
        }
        let descriptors = try exchange("NEGOTIATE_UNIX_FD", on: socket, deadline: deadline)
        guard descriptors == "AGREE_UNIX_FD" else {
            throw DBusWireError(
                "authentication: the peer answered \(PeerText.quoted(descriptors)) to NEGOTIATE_UNIX_FD, expected AGREE_UNIX_FD"
            )
        }
        try socket.send(Array("BEGIN\r\n".utf8), deadline: deadline)
    }

    private static func exchange(
        _ line: String, on socket: ListenerSocket, deadline: PollDeadline
    ) throws(DBusWireError) -> String {
        try socket.send(Array("\(line)\r\n".utf8), deadline: deadline)
        // Byte by byte, so that nothing of a message is taken: six lines in a connection's life.
        var answer: [UInt8] = []
        let byte = UnsafeMutableRawBufferPointer.allocate(byteCount: 1, alignment: 1)
        defer { byte.deallocate() }
        while !answer.ends(with: [13, 10]) {
            guard
                let received = try socket.receive(
                    into: byte, maximumDescriptors: 0, deadline: deadline)
            else { throw DBusWireError("authentication: the peer closed the connection") }
            guard !received.isTruncated else {
                throw DBusWireError("authentication: descriptors came before BEGIN")
            }
            answer.append(byte[0])
            guard answer.count <= maximumLine,
                (32..<127).contains(byte[0]) || [10, 13].contains(byte[0])
            else {
                throw DBusWireError(
                    "authentication: the peer's answer \(PeerText.quoted(String(decoding: answer, as: UTF8.self))) is no line of text"
                )
            }
        }
        return String(decoding: answer.dropLast(2), as: UTF8.self)
    }
}

extension Array where Element == UInt8 {
    fileprivate func ends(with suffix: [UInt8]) -> Bool {
        self.suffix(suffix.count).elementsEqual(suffix)
    }
}
