internal import Synchronization

/// What a head shows.
public enum Scanout: Sendable {
    /// A picture in CPU memory. Its bytes are those of this moment, or a mapping that later damage refers to.
    case surface(DisplaySurface)
    /// A picture that a GPU holds.
    case gl(GLScanout)
    /// Nothing: the guest has switched the display off, or has not yet drawn.
    case off
}

/// The duty to tell the source that a frame was read and may be drawn over.
///
/// Released exactly once: by ``release()``, or when the last reference goes. Any thread.
public final class FrameRelease: Sendable {
    private let once: Once
    private let begin = Moment.now
    private let observer = Mutex<(@Sendable (UInt64) -> Void)?>(nil)

    /// `action` runs exactly once, on the thread that releases; it must not block.
    public init(_ action: @escaping @Sendable () -> Void) {
        once = Once(action)
    }

    deinit {
        release()
    }

    /// Releases the frame now; later calls do nothing.
    public func release() {
        guard once.run() else { return }
        let body = observer.withLock { observer in
            defer { observer = nil }
            return observer
        }
        body?(Moment.now.nanoseconds(since: begin))
    }

    /// Has `body` told, after the release and on its thread, how many nanoseconds the frame was held: since this was made. One at a time can be told;
    /// nobody is when the frame was released before. It must not block.
    public func onRelease(_ body: @escaping @Sendable (UInt64) -> Void) {
        observer.withLock { $0 = body }
    }
}

/// New content of a head's current scanout.
public enum FrameUpdate: Sendable {
    /// The pixels for the rectangle whose top left corner is (`x`, `y`): the surface is as large as the rectangle. The
    /// rectangle may be wrong: the receiver checks it against the current picture and refuses it with an error.
    case pixels(DisplaySurface, x: Int, y: Int)
    /// The current scanout's own memory (mapping, dma-buf, texture) has changed there. A rectangle that does not lie within it
    /// counts as the whole. The release is the guest's permission to draw on; nil where the source does not wait.
    case inPlace(Rect, release: FrameRelease?)
}

/// What a source tells a head, in the guest's order.
public enum DisplayEvent: Sendable {
    /// Another picture from now on.
    case scanout(Scanout)
    /// The picture changed.
    case update(FrameUpdate)
    /// Another cursor shape; nil: the guest draws its cursor itself.
    case cursor(Cursor?)
    /// The guest moved its cursor (hot-spot's position in guest pixels, for relative mice) or hid it.
    case cursorPosition(CursorPosition)
}
