/// One whole picture of a head: immutable and numbered.
public protocol GuestPicture: AnyObject, Sendable {
    /// Counts up within a head, from 1, by one a picture.
    var number: UInt64 { get }
    /// Size in pixels.
    var size: Size { get }
    /// When it could be drawn first.
    var published: Moment { get }
}

/// What a head shows.
public enum HeadContent<Picture: GuestPicture>: Sendable {
    /// No scanout has come yet.
    case nothing
    /// The guest has switched the display off.
    case off
    /// A picture.
    case picture(Picture)
}

/// One head's pictures, as a window sees them: the newest one, the cursor, and a wake when either changes. Any thread may call.
public protocol HeadPictures: HeadSink {
    associatedtype Picture: GuestPicture

    /// The newest published content.
    var content: HeadContent<Picture> { get }
    /// The guest's pointer.
    var cursor: CursorState { get }
    /// What was done since the head began.
    var counters: IngestCounters { get }
    /// How the pixels of the newest scanout come here, for a user to read: `bytes`, `shared memory`, or which GPU's buffer and who reads it. Empty before the
    /// first.
    var path: String { get }
    /// When a guest's buffers of a GPU are released.
    var releasePolicy: ReleasePolicy { get }
    /// Why the newest scanout was refused; nil when it was not.
    var lastRefusal: SurfaceError? { get }
    /// Calls `wake` on a thread of its own after each change of content or cursor, until the observation is cancelled or dropped.
    /// `wake` must not block; changes that come together are one call.
    func observe(_ wake: @escaping @Sendable () -> Void) -> Observation
    /// Reads a picture of this head back; `completion` is called exactly once, on any thread, with rows of 0x00RRGGBB, top first,
    /// `width × height` of them.
    func readPixels(
        of picture: Picture,
        completion: @escaping @Sendable (Result<[UInt32], DisplayError>) -> Void)
}
