public import Viewer

/// What a snapshot takes and where it goes.
public struct SnapshotOptions: Sendable {
    /// The head's number; nil: the first graphic one.
    public var head: Int?
    /// Whether to wait until no pixel has changed for half a second.
    public var waitsUntilStable: Bool
    /// Seconds to wait after the first picture, 0 or more.
    public var delay: Double
    /// Seconds until it gives up, more than 0.
    public var timeout: Double
    /// The file to write, or `-` for standard output.
    public var output: String
    /// How pictures are kept; nil: GL where it works.
    public var renderer: RendererChoice?
    /// The GPU's node to use, `/dev/dri/renderD128` for example; nil: the first that works, or none.
    public var renderNode: String?
    /// What is shown over the guest's picture; nothing leaves it as the guest drew it.
    public var layers: Set<SnapshotLayer>

    /// Describes a snapshot.
    public init(
        head: Int? = nil, waitsUntilStable: Bool = false, delay: Double = 0, timeout: Double = 30,
        output: String,
        renderer: RendererChoice? = nil, renderNode: String? = nil, layers: Set<SnapshotLayer> = []
    ) {
        self.head = head
        self.waitsUntilStable = waitsUntilStable
        self.delay = delay
        self.timeout = timeout
        self.output = output
        self.renderer = renderer
        self.renderNode = renderNode
        self.layers = layers
    }
}
