internal import Glibc

/// A command that is sent often, always the same: its text is made once, and its answers are known by their mark and not parsed.
final class QMPRepetition: Sendable {
    let line: String
    private let mark: [UInt8]
    /// What the marks of all begin with.
    static let prefix = "swiftvm-"
    let onAnswer: @Sendable (Answer) -> Bool

    /// What comes of a command that was sent.
    enum Answer: Hashable, Sendable {
        /// An error of the class `GenericError`.
        case genericError
        /// Another error, or a success.
        case other
        /// The connection has ended, for good.
        case closed
    }

    /// A command; `mark` is a word that no other has. `onAnswer` is called on the client's thread, for each answer that comes and at the connection's end,
    /// and says whether it will be sent again: if not, it need not be removed.
    init(
        _ command: String, _ arguments: [String: JSONValue], mark: String,
        onAnswer: @escaping @Sendable (Answer) -> Bool
    ) {
        let mark = QMPRepetition.prefix + mark
        let message: [String: JSONValue] = [
            "execute": .string(command), "arguments": .object(arguments), "id": .string(mark),
        ]
        line = JSONValue.object(message).text + "\n"
        self.mark = Array("\"\(mark)\"".utf8)
        self.onAnswer = onAnswer
    }

    /// What an answer is, when it is one to this command.
    func answer(in line: UnsafeBufferPointer<UInt8>) -> Answer? {
        guard line.holds(mark) else { return nil }
        return line.holds(QMPRepetition.genericError) ? .genericError : .other
    }

    private static let genericError = Array("\"GenericError\"".utf8)
}

extension UnsafeBufferPointer<UInt8> {
    /// Whether these bytes, at least one, are among them.
    fileprivate func holds(_ bytes: [UInt8]) -> Bool {
        guard count >= bytes.count else { return false }
        return (0...count - bytes.count).contains { start in
            self[start] == bytes[0] && memcmp(baseAddress! + start, bytes, bytes.count) == 0
        }
    }
}
