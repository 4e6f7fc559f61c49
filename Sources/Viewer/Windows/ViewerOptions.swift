public import GuestDisplay

/// What the user asked of a viewer.
public struct ViewerOptions: Sendable {
    /// The heads to open; empty opens every graphic one.
    public var heads: [Head.ID]
    /// How to draw; nil chooses.
    public var renderer: RendererChoice?
    /// When a guest may draw into a GPU's buffer again.
    public var release: ReleasePolicy
    /// How pictures are fitted at first.
    public var scale: ScaleMode
    /// Which head goes to which monitor when it is full screen.
    public var monitors: MonitorAssignment
    /// Whether windows begin full screen.
    public var startsFullScreen: Bool
    /// Whether a guest that can follows the window's size.
    public var resizesGuest: Bool
    /// Where counters are written; nil writes none.
    public var statistics: StatisticsFile?

    /// Names all options.
    public init(
        heads: [Head.ID] = [], renderer: RendererChoice? = nil,
        release: ReleasePolicy = .afterCopy, scale: ScaleMode = .fit,
        startsFullScreen: Bool = false, monitors: MonitorAssignment = MonitorAssignment(),
        resizesGuest: Bool = true, statistics: StatisticsFile? = nil
    ) {
        self.heads = heads
        self.renderer = renderer
        self.release = release
        self.scale = scale
        self.startsFullScreen = startsFullScreen
        self.monitors = monitors
        self.resizesGuest = resizesGuest
        self.statistics = statistics
    }
}
