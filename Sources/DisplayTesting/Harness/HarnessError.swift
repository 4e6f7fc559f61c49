internal import Glibc

/// Why a test's surroundings, or what it watches, are not as they must be.
public struct HarnessError: Error, CustomStringConvertible {
    /// What went wrong.
    public let description: String

    /// Says so.
    public init(_ description: String) {
        self.description = description
    }
}

/// Throws with that text unless the condition holds.
public func check(_ condition: Bool, _ text: @autoclosure () -> String) throws {
    if !condition { throw HarnessError(text()) }
}

/// Writes a text file.
public func write(_ text: String, to path: String) throws {
    guard let file = fopen(path, "we") else { throw HarnessError("\(path): errno \(errno)") }
    defer { fclose(file) }
    guard fputs(text, file) >= 0 else { throw HarnessError("\(path): errno \(errno)") }
}
