import Glibc

/// Why a test's surroundings, or what it watches, are not as they must be.
struct HarnessError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// Throws with that text unless the condition holds.
func check(_ condition: Bool, _ text: @autoclosure () -> String) throws {
    if !condition { throw HarnessError(text()) }
}

/// Writes a text file.
func write(_ text: String, to path: String) throws {
    guard let file = fopen(path, "we") else { throw HarnessError("\(path): errno \(errno)") }
    defer { fclose(file) }
    guard fputs(text, file) >= 0 else { throw HarnessError("\(path): errno \(errno)") }
}
