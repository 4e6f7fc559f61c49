internal import CShims
internal import Glibc
internal import GuestDisplay
internal import Synchronization
internal import SystemPackage

/// A QEMU of one version.
public struct QEMUBinary: Hashable, Sendable, CustomStringConvertible {
    /// The program.
    public let path: String
    /// `7`, `10`.
    public let description: String

    /// Those to test with: SWIFTVM_QEMU_7 (by default the system's) and, where it is set, SWIFTVM_QEMU_10.
    public static let all: [QEMUBinary] = [
        ("SWIFTVM_QEMU_7", "7", "/usr/bin/qemu-system-x86_64"), ("SWIFTVM_QEMU_10", "10", nil),
    ].compactMap { (variable: String, name: String, standard: String?) in
        let path = getenv(variable).map { String(cString: $0) } ?? standard
        return path.map { QEMUBinary(path: $0, description: name) }
    }
}

/// A real QEMU with a monitor for the program under test and one of the test's own, ended with the object.
public final class QEMUUnderTest: Sendable {
    /// The QMP socket for the program under test.
    public let monitor: String
    /// The process.
    public let process: ChildProcess

    private let folder: TestFolder
    private let control: Mutex<QMPStream>

    /// Starts it under plain emulation and waits until it runs.
    ///
    /// - Parameters:
    ///   - display: the value of its `-display`.
    ///   - arguments: more of its options.
    public init(
        _ binary: QEMUBinary, display: String = "dbus,p2p=yes",
        arguments: [String] = ["-vga", "std"]
    ) throws(ScriptError) {
        folder = try TestFolder()
        monitor = folder.file("monitor")
        let path = folder.file("control")
        let listener = swiftvm_listen_unix(path)
        guard listener >= 0 else {
            throw ScriptError("\(path): \(Errno(rawValue: errno))")
        }
        defer { Glibc.close(listener) }
        // It connects to us when its monitors are made, so nobody has to guess when it is ready.
        process = try ChildProcess(
            binary.path,
            [
                "-accel", "tcg", "-display", display, "-net", "none",
                "-chardev", "socket,id=test-control,path=\(path)",
                "-mon", "chardev=test-control,mode=control",
                "-qmp", "unix:\(monitor),server=on,wait=off",
            ] + arguments)
        var waiting = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, 180_000) == 1 else {
            throw ScriptError("QEMU \(binary) has not connected within three minutes")
        }
        let socket = swiftvm_accept(listener)
        guard socket >= 0 else { throw ScriptError("accept: \(Errno(rawValue: errno))") }
        let stream = QMPStream(OwnedDescriptor(owning: socket))
        _ = try stream.line { $0.contains("\"QMP\"") }
        control = Mutex(stream)
        _ = try command(#"{"execute":"qmp_capabilities"}"#)
    }

    /// Runs a QMP command over the test's own monitor: its answer, which is a return or an error. A descriptor goes along and stays
    /// the caller's.
    public func command(
        _ command: String, descriptor: Int32? = nil
    ) throws(ScriptError) -> String {
        let result = control.withLock { stream -> Result<String, ScriptError> in
            do throws(ScriptError) {
                try stream.write(command, descriptor: descriptor)
                return .success(
                    try stream.line {
                        $0.hasPrefix(#"{"return""#) || $0.hasPrefix(#"{"error""#)
                    })
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// The oracle: what QEMU itself says that the first graphic console shows.
    public func screendump() throws(ScriptError) -> RecordedPicture {
        let path = folder.file("screen.ppm")
        let answer = try command(
            #"{"execute":"screendump","arguments":{"filename":"\#(path)"}}"#)
        guard answer.hasPrefix(#"{"return""#) else { throw ScriptError("screendump: \(answer)") }
        return try RecordedPicture(ppm: TestFolder.read(path))
    }
}

/// A test's side of a QMP connection, line by line.
final class QMPStream: @unchecked Sendable {
    private let socket: OwnedDescriptor
    private var received: [UInt8] = []

    init(_ socket: consuming OwnedDescriptor) {
        self.socket = socket
    }

    func write(_ line: String, descriptor: Int32? = nil) throws(ScriptError) {
        var line = line + "\n"
        var descriptors = descriptor.map { [$0] } ?? []
        let isSent = line.withUTF8 {
            swiftvm_send(
                socket.rawValue, $0.baseAddress!, $0.count, &descriptors, descriptors.count)
                == $0.count
        }
        if !isSent { throw ScriptError("QMP: \(Errno(rawValue: errno))") }
    }

    /// The next line that fits; waits a minute for it.
    func line(where fits: (String) -> Bool) throws(ScriptError) -> String {
        var others: [String] = []
        while true {
            while let end = received.firstIndex(of: 0x0a) {
                let line = String(decoding: received[..<end], as: UTF8.self)
                received.removeFirst(end + 1)
                if fits(line) { return line }
                others.append(line)
            }
            var waiting = pollfd(fd: socket.rawValue, events: Int16(POLLIN), revents: 0)
            guard poll(&waiting, 1, 60_000) == 1 else {
                throw ScriptError(
                    "no answer, but \(others.suffix(5)) and \(String(decoding: received, as: UTF8.self))"
                )
            }
            var chunk = [UInt8](repeating: 0, count: 4096)
            let count = recv(socket.rawValue, &chunk, chunk.count, 0)
            guard count > 0 else { throw ScriptError("QMP: QEMU has closed it") }
            received += chunk[..<count]
        }
    }
}

extension RecordedPicture {
    /// Reads a binary PPM (`P6`, 8 bits a channel), as QEMU writes it, into `x8r8g8b8` with the X bits 0.
    public init(ppm: [UInt8]) throws(ScriptError) {
        var words: [String] = []
        var position = 0
        while words.count < 4, position < ppm.count {
            let end = ppm[position...].firstIndex { $0 == 0x20 || $0 == 0x0a } ?? ppm.count
            words.append(String(decoding: ppm[position..<end], as: UTF8.self))
            position = end + 1
        }
        guard words.count == 4, words[0] == "P6", words[3] == "255", let width = Int(words[1]),
            let height = Int(words[2]), ppm.count == position + 3 * width * height
        else { throw ScriptError("no PPM: \(words)") }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(4 * width * height)
        for pixel in stride(from: position, to: ppm.count, by: 3) {
            bytes += [ppm[pixel + 2], ppm[pixel + 1], ppm[pixel], 0]
        }
        self.init(size: Size(width: width, height: height), format: .x8r8g8b8, bytes: bytes)
    }

    /// The same picture with the X bits 0, for comparison; of a 32-bit picture.
    public var withoutAlpha: RecordedPicture {
        var copy = self
        for index in stride(from: 3, to: copy.bytes.count, by: 4) { copy.bytes[index] = 0 }
        return copy
    }

    /// How many different pixels a 32-bit picture has, to see that it is not blank.
    public var colours: Int {
        Set(
            stride(from: 0, to: bytes.count, by: 4).map {
                [bytes[$0], bytes[$0 + 1], bytes[$0 + 2]]
            }
        ).count
    }
}
extension QEMUUnderTest {
    /// Hands the peer-to-peer display to a socket that nobody serves, as another viewer would take it for itself: whether QEMU did so.
    public func addDisplayClient() throws(ScriptError) -> Bool {
        var pair: [CInt] = [-1, -1]
        guard swiftvm_socketpair(&pair) == 0 else { throw ScriptError("socketpair") }
        Glibc.close(pair[0])
        defer { Glibc.close(pair[1]) }
        _ = try command(
            #"{"execute":"getfd","arguments":{"fdname":"other"}}"#, descriptor: pair[1])
        return try command(
            #"{"execute":"add_client","arguments":{"protocol":"@dbus-display","fdname":"other"}}"#
        ).hasPrefix(#"{"return""#)
    }
}
