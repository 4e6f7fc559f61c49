internal import CPangoCairo
internal import GuestDisplay
internal import Viewer

/// A page as it is drawn: its pixels, where they go in the window, and where each row is there.
struct MenuPicture {
    let content: Layer.Content
    let frame: Rect
    let rows: [(index: Int, frame: Rect)]
}

/// Draws a page of the on-screen menu, with Pango.
enum MenuPainter {
    /// Draws a page in the middle of a window. A page taller than the window shows the part with the selection. Nil when the window has no room
    /// for any.
    static func paint(_ page: MenuPage, selection: Int, in window: Size, scale: Int) -> MenuPicture?
    {
        let scale = max(scale, 1)
        let margin = 8 * scale
        guard window.width > 4 * margin, window.height > 4 * margin,
            let measuring = MenuCanvas(size: Size(width: 1, height: 1), scale: scale)
        else { return nil }
        let room = Size(width: window.width - 2 * margin, height: window.height - 2 * margin)
        let layout = MenuLayout(page, room: room.width, canvas: measuring)
        let size = Size(width: layout.width, height: min(layout.height, room.height))
        guard let canvas = MenuCanvas(size: size, scale: scale) else { return nil }
        let scroll = layout.scroll(toShow: selection, in: size.height)
        canvas.fillPlate()
        canvas.clip(inset: 4 * scale)
        canvas.moveUp(by: scroll)
        draw(page, layout, selection: selection, on: canvas)
        guard let content = canvas.content() else { return nil }
        let frame = Rect(
            x: (window.width - size.width) / 2, y: (window.height - size.height) / 2,
            width: size.width, height: size.height)
        let rows = layout.rows.enumerated().map { index, row in
            (
                index,
                Rect(
                    x: frame.x, y: frame.y + row.y - scroll, width: frame.width, height: row.height)
            )
        }
        return MenuPicture(content: content, frame: frame, rows: rows)
    }

    private static func draw(
        _ page: MenuPage, _ layout: MenuLayout, selection: Int, on canvas: MenuCanvas
    ) {
        let scale = canvas.scale
        let width = layout.width - 2 * layout.padding
        canvas.draw(
            page.title, .title, x: layout.padding, y: layout.titleY, width: width, colour: .white)
        if let details = page.details {
            canvas.draw(
                details, .small, x: layout.padding, y: layout.detailsY, width: width,
                colour: .dimmed)
        }
        for y in layout.lines {
            canvas.fill(
                Rect(x: layout.padding, y: y, width: width, height: scale), radius: 0,
                colour: .line)
        }
        for (index, (row, place)) in zip(page.rows, layout.rows).enumerated() {
            let frame = Rect(
                x: 6 * scale, y: place.y, width: layout.width - 12 * scale, height: place.height)
            let isSelected = index == selection && row.isEnabled
            if isSelected {
                canvas.fill(
                    frame, radius: 6 * scale, colour: row.isDestructive ? .danger : .accent)
            }
            let colour: MenuCanvas.Colour =
                !row.isEnabled
                ? .disabled : row.isDestructive && !isSelected ? .dangerText : .white
            let textY = place.y + (place.height - layout.textHeight) / 2
            if let mark = row.mark {
                canvas.draw(
                    mark,
                    in: Rect(
                        x: layout.padding, y: place.y, width: 16 * scale, height: place.height),
                    colour: colour)
            }
            canvas.draw(
                row.label, .normal, x: layout.labelX, y: textY, width: nil, colour: colour)
            if let trailing = row.trailing {
                let taken = canvas.measure(trailing, .normal, width: nil).width
                canvas.draw(
                    trailing, .normal, x: layout.width - layout.padding - taken, y: textY,
                    width: nil, colour: row.isEnabled && isSelected ? .white : .dimmed)
            }
        }
        canvas.draw(
            MenuLayout.help, .small, x: layout.padding, y: layout.helpY, width: width,
            colour: .disabled)
    }
}

/// Where the parts of a page are, from its top left corner.
struct MenuLayout {
    static let help = "↑ ↓ and Enter, or the mouse · Esc closes"

    private(set) var width = 0
    private(set) var height = 0
    let padding: Int
    let labelX: Int
    let textHeight: Int
    let titleY: Int
    let detailsY: Int
    private(set) var helpY = 0
    private(set) var rows: [(y: Int, height: Int)] = []
    private(set) var lines: [Int] = []

    init(_ page: MenuPage, room: Int, canvas: MenuCanvas) {
        let scale = canvas.scale
        let rowHeight = 28 * scale
        padding = 16 * scale
        // Rows line up whether they have a mark or not.
        let hasMarks = page.rows.contains { $0.mark != nil }
        labelX = padding + (hasMarks ? 24 * scale : 0)
        let normal = canvas.measure("Mg", .normal, width: nil)
        textHeight = normal.height
        for row in page.rows {
            let trailing = row.trailing
            let gap = trailing == nil ? 0 : 32 * scale
            let label = canvas.measure(row.label, .normal, width: nil).width
            let end = trailing.map { canvas.measure($0, .normal, width: nil).width } ?? 0
            width = max(width, labelX + label + gap + end + padding)
        }
        let inner = [
            canvas.measure(page.title, .title, width: nil),
            canvas.measure(MenuLayout.help, .small, width: nil),
        ]
        width = max(width, (inner.map(\.width).max() ?? 0) + 2 * padding)
        if page.details != nil { width = max(width, 440 * scale) }
        width = min(width, room)

        titleY = 12 * scale
        var y = titleY + canvas.measure(page.title, .title, width: width - 2 * padding).height
        detailsY = y + 6 * scale
        if let details = page.details {
            y = detailsY + canvas.measure(details, .small, width: width - 2 * padding).height
        }
        y += 8 * scale
        for (index, section) in page.sections.enumerated() {
            if index > 0 || page.details == nil {
                lines.append(y + 3 * scale)
                y += 7 * scale
            }
            for _ in section {
                rows.append((y, rowHeight))
                y += rowHeight
            }
        }
        lines.append(y + 3 * scale)
        y += 9 * scale
        helpY = y
        y += canvas.measure(MenuLayout.help, .small, width: width - 2 * padding).height
        height = y + 10 * scale
    }

    /// How far up the page goes so that a row can be seen in that height.
    func scroll(toShow row: Int, in visible: Int) -> Int {
        guard height > visible, rows.indices.contains(row) else { return 0 }
        let middle = rows[row].y + rows[row].height / 2
        return min(max(middle - visible / 2, 0), height - visible)
    }
}
