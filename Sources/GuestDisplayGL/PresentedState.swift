public import GuestDisplay

/// What a window shows, to tell what of it must be drawn anew for its next frame. One thread.
public struct PresentedState {
    private struct Frame {
        var number: UInt64?
        var guest: Size
        var place: Rect
        var window: Size
        // Held, so that no new content gets the identity of one that is gone.
        var layers: [Layer]
    }

    private var shown: Frame?

    /// A window that shows nothing that is known.
    public init() {}

    /// Forgets what is shown: the window has lost it.
    public mutating func invalidate() {
        shown = nil
    }

    /// The pixels of the window that may differ from what it shows, which from now on is this frame: `picture` scaled into `frame`, the
    /// layers over it. Exact at every scale: a guest pixel needs only the pixels of the window that it has a part in. Pictures must be of one head.
    public mutating func update(
        to picture: Picture?, layers: [Layer], frame: Rect, window: Size
    ) -> Damage {
        let next = Frame(
            number: picture?.number, guest: picture?.size ?? .zero, place: frame, window: window,
            layers: layers)
        defer { shown = next }
        guard let shown, shown.window == window, shown.place == frame, shown.guest == next.guest
        else { return .full(window) }
        var damage = Damage(size: window)
        if let picture, let before = shown.number {
            for rect in picture.damage(since: before).rects {
                damage.add(PresentedState.place(of: rect, in: picture.size, over: frame))
            }
        }
        for frame in PresentedState.difference(shown.layers, layers) { damage.add(frame) }
        return damage
    }

    /// The pixels of the window that a rectangle of the guest's picture has a part in.
    static func place(of rect: Rect, in guest: Size, over frame: Rect) -> Rect {
        if guest.isEmpty || frame.isEmpty { return .zero }
        let left = rect.x * frame.width / guest.width
        let top = rect.y * frame.height / guest.height
        let right = (rect.maxX * frame.width + guest.width - 1) / guest.width
        let bottom = (rect.maxY * frame.height + guest.height - 1) / guest.height
        return Rect(
            x: frame.x + left, y: frame.y + top, width: right - left, height: bottom - top)
    }

    /// Where layers came, went, moved, or changed their order.
    private static func difference(_ old: [Layer], _ new: [Layer]) -> [Rect] {
        let kept = old.filter { layer in new.contains { isSame($0, layer) } }
        let common = new.filter { layer in old.contains { isSame($0, layer) } }
        guard kept.count == common.count, zip(kept, common).allSatisfy({ isSame($0, $1) }) else {
            return (old + new).map(\.frame)
        }
        return old.filter { layer in !new.contains { isSame($0, layer) } }.map(\.frame)
            + new.filter { layer in !old.contains { isSame($0, layer) } }.map(\.frame)
    }

    private static func isSame(_ one: Layer, _ other: Layer) -> Bool {
        one.content === other.content && one.frame == other.frame
    }
}
