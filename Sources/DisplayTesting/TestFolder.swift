internal import Glibc
internal import SystemPackage

/// A new folder for a test's sockets and files, removed with it.
public final class TestFolder: Sendable {
    /// Where it is: short, as a socket's path has 107 bytes at most.
    public let path: String

    /// Makes one below TMPDIR or /tmp.
    public init() throws(ScriptError) {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/swiftvm-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw ScriptError("mkdtemp in \(parent): \(Errno(rawValue: errno))")
        }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit {
        if let folder = opendir(path) {
            while let entry = readdir(folder) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name != ".", name != ".." { unlink("\(path)/\(name)") }
            }
            closedir(folder)
        }
        rmdir(path)
    }

    /// The path of a file in it.
    public func file(_ name: String) -> String { "\(path)/\(name)" }

    /// All bytes of a file.
    public static func read(_ path: String) throws(ScriptError) -> [UInt8] {
        do {
            let file = try FileDescriptor.open(path, .readOnly)
            defer { try? file.close() }
            var bytes: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = try chunk.withUnsafeMutableBytes { try file.read(into: $0) }
                if count == 0 { return bytes }
                bytes += chunk[..<count]
            }
        } catch {
            throw ScriptError("\(path): \(error)")
        }
    }
}
