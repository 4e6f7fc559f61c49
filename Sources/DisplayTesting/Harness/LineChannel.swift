internal import CShims
internal import Glibc

/// A Unix socket on which this process listens, QEMU connects, and both send lines.
///
/// QEMU connects, rather than the test, so that no line is lost before somebody listens.
public final class LineChannel {
    /// Whose end makes waiting senseless.
    public var peer: TestProcess?
    private let listener: CInt
    private let path: String
    private var socket: CInt = -1
    private var partial: [UInt8] = []
    /// All lines so far, without their ends.
    public private(set) var lines: [String] = []
    /// Whether the other end has closed it.
    public private(set) var isAtEnd = false

    /// Listens at a path.
    public init(path: String) throws {
        self.path = path
        listener = swiftvm_listen_unix(path)
        guard listener >= 0 else { throw HarnessError("cannot listen at \(path): errno \(errno)") }
        _ = fcntl(listener, F_SETFD, FD_CLOEXEC)
    }

    deinit {
        close(listener)
        if socket >= 0 { close(socket) }
    }

    /// Sends text as it is.
    public func send(_ text: String) throws {
        try accept()
        let sent = text.utf8CString.withUnsafeBytes {
            Glibc.send(socket, $0.baseAddress, $0.count - 1, CInt(MSG_NOSIGNAL))
        }
        guard sent == text.utf8.count else {
            throw HarnessError("cannot send to \(path): errno \(errno)")
        }
    }

    /// The first line from number `start` on that `body` takes.
    public func line<Value>(
        _ what: String, from start: Int = 0, within seconds: Double = 60,
        _ body: (String) -> Value?
    ) throws -> Value {
        var next = start
        let deadline = now() + seconds * patience
        while true {
            while next < lines.count {
                next += 1
                if let value = body(lines[next - 1]) { return value }
            }
            guard !isAtEnd, now() < deadline, socket >= 0 || peer?.exitStatus == nil else {
                let last = lines.suffix(8).joined(separator: "\n")
                throw HarnessError(
                    "\(isAtEnd ? "the end" : "\(Int(seconds * patience)) s") came before: \(what), on \(path). Last lines:\n\(last)"
                )
            }
            try read(milliseconds: 100)
        }
    }

    /// Reads what has arrived, without waiting.
    public func drain() throws {
        while try read(milliseconds: 0) {}
    }

    // Reads once; false when nothing arrived in that time.
    @discardableResult
    private func read(milliseconds: CInt) throws -> Bool {
        guard try accept(milliseconds: milliseconds), wait(socket, milliseconds) else {
            return false
        }
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = Glibc.read(socket, &buffer, buffer.count)
        guard count > 0 else {
            isAtEnd = true
            return false
        }
        partial += buffer[..<count]
        while let end = partial.firstIndex(of: 10) {
            let line = partial[..<end].filter { $0 != 13 }
            lines.append(String(decoding: line, as: UTF8.self))
            partial.removeSubrange(...end)
        }
        return true
    }

    @discardableResult
    private func accept(milliseconds: CInt = 30000) throws -> Bool {
        if socket >= 0 { return true }
        guard wait(listener, milliseconds) else { return false }
        socket = Glibc.accept(listener, nil, nil)
        guard socket >= 0 else { throw HarnessError("accept at \(path): errno \(errno)") }
        _ = fcntl(socket, F_SETFD, FD_CLOEXEC)
        return true
    }

    private func wait(_ descriptor: CInt, _ milliseconds: CInt) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, milliseconds) > 0
    }
}
