import GuestDisplay
import Testing
import Viewer
import ViewerSDL

/// The menu that a window draws itself.
@MainActor
struct OnScreenMenuTests {
    /// A menu with each kind of line, and what was chosen.
    @MainActor
    private final class Bench {
        var chosen: [String] = []
        var isPaused = false
        private(set) var menu: OnScreenMenu!

        init() {
            menu = OnScreenMenu { [unowned self] in
                Menu([
                    [
                        MenuEntry("off", "Off", isEnabled: false) { self.chosen.append("off") },
                        MenuEntry("full", "Full Screen", shortcut: .fullScreen) {
                            self.chosen.append("full")
                        },
                        MenuEntry(
                            "scale", "Scale",
                            entries: [
                                MenuEntry("fit", "Fit", mark: .radio(true)) {
                                    self.chosen.append("fit")
                                },
                                MenuEntry("1:1", "1:1", mark: .radio(false)) {
                                    self.chosen.append("1:1")
                                },
                            ]),
                    ],
                    [
                        MenuEntry("pause", self.isPaused ? "Resume" : "Pause") {
                            self.chosen.append("pause")
                        }
                    ],
                ])
            }
        }

        func press(_ keys: UInt16...) {
            for key in keys { menu.pressed(EvdevKey(key), isRepeat: false) }
        }
    }

    private let up: UInt16 = 103
    private let down: UInt16 = 108
    private let left: UInt16 = 105
    private let right: UInt16 = 106
    private let enter: UInt16 = 28
    private let escape: UInt16 = 1

    @Test("Keys go over what can be chosen, round the ends, and Return chooses and closes")
    func keys() {
        let bench = Bench()
        bench.menu.open()
        #expect(bench.menu.selectedRow == 1)
        bench.press(up)
        #expect(bench.menu.selectedRow == 3)
        bench.press(down)
        #expect(bench.menu.selectedRow == 1)
        bench.press(enter)
        #expect(bench.chosen == ["full"])
        #expect(!bench.menu.isOpen)
    }

    @Test("A submenu is gone into, left again where it was entered, and its lines do their work")
    func submenus() {
        let bench = Bench()
        bench.menu.open()
        bench.press(down, right)
        #expect(bench.menu.visibleLabels == ["‹ Back", "Fit", "1:1"])
        bench.press(left)
        #expect(bench.menu.visibleLabels == ["Off", "Full Screen", "Scale", "Pause"])
        #expect(bench.menu.selectedRow == 2)
        bench.press(enter, down, enter)
        #expect(bench.chosen == ["1:1"])
    }

    @Test("Escape closes it from any page, and nothing is chosen")
    func escapes() {
        let bench = Bench()
        bench.menu.open()
        bench.press(down, right, escape)
        #expect(!bench.menu.isOpen)
        #expect(bench.chosen.isEmpty)
        // Keys are nobody's then.
        bench.press(enter)
        #expect(bench.chosen.isEmpty)
    }

    @Test("A key that is held repeats moves, not choices")
    func repeats() {
        let bench = Bench()
        bench.menu.open()
        bench.menu.pressed(EvdevKey(down), isRepeat: true)
        #expect(bench.menu.selectedRow == 2)
        bench.menu.pressed(EvdevKey(enter), isRepeat: true)
        #expect(bench.menu.visibleLabels.first == "Off")
    }

    @Test("The lines follow what they stand for")
    func follows() {
        let bench = Bench()
        bench.menu.open()
        bench.isPaused = true
        bench.menu.menuDidChange()
        #expect(bench.menu.visibleLabels.last == "Resume")
    }

    @Test("The pointer chooses where it points; beside the menu it closes it", arguments: [1, 2])
    func pointer(scale: Int) throws {
        let window = Size(width: 640 * scale, height: 480 * scale)
        let bench = Bench()
        bench.menu.open()
        let frame = try #require(bench.menu.layer(in: window, scale: scale)).frame
        // The rows are found as a user finds them: by going over the menu.
        var found: [Int] = []
        for y in stride(from: frame.y, to: frame.maxY, by: 4) {
            bench.menu.pointerMoved(x: Double(frame.x + frame.width / 2), y: Double(y))
            if found.last != bench.menu.selectedRow { found.append(bench.menu.selectedRow) }
            if bench.menu.selectedRow == 3 {
                bench.menu.pressed(x: Double(frame.x + frame.width / 2), y: Double(y))
                break
            }
        }
        #expect(found == [1, 2, 3])
        #expect(bench.chosen == ["pause"])

        bench.menu.open()
        _ = bench.menu.layer(in: window, scale: scale)
        bench.menu.pressed(x: 2, y: 2)
        #expect(!bench.menu.isOpen)
        #expect(bench.chosen == ["pause"])
    }

    @Test("A question is asked before what was asked later, and closing it is its first answer")
    func questions() {
        let bench = Bench()
        var answers: [String] = []
        func ask(_ name: String) {
            bench.menu.ask(
                name, details: "Details of it",
                answers: [
                    Answer(label: "Cancel", isDestructive: false) { answers.append("no \(name)") },
                    Answer(label: "Do", isDestructive: true) { answers.append(name) },
                ])
        }
        ask("first")
        ask("second")
        #expect(bench.menu.isOpen)
        bench.press(down, enter)
        #expect(answers == ["first"])
        #expect(bench.menu.visibleLabels == ["Cancel", "Do"])
        #expect(bench.menu.selectedRow == 0)
        bench.press(escape)
        #expect(answers == ["first", "no second"])
        #expect(!bench.menu.isOpen)
    }

    @Test(
        "A window too small for all of it shows the part with the selection; one with no room, nothing"
    )
    func smallWindows() throws {
        let bench = Bench()
        bench.menu.open()
        let whole = try #require(bench.menu.layer(in: Size(width: 640, height: 480), scale: 1))
        let small = Size(width: 320, height: 120)
        let part = try #require(bench.menu.layer(in: small, scale: 1))
        #expect(part.frame.height < whole.frame.height)
        #expect(part.frame.lies(within: small))
        bench.press(up)
        let end = try #require(bench.menu.layer(in: small, scale: 1))
        #expect(end.content.pixels != part.content.pixels)
        #expect(bench.menu.layer(in: Size(width: 20, height: 20), scale: 1) == nil)
    }

    @Test("It is drawn anew when it changes, and only then")
    func drawing() throws {
        let bench = Bench()
        #expect(bench.menu.layer(in: Size(width: 640, height: 480), scale: 1) == nil)
        bench.menu.open()
        let first = try #require(bench.menu.layer(in: Size(width: 640, height: 480), scale: 1))
        let again = try #require(bench.menu.layer(in: Size(width: 640, height: 480), scale: 1))
        #expect(first.content === again.content)
        bench.press(down)
        let moved = try #require(bench.menu.layer(in: Size(width: 640, height: 480), scale: 1))
        #expect(moved.content.pixels != first.content.pixels)
    }
}
