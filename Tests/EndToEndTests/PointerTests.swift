import DisplayTesting
import Testing

extension EndToEndTests {
    /// A relative mouse (PS/2): click to hold the pointer, move, press, roll, let go.
    @Suite(.serialized) struct PointerTests {
        @Test("The whole life of a grab", arguments: Desk.all)
        func relative(desk: Desk) throws {
            try TestRun.run("pointer-\(desk)") { run in
                let (server, version) = (desk.server, desk.version)
                let screen = try TestScreen(run, server)
                let guest = try GuestMachine(run, version, .demo("800x600 still"))
                try guest.refresh()
                let viewer = try ViewerUnderTest(run, desk.viewer, screen, [guest.qmpPath])
                let place = try viewer.waitForPicture(of: guest)
                try viewer.takeKeyboard(of: guest)
                let hands = screen.injector
                let start = try guest.lineCount()

                // Before the click the pointer is the desktop's.
                try hands.move(toX: place.x + 300, y: place.y + 200)
                try hands.move(toX: place.x + 310, y: place.y + 210)
                try hands.click(button: 1)
                if server == .x11 {
                    let window = try viewer.window()
                    try eventually("the title tells the way out") {
                        try screen.xServer.title(of: window).contains("Ctrl+Alt+G")
                    }
                }
                // The grab's own click and the way to it are not the guest's; then every motion is.
                try eventually("the pointer is held") {
                    try hands.move(byX: 3, y: 2)
                    return try guest.mice(from: start).contains { $0.dx > 0 }
                }
                try guest.waitForRest(from: start)
                try check(
                    try guest.mice(from: start).allSatisfy { $0.buttons == 0 },
                    "the click that grabs reached the guest")
                let moves = try guest.lineCount()
                for (x, y) in [(3, 0), (0, 4), (-4, -1), (2, -4), (-3, 3)] {
                    let before = try guest.travel(from: moves)
                    try hands.move(byX: x, y: y)
                    try eventually(
                        "motion by \(x), \(y)",
                        details: { "\((try? guest.mice(from: start)) ?? [])" }
                    ) {
                        let now = try guest.travel(from: moves)
                        return now.x == before.x + x && now.y == before.y + y
                    }
                }
                for (button, bit) in [(1, 1), (3, 2), (2, 4), (8, 8), (9, 16)] {
                    let from = try guest.lineCount()
                    try hands.press(button: button)
                    try eventually("button \(button) down") {
                        try guest.mice(from: from).last?.buttons == bit
                    }
                    try hands.release(button: button)
                    try eventually("button \(button) up") {
                        try guest.mice(from: from).last?.buttons == 0
                    }
                }
                for (button, step) in [(5, 1), (4, -1)] {
                    let from = try guest.lineCount()
                    for count in 1...3 {
                        try hands.click(button: button)
                        try eventually("\(count) steps of the wheel, button \(button)") {
                            try guest.mice(from: from).reduce(0) { $0 + $1.wheel } == step * count
                        }
                    }
                }

                try viewer.toggleGrab(guest)
                if server == .x11 {
                    let window = try viewer.window()
                    try eventually("the title is as before") {
                        try !screen.xServer.title(of: window).contains("Ctrl+Alt+G")
                    }
                }
                let released = try guest.lineCount()
                try hands.move(byX: 4, y: 4)
                // A key is sent after the motion and so arrives after it would have.
                try viewer.takeKeyboard(of: guest)
                try check(
                    try guest.mice(from: released).isEmpty, "motion after the pointer was let go")
                try check(try guest.isRunning, "the guest runs")
                // The desktop's pointer may lie over the picture again, but not over its cells.
                let after = try viewer.waitForCard(800, 600)
                let card = try #require(try viewer.picture(at: after).card)
                try check(card.mouse?.buttons == [], "a button is down on the card")
            }
        }
    }
}

/// A packet of the demo guest's mouse.
struct MousePacket {
    let dx: Int
    let dy: Int
    let wheel: Int
    let buttons: Int
}

extension GuestMachine {
    /// The mouse packets from line `start` on: `mouse DX DY DZ BUTTONS X Y`.
    func mice(from start: Int) throws -> [MousePacket] {
        try lines(from: start).compactMap { line in
            guard line.hasPrefix("mouse ") else { return nil }
            let numbers = line.split(separator: " ").dropFirst().compactMap { Int($0) }
            guard numbers.count == 6 else { return nil }
            return MousePacket(
                dx: numbers[0], dy: numbers[1], wheel: numbers[2], buttons: numbers[3])
        }
    }

    /// Waits until no packet has come for a quarter of a second: what was injected has all arrived.
    func waitForRest(from start: Int) throws {
        var count = try mice(from: start).count
        var since = now()
        try eventually("motion comes to rest") {
            let latest = try mice(from: start).count
            if latest != count { (count, since) = (latest, now()) }
            return now() - since > 0.25
        }
    }

    /// The sum of all motion from line `start` on.
    func travel(from start: Int) throws -> (x: Int, y: Int) {
        try mice(from: start).reduce((0, 0)) { ($0.0 + $1.dx, $0.1 + $1.dy) }
    }
}
