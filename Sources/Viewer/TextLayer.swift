public import GuestDisplay

/// Texts as layers: white on a dark plate.
public enum TextLayer {
    /// The plate of a notice: centred lines. `scale` is the monitor's scale factor (1, 2, …); `maximumWidth` in pixels wraps the text. Nil where
    /// there is no room for any.
    public static func plate(_ text: String, scale: Int, maximumWidth: Int) -> Layer.Content? {
        let style = TextStyle.notice
        let padding = style.padding * scale
        let available = maximumWidth - 2 * padding
        guard scale > 0, available > 40, let measuring = Canvas(size: Size(width: 1, height: 1))
        else { return nil }
        let size = measuring.layOut(text, style, scale: scale, width: available)
        let plate = Size(width: size.width + 2 * padding, height: size.height + 2 * padding)
        guard let canvas = Canvas(size: plate) else { return nil }
        canvas.fillPlate(radius: style.radius * Double(scale))
        canvas.drawText(text, style, scale: scale, width: available, x: padding, y: padding)
        return canvas.content()
    }

    /// A plate in the middle of a window.
    public static func centred(_ content: Layer.Content, in window: Size) -> Layer {
        Layer(
            content: content,
            frame: Rect(
                x: (window.width - content.size.width) / 2,
                y: (window.height - content.size.height) / 2,
                width: content.size.width, height: content.size.height))
    }

    /// A plate in the top left corner, a little off the edges.
    public static func topLeft(_ content: Layer.Content, scale: Int) -> Layer {
        Layer(
            content: content,
            frame: Rect(
                x: TextStyle.margin * scale, y: TextStyle.margin * scale,
                width: content.size.width, height: content.size.height))
    }
}
