/// A picture that a GPU holds: a dma-buf, or a texture of a context in this process.
///
/// Its source keeps drawing into it; a picture of it is whole only between an update and that update's ``FrameRelease``.
public final class GLScanout: Sendable {
    /// What holds the pixels.
    public enum Storage: Sendable {
        /// A dma-buf.
        case dmaBuffer(DMABuffer)
        /// A texture name, valid in contexts that share with the importing one.
        case texture(UInt32)
    }

    /// What holds the pixels.
    public let storage: Storage
    /// Size of the whole buffer in pixels.
    public let backingSize: Size
    /// The part that is shown, within the backing size.
    public let crop: Rect
    /// Whether the first row in memory is the top of the picture.
    public let isTopDown: Bool

    /// Checks sizes and crop; throws the field that is wrong.
    public init(storage: Storage, backingSize: Size, crop: Rect, isTopDown: Bool)
        throws(SurfaceError)
    {
        try DisplaySurface.check(size: backingSize)
        guard crop.lies(within: backingSize) else {
            throw SurfaceError(field: "crop", reason: "\(crop) does not lie in \(backingSize)")
        }
        self.storage = storage
        self.backingSize = backingSize
        self.crop = crop
        self.isTopDown = isTopDown
    }
}
