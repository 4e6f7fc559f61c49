/// What a head's ingest has done since it began.
public struct IngestCounters: Hashable, Sendable {
    /// Events received, refused ones included.
    public var events: UInt64 = 0
    /// Events refused with an error.
    public var refused: UInt64 = 0
    /// Scanouts with a picture, and updates, that were applied; several may make one picture.
    public var changes: UInt64 = 0
    /// Updates that were applied.
    public var updates: UInt64 = 0
    /// Updates in which no pixel was another: they make no picture. Nobody looks for them in shared memory that textures are written from.
    public var unchanged: UInt64 = 0
    /// Bytes of surfaces that changes told to read: copied into the backing picture, or uploaded from shared memory, the same one perhaps to several slots.
    public var bytesCopied: UInt64 = 0
    /// Pixels copied from the backing picture (or shared memory, or a texture) to slots of the ring.
    public var pixelsUploaded: UInt64 = 0
    /// Buffers of GPUs that were imported by the ingest, of all its heads: once each, however often a guest flips to them.
    public var imports: UInt64 = 0
    /// Pictures published that are the guest's own buffer, without a copy.
    public var direct: UInt64 = 0
    /// Pictures published.
    public var picturesPublished: UInt64 = 0
    /// How often a picture had to wait because readers held every slot.
    public var deferrals: UInt64 = 0
    /// How often EGL or GL failed; the log says why.
    public var failures: UInt64 = 0
    /// How long ``Stage/receive``, ``Stage/ingest`` and ``Stage/release`` took; the others are windows'.
    public var stages = StageTimes()

    /// All zero.
    public init() {}
}
