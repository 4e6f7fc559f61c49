public import ArgumentParser
internal import GuestDisplay

/// The options of both windowed viewers about monitors.
public struct MonitorOptions: ParsableArguments {
    @Flag(help: "Begin full screen: each head on a monitor of its own.")
    public var fullscreen = false

    @Option(
        help: ArgumentHelp(
            "Full screen, show this head on this monitor; without it, the first head on the first monitor and so on.",
            valueName: "head:name,…"),
        transform: MonitorOptions.assignment)
    public var monitors = MonitorAssignment()

    @Flag(help: "Print the monitors, one a line (name, size, position), and exit.")
    public var listMonitors = false

    /// Makes options at their defaults.
    public init() {}

    @Sendable private static func assignment(_ list: String) throws -> MonitorAssignment {
        do throws(DisplayError) {
            return try MonitorAssignment(parsing: list)
        } catch {
            throw ValidationError(error.description)
        }
    }
}
