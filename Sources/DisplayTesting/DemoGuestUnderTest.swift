internal import CShims
internal import Glibc
internal import GuestDisplay
internal import Synchronization
internal import SystemPackage

/// The demo guest in a real QEMU, with its serial port in the test's hand; ended with the object.
public final class DemoGuestUnderTest: Sendable {
    /// QEMU.
    public let qemu: QEMUUnderTest

    private let folder: TestFolder
    private let serial: Mutex<QMPStream>

    /// The demo guest's ELF file: SWIFTVM_DEMO_GUEST, or where `make guest` puts it.
    public static let program =
        getenv("SWIFTVM_DEMO_GUEST").map { String(cString: $0) }
        ?? ".build/demo-guest/demo-guest.elf"

    /// Boots it and waits until its first picture stands.
    ///
    /// - Parameters:
    ///   - commandLine: its words, as its README.md has them.
    ///   - display: the value of QEMU's `-display`.
    ///   - arguments: more of QEMU's options, the displays and input devices among them.
    public init(
        _ binary: QEMUBinary, _ commandLine: String, display: String = "none", arguments: [String]
    ) throws(ScriptError) {
        folder = try TestFolder()
        let path = folder.file("serial")
        let listener = swiftvm_listen_unix(path)
        guard listener >= 0 else { throw ScriptError("\(path): \(Errno(rawValue: errno))") }
        defer { Glibc.close(listener) }
        qemu = try QEMUUnderTest(
            binary, display: display,
            arguments: [
                "-nodefaults", "-m", "64", "-kernel", Self.program, "-append", commandLine,
                "-chardev", "socket,id=com1,path=\(path)", "-serial", "chardev:com1",
            ] + arguments)
        // It has connected when it was made, before its monitors answered.
        let socket = swiftvm_accept(listener)
        guard socket >= 0 else { throw ScriptError("accept: \(Errno(rawValue: errno))") }
        serial = Mutex(QMPStream(OwnedDescriptor(owning: socket)))
        _ = try line { $0 == "ready" }
    }

    /// The next line of the serial port that fits; those before it are dropped.
    @discardableResult
    public func line(where fits: (String) -> Bool) throws(ScriptError) -> String {
        let result = serial.withLock { stream -> Result<String, ScriptError> in
            do throws(ScriptError) { return .success(try stream.line(where: fits)) } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Sends a command to the serial port: a letter, or a line with its colon, without its end.
    public func send(_ command: String) throws(ScriptError) {
        let result = serial.withLock { stream -> Result<Void, ScriptError> in
            do throws(ScriptError) { return .success(try stream.write(command)) } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    /// Sends a command and waits for a line.
    public func send(_ command: String, until answer: String) throws(ScriptError) {
        try send(command)
        try line { $0 == answer }
    }

    /// What QEMU itself says that a head shows, of the device with an `id` or of the first graphic console.
    public func screendump(device: String? = nil, head: Int = 0) throws(ScriptError) -> PNGPicture {
        let path = folder.file("screen.png")
        let which = device.map { #","device":"\#($0)","head":\#(head)"# } ?? ""
        let answer = try qemu.command(
            #"{"execute":"screendump","arguments":{"filename":"\#(path)","format":"png"\#(which)}}"#
        )
        guard answer.hasPrefix(#"{"return""#), let picture = PNGPicture(path: path) else {
            throw ScriptError("screendump: \(answer)")
        }
        return picture
    }
}
