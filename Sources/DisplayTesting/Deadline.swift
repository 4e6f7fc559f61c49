internal import Glibc

/// Waiting for what nothing tells of.
enum Deadline {
    /// Looks every few milliseconds until `condition` holds; throws a ``ScriptError`` with what was waited for after half a minute.
    static func wait(_ what: String, until condition: () -> Bool) throws {
        for _ in 0..<6000 {
            if condition() { return }
            usleep(5000)
        }
        throw ScriptError("not within 30 s: \(what)")
    }
}
