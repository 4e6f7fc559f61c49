/// What a scripted double found wrong with the program's side.
public struct ScriptError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was expected and what came.
    public let description: String

    /// Says what was expected and what came.
    public init(_ description: String) {
        self.description = description
    }
}
