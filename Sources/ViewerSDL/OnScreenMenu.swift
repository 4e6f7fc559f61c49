public import GuestDisplay
public import Viewer

/// The menu that a window draws over its picture, as SDL has none: worked by keys or by the pointer. While it is open nothing goes to the guest.
/// Questions and complaints are pages of it. Places are in pixels of the window.
@MainActor
public final class OnScreenMenu {
    /// Whether it shows.
    public private(set) var isOpen = false
    /// Called after each change of what it shows.
    public var onChange: (@MainActor () -> Void)?

    private let menu: @MainActor () -> Menu
    // The submenus that are open, by name, as the menu is made anew when the session changes.
    private var path: [String] = []
    private var questions: [(title: String, details: String, answers: [Answer])] = []
    private var selection = 0
    private var painted: (picture: MenuPicture, key: PaintKey)?
    private var serial = 0

    private struct PaintKey: Equatable {
        let serial: Int
        let window: Size
        let scale: Int
    }

    /// A menu of the entries that `menu` gives, asked for again whenever they may have changed.
    public init(menu: @escaping @MainActor () -> Menu) {
        self.menu = menu
    }

    /// Opens the first page.
    public func open() {
        isOpen = true
        path = []
        select(first: page)
        changed()
    }

    /// Closes it; a question that stands open is answered with its first answer.
    public func close() {
        guard isOpen else { return }
        isOpen = false
        let dismissed = questions
        questions = []
        changed()
        for question in dismissed { question.answers.first?.action() }
    }

    /// Opens it with a question; after one that is open already.
    public func ask(_ title: String, details: String, answers: [Answer]) {
        questions.append((title, details, answers))
        isOpen = true
        if questions.count == 1 { selection = 0 }
        changed()
    }

    /// Its entries may have changed.
    public func menuDidChange() {
        guard isOpen, questions.isEmpty else { return }
        changed()
    }

    /// The titles of all rows on the page that shows, for tests.
    public var visibleLabels: [String] { isOpen ? page.rows.map(\.label) : [] }

    /// The number of the row that is chosen by Return.
    public var selectedRow: Int { selection }

    private func changed() {
        serial += 1
        onChange?()
    }
}

// MARK: - Pages

extension OnScreenMenu {
    private var page: MenuPage {
        if let question = questions.first { return page(of: question) }
        var sections = menu().sections
        var title = "Menu"
        for (depth, name) in path.enumerated() {
            let entry = sections.lazy.flatMap { $0 }.first { $0.id == name }
            guard let entry, case .submenu(let entries) = entry.content else {
                path.removeSubrange(depth...)
                break
            }
            title = entry.label
            sections = [entries]
        }
        var rows = sections.map { $0.map(row) }
        if !path.isEmpty {
            rows.insert([MenuPage.Row(label: "‹ Back") { [weak self] in self?.goBack() }], at: 0)
        }
        return MenuPage(title: title, details: nil, sections: rows)
    }

    private func row(of entry: MenuEntry) -> MenuPage.Row {
        var row = MenuPage.Row(
            label: entry.label, shortcut: entry.shortcut, isEnabled: entry.isEnabled,
            mark: entry.mark, choose: {})
        switch entry.content {
        case .action(let action):
            row.choose = { [weak self] in
                self?.close()
                action()
            }
        case .submenu:
            row.opensPage = true
            row.choose = { [weak self] in self?.goInto(entry.id) }
        }
        return row
    }

    private func page(of question: (title: String, details: String, answers: [Answer])) -> MenuPage
    {
        let rows = question.answers.map { answer in
            MenuPage.Row(label: answer.label, isDestructive: answer.isDestructive) { [weak self] in
                self?.answered()
                answer.action()
            }
        }
        return MenuPage(title: question.title, details: question.details, sections: [rows])
    }

    private func answered() {
        if !questions.isEmpty { questions.removeFirst() }
        if questions.isEmpty { isOpen = false }
        selection = 0
        changed()
    }

    private func goInto(_ name: String) {
        path.append(name)
        // The first row goes back.
        selection = 1
        if !page.rows.indices.contains(selection) { selection = 0 }
        changed()
    }

    private func goBack() {
        guard questions.isEmpty, let name = path.popLast() else { return }
        let entries = path.last.map { _ in page.rows } ?? []
        selection = entries.isEmpty ? 0 : 1
        if let index = menu().sections.flatMap({ $0 }).firstIndex(where: { $0.id == name }) {
            selection = path.isEmpty ? index : selection
        }
        changed()
    }

    private func select(first page: MenuPage) {
        selection = page.rows.firstIndex { $0.isEnabled } ?? 0
    }
}

// MARK: - Keys and pointer

extension OnScreenMenu {
    /// A key went down, again when it repeats.
    public func pressed(_ key: EvdevKey, isRepeat: Bool) {
        guard isOpen else { return }
        switch key.rawValue {
        case 1 where !isRepeat: close()  // KEY_ESC
        case 103: move(by: -1)  // KEY_UP
        case 108: move(by: 1)  // KEY_DOWN
        case 15: move(by: 1)  // KEY_TAB
        case 102, 104: move(to: 0, step: 1)  // KEY_HOME, KEY_PAGEUP
        case 107, 109: move(to: page.rows.count - 1, step: -1)  // KEY_END, KEY_PAGEDOWN
        case 28, 96, 57:  // KEY_ENTER, KEY_KPENTER, KEY_SPACE
            if !isRepeat { choose(selection) }
        case 106 where !isRepeat:  // KEY_RIGHT
            if page.rows.indices.contains(selection), page.rows[selection].opensPage {
                choose(selection)
            }
        case 105, 14:  // KEY_LEFT, KEY_BACKSPACE
            if !isRepeat { goBack() }
        default: break
        }
    }

    /// The pointer is at that place.
    public func pointerMoved(x: Double, y: Double) {
        guard isOpen, let row = row(x: x, y: y), row != selection, page.rows[row].isEnabled
        else { return }
        selection = row
        changed()
    }

    /// The left button went down at that place: chooses a row, or closes the menu.
    public func pressed(x: Double, y: Double) {
        guard isOpen, let painted else { return }
        if let row = row(x: x, y: y) {
            choose(row)
        } else if !painted.picture.frame.contains(x: x, y: y), questions.isEmpty {
            close()
        }
    }

    /// The wheel turned; positive is down.
    public func wheel(dy: Double) {
        guard isOpen, dy != 0 else { return }
        move(by: dy > 0 ? 1 : -1)
    }

    private func row(x: Double, y: Double) -> Int? {
        guard let picture = painted?.picture, picture.frame.contains(x: x, y: y) else { return nil }
        let rows = page.rows.indices
        return picture.rows.first { $0.frame.contains(x: x, y: y) && rows.contains($0.index) }?
            .index
    }

    private func choose(_ index: Int) {
        let rows = page.rows
        guard rows.indices.contains(index), rows[index].isEnabled else { return }
        rows[index].choose()
    }

    private func move(by step: Int) {
        let count = page.rows.count
        guard count > 0 else { return }
        move(to: ((selection + step) % count + count) % count, step: step)
    }

    // The next one that can be chosen, from there on.
    private func move(to start: Int, step: Int) {
        let rows = page.rows
        guard !rows.isEmpty else { return }
        var index = start
        for _ in rows {
            if rows[index].isEnabled { break }
            index = ((index + step) % rows.count + rows.count) % rows.count
        }
        selection = index
        changed()
    }
}

// MARK: - Drawing

extension OnScreenMenu {
    /// What to draw over the picture; nil while it is closed. `scale` is the monitor's.
    public func layer(in window: Size, scale: Int) -> Layer? {
        guard isOpen, !window.isEmpty else { return nil }
        let key = PaintKey(serial: serial, window: window, scale: scale)
        if painted?.key != key {
            let page = page
            selection = min(selection, max(page.rows.count - 1, 0))
            guard
                let picture = MenuPainter.paint(
                    page, selection: selection, in: window, scale: scale)
            else { return nil }
            painted = (picture, key)
        }
        return painted.map { Layer(content: $0.picture.content, frame: $0.picture.frame) }
    }
}

extension Rect {
    fileprivate func contains(x: Double, y: Double) -> Bool {
        x >= Double(self.x) && y >= Double(self.y) && x < Double(maxX) && y < Double(maxY)
    }
}
