/// An output of a test's screen: a monitor to what is shown there.
public struct TestOutput: Sendable {
    /// What the X server calls it.
    public let name: String
    /// Where it lies among the others, in pixels, which is also where it is in a capture of the whole screen.
    public let x: Int
    public let y: Int
    public let width: Int
    public let height: Int

    /// Outputs of these sizes beside each other.
    public static func row(_ sizes: [(width: Int, height: Int)]) -> [TestOutput] {
        var x = 0
        return sizes.enumerated().map { number, size in
            defer { x += size.width }
            return TestOutput(
                name: "DUMMY\(number)", x: x, y: 0, width: size.width, height: size.height)
        }
    }

    /// The usual single one.
    public static let one = row([(1600, 1200)])
    /// Two that cannot be mistaken for each other.
    public static let two = row([(1024, 768), (800, 600)])

    /// The size of what holds them all.
    public static func bounds(of outputs: [TestOutput]) -> (width: Int, height: Int) {
        (
            outputs.reduce(0) { max($0, $1.x + $1.width) },
            outputs.reduce(0) { max($0, $1.y + $1.height) }
        )
    }
}
