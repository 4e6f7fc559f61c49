public import GuestDisplay

/// What lies over a guest's picture, for windows and snapshots alike: the guest's cursor, statistics, a notice; the last on top.
///
/// Keeps the contents it made, so that a layer that did not change keeps its identity and is uploaded once. One for each window.
public struct LayerStack {
    private struct Plate<Subject: Equatable> {
        let subject: Subject
        let scale: Int
        let window: Size
        /// Nil where the window is too narrow for any text.
        let content: Layer.Content?
    }

    private var cursorContent: (shape: Cursor, serial: UInt64, content: Layer.Content)?
    private var noticePlate: Plate<String>?
    private var statisticsPlate: Plate<Statistics>?

    /// Nothing made yet.
    public init() {}

    /// The layers over a picture that lies as `geometry` says.
    ///
    /// `scaleFactor` is the monitor's (1, 2, …), for the size of text. `cursor` is the guest's if it is to be drawn: where no pointer of the
    /// host's shows it; it is left out while the guest hides it, or has not put it anywhere.
    public mutating func layers(
        over geometry: PictureGeometry, scaleFactor: Int, cursor: CursorState? = nil,
        statistics: Statistics? = nil, notice: Notice? = nil
    ) -> [Layer] {
        var layers: [Layer] = []
        if let cursor, let layer = layer(of: cursor, over: geometry) { layers.append(layer) }
        let window = geometry.window
        if let statistics {
            let content = LayerStack.content(
                statistics, scaleFactor, window, in: &statisticsPlate
            ) { StatisticsPanel.content($0, scale: $1, window: $2) }
            if let content { layers.append(TextLayer.topLeft(content, scale: scaleFactor)) }
        }
        if let notice {
            let content = LayerStack.content(
                notice.text, scaleFactor, window, in: &noticePlate
            ) { TextLayer.plate($0, scale: $1, maximumWidth: $2.width) }
            if let content { layers.append(TextLayer.centred(content, in: geometry.window)) }
        }
        return layers
    }

    private mutating func layer(of cursor: CursorState, over geometry: PictureGeometry) -> Layer? {
        guard let shape = cursor.shape, let position = cursor.position, position.isVisible,
            let frame = LayerStack.frame(of: shape, at: position, over: geometry)
        else { return nil }
        // A serial is one head's; the shape itself tells those of two heads apart.
        if let made = cursorContent, made.serial == cursor.shapeSerial, made.shape == shape {
            return Layer(content: made.content, frame: frame)
        }
        let content = Layer.Content(size: shape.size, pixels: shape.pixels)
        cursorContent = (shape, cursor.shapeSerial, content)
        return Layer(content: content, frame: frame)
    }

    /// Where a shape comes to lie, as large as the picture makes it; nil when no part of it is over the picture.
    static func frame(
        of shape: Cursor, at position: CursorPosition, over geometry: PictureGeometry
    ) -> Rect? {
        let (guest, frame) = (geometry.guest, geometry.frame)
        // Any number may come from outside; these bounds keep all below from overflowing.
        guard !guest.isEmpty, !frame.isEmpty,
            (-Cursor.maximumExtent...guest.width + Cursor.maximumExtent).contains(position.x),
            (-Cursor.maximumExtent...guest.height + Cursor.maximumExtent).contains(position.y)
        else { return nil }
        let place = Rect(
            x: position.x - shape.hotSpotX, y: position.y - shape.hotSpotY,
            width: shape.size.width, height: shape.size.height)
        if place.intersection(Rect(guest)).isEmpty { return nil }
        let across = Double(frame.width) / Double(guest.width)
        let down = Double(frame.height) / Double(guest.height)
        return Rect(
            x: frame.x + Int((Double(place.x) * across).rounded()),
            y: frame.y + Int((Double(place.y) * down).rounded()),
            width: max(1, Int((Double(place.width) * across).rounded())),
            height: max(1, Int((Double(place.height) * down).rounded())))
    }

    private static func content<Subject: Equatable>(
        _ subject: Subject, _ scale: Int, _ window: Size, in cache: inout Plate<Subject>?,
        make: (_ subject: Subject, _ scale: Int, _ window: Size) -> Layer.Content?
    ) -> Layer.Content? {
        if let made = cache, made.subject == subject, made.scale == scale, made.window == window {
            return made.content
        }
        let content = make(subject, scale, window)
        cache = Plate(subject: subject, scale: scale, window: window, content: content)
        return content
    }
}
