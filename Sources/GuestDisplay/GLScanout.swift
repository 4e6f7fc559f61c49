/// A picture that a GPU holds: a dma-buf, or a texture of a context in this process.
///
/// Its source keeps drawing into it; a picture of it is whole only between an update and that update's ``FrameRelease``.
public final class GLScanout: Sendable {
    /// One plane of a dma-buf.
    public struct Plane: ~Copyable, Sendable {
        /// The dma-buf; owned.
        public let descriptor: OwnedDescriptor
        /// Bytes from the buffer's start to the plane's first row.
        public let offset: UInt32
        /// Bytes from one row to the next.
        public let stride: UInt32

        /// Takes over the descriptor.
        public init(descriptor: consuming OwnedDescriptor, offset: UInt32, stride: UInt32) {
            self.descriptor = descriptor
            self.offset = offset
            self.stride = stride
        }
    }

    /// A dma-buf's planes, at most four (EGL_EXT_image_dma_buf_import_modifiers); class, so that a scanout can be shared.
    public final class DMABuffer: Sendable {
        private let first: Plane
        /// How the pixels lie (drm_fourcc.h).
        public let fourcc: UInt32
        /// The layout (drm_fourcc.h); `DRM_FORMAT_MOD_INVALID` (2⁵⁶ − 1) when the exporter did not tell.
        public let modifier: UInt64

        /// A buffer of one plane. More planes come with the import itself.
        public init(plane: consuming Plane, fourcc: UInt32, modifier: UInt64) {
            self.first = plane
            self.fourcc = fourcc
            self.modifier = modifier
        }

        /// Lends the first plane.
        public func withFirstPlane<Result>(_ body: (borrowing Plane) throws -> Result) rethrows
            -> Result
        {
            try body(first)
        }
    }

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
