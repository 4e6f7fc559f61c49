/// When a guest may draw into a buffer of a GPU again that it has shown.
public enum ReleasePolicy: String, CaseIterable, Sendable {
    /// When the ingest has copied it: the guest is never held to a window's refresh.
    case afterCopy = "after-copy"
    /// When a window has drawn it, without a copy: for guests that flip between buffers. A window that does not draw within
    /// ``drawLimit`` (hidden, slow, gone) does not hold the guest: the ingest copies then.
    case afterDraw = "after-draw"

    /// How long a window may take.
    public static let drawLimit = Duration.milliseconds(50)
}
