internal import Glibc
internal import SystemPackage

/// A message bus of a test's own, ended with the object.
public final class BusUnderTest: Sendable {
    /// Its address.
    public let address: String
    private let folder: TestFolder
    private let process: ChildProcess

    /// Starts dbus-daemon and waits until it listens.
    public init() throws(ScriptError) {
        folder = try TestFolder()
        address = "unix:path=\(folder.file("bus"))"
        do {
            let pipe = try FileDescriptor.pipe()
            defer { try? pipe.readEnd.close() }
            do {
                defer { try? pipe.writeEnd.close() }
                process = try ChildProcess(
                    "dbus-daemon",
                    [
                        "--session", "--nofork", "--nopidfile", "--address=\(address)",
                        "--print-address",
                    ],
                    output: pipe.writeEnd.rawValue)
            }
            // It prints its address when it listens there.
            var byte: UInt8 = 0
            let count = try withUnsafeMutableBytes(of: &byte) { try pipe.readEnd.read(into: $0) }
            guard count == 1 else { throw ScriptError("dbus-daemon has ended") }
        } catch {
            throw ScriptError("dbus-daemon: \(error)")
        }
    }

    /// Ends the bus.
    public func end() {
        process.send(SIGKILL)
        _ = process.wait()
    }
}
