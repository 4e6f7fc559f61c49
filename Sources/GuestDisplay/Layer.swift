/// A small picture over the guest's: a notice, a cursor, statistics.
public struct Layer: Sendable {
    /// Pixels of a layer, shared and immutable; a new content is a new object, so that identity tells whether to upload again.
    public final class Content: Sendable {
        /// Size in pixels.
        public let size: Size
        /// Rows of premultiplied ARGB, one number a pixel: 0xAARRGGBB; `width × height` of them.
        public let pixels: [UInt32]

        /// Takes the pixels, of which there must be `width × height`.
        public init(size: Size, pixels: [UInt32]) {
            precondition(pixels.count == size.width * size.height)
            self.size = size
            self.pixels = pixels
        }
    }

    /// What it shows.
    public var content: Content
    /// Where, in pixels of the window.
    public var frame: Rect

    /// Places a content.
    public init(content: Content, frame: Rect) {
        self.content = content
        self.frame = frame
    }
}
