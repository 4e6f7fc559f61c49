public import ArgumentParser
public import GuestDisplay
public import Logging

/// The options of both windowed viewers about what they show and how; with the shared ones and those about monitors they make ``ViewerOptions``.
public struct ViewingOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Open this head; may be given several times. Without it, every graphic head.",
            valueName: "n"))
    public var head: [Int] = []

    @OptionGroup public var monitors: MonitorOptions

    @Option(
        help: ArgumentHelp(
            "Fit the picture to the window, or show one guest pixel as one of the monitor.",
            valueName: "fit|1:1"))
    public var scale: ScaleMode = .fit

    @Option(
        help: ArgumentHelp(
            "Let the guest draw into a GPU's buffer again when it was copied, or, without a copy, when a window has drawn it.",
            valueName: "after-copy|after-draw"))
    public var release: ReleasePolicy = .afterCopy

    @Option(
        help: ArgumentHelp(
            "About how often a second a plain VGA's screen is read while it changes; 0 leaves it to QEMU, which does so 33 times.",
            valueName: "hz"))
    public var refreshRate = 60

    @Flag(help: "Leave the guest's resolution alone when a window is resized.")
    public var noResizeGuest = false

    @Option(
        help: ArgumentHelp(
            "Write each head's counters to this file, a line of JSON a second.",
            valueName: "file"))
    public var stats: String?

    /// Makes options at their defaults.
    public init() {}

    /// Throws for a refresh rate that is below QEMU's own, which goes on, or that no monitor has.
    public func validate() throws {
        guard refreshRate == 0 || (34...1000).contains(refreshRate) else {
            throw ValidationError(
                "--refresh-rate \(refreshRate): give 34 to 1000, or 0 for QEMU's own")
        }
    }

    /// What a viewer is to do; throws when the file for statistics cannot be written.
    public func viewerOptions(
        _ shared: SharedOptions, logger: Logger
    ) throws(DisplayError) -> ViewerOptions {
        var options = ViewerOptions(
            heads: head, renderer: shared.renderer, release: release, scale: scale,
            startsFullScreen: monitors.fullscreen, monitors: monitors.monitors,
            resizesGuest: !noResizeGuest)
        if let stats {
            options.statistics = try StatisticsFile(path: stats) { logger.warning("\($0)") }
        }
        return options
    }
}
