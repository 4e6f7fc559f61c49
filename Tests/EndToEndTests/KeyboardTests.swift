import DisplayTesting
import Testing

extension EndToEndTests {
    /// Keys put into the window as a user's hands would, and what the demo guest says it received.
    @Suite(.serialized) struct KeyboardTests {
        /// A modifier key that is held.
        struct Held: Sendable {
            let key: DemoKey?
            let meaning: DemoModifiers

            static let all =
                [Held(key: nil, meaning: [])]
                + [42, 29, 56].map { (evdev: UInt32) in
                    let key = DemoKey.key(evdev: evdev)!
                    return Held(key: key, meaning: key.modifier!)
                }
        }

        @Test(
            "Every key, alone and with Shift, Control and Alt held",
            arguments: Desk.all)
        func everyKey(desk: Desk) throws {
            try TestRun.run("keys-\(desk)") { run in
                let bench = try KeyBench(run, desk)
                try check(DemoKey.all.count == 105, "a 105-key keyboard has 105 keys")
                for held in Held.all {
                    if let key = held.key { try bench.press(key) }
                    for key in DemoKey.all where key != held.key {
                        try bench.press(key, holding: held.meaning)
                        try bench.release(key, holding: held.meaning)
                    }
                    if let key = held.key { try bench.release(key) }
                }
            }
        }

        @Test(
            "Every key under another host layout",
            arguments: Desk.all)
        func layouts(desk: Desk) throws {
            let layout = desk.server == .x11 && desk.viewer == .gtk ? "de" : "fr"
            try TestRun.run("keys-\(desk)-\(layout)") { run in
                let bench = try KeyBench(run, desk, layout: layout)
                for key in DemoKey.all {
                    try bench.press(key)
                    try bench.release(key)
                }
            }
        }

        @Test(
            "A held Alt is let go when the window loses the keyboard",
            arguments: Desk.all)
        func stuckModifier(desk: Desk) throws {
            try TestRun.run("keys-stuck-\(desk)") { run in
                let bench = try KeyBench(run, desk, grabs: false)
                let alt = DemoKey.key(evdev: 56)!
                try bench.press(alt)
                let start = try bench.guest.lineCount()
                // Another window takes the keyboard, on Wayland from the whole compositor.
                _ = try run.start(
                    "xmessage", ["another window"], name: "xmessage",
                    environment: bench.screen.xServer.environment)
                let other = try eventually("another window") {
                    try bench.screen.xServer.windows(ofClass: "xmessage").first
                }
                try eventually("the other window has the keyboard") {
                    try bench.screen.xServer.command(
                        "xdotool", ["windowfocus", other], mayFail: true)
                    return try bench.screen.xServer.command(
                        "xdotool", ["getwindowfocus"], mayFail: true
                    ).trimmed == other
                }
                try bench.expect(alt.breakBytes, "Alt is let go", from: start)
                try bench.screen.injector.release(alt.x11Keycode)
            }
        }
    }
}

/// A guest in a window that has the keyboard.
final class KeyBench {
    let screen: TestScreen
    let guest: GuestMachine
    let viewer: ViewerUnderTest

    /// Starts all. `grabs`: with Ctrl+Alt+G, so that no key is the window manager's.
    init(
        _ run: TestRun, _ desk: Desk, layout: String = "us", grabs: Bool = true
    ) throws {
        screen = try TestScreen(run, desk.server, layout: layout)
        guest = try GuestMachine(run, desk.version, .demo("800x600 still"))
        try guest.refresh()
        viewer = try ViewerUnderTest(run, desk.viewer, screen, [guest.qmpPath])
        try viewer.waitForPicture(of: guest)
        try viewer.takeKeyboard(of: guest)
        if grabs { try viewer.toggleGrab(guest) }
    }

    /// Presses a key and waits for exactly its bytes.
    func press(_ key: DemoKey, holding modifiers: DemoModifiers = []) throws {
        let start = try guest.lineCount()
        try screen.injector.press(key.x11Keycode)
        try expect(
            key.bytes(pressed: true, holding: modifiers),
            "\(key) pressed, holding \(modifiers.rawValue)", from: start)
    }

    /// Releases a key and waits for exactly its bytes.
    func release(_ key: DemoKey, holding modifiers: DemoModifiers = []) throws {
        let start = try guest.lineCount()
        try screen.injector.release(key.x11Keycode)
        try expect(
            key.bytes(pressed: false, holding: modifiers),
            "\(key) released, holding \(modifiers.rawValue)", from: start)
    }

    /// Waits for these bytes from line `start` on; other ones before them throw.
    func expect(_ bytes: [UInt8], _ what: String, from start: Int) throws {
        var line = start
        for byte in bytes {
            let seen: UInt8 = try guest.line("\(what): \(bytes)", from: line, within: 20) {
                line += 1
                return $0.hasPrefix("key ") ? UInt8($0.dropFirst(4), radix: 16) : nil
            }
            try check(seen == byte, "\(what): expected \(bytes), got \(seen) for \(byte)")
        }
    }
}

extension ViewerUnderTest {
    /// Presses Shift until the guest hears of it: the window has the keyboard from then on.
    func takeKeyboard(of guest: GuestMachine) throws {
        try eventually("the window has the keyboard") {
            let start = try guest.lineCount()
            try screen.injector.press(50)
            try screen.injector.release(50)
            return
                (try? guest.line("Shift's break", from: start, within: 1) {
                    $0 == "key aa" ? true : nil
                }) != nil
        }
    }

    /// Grabs with Ctrl+Alt+G, or lets go; waits until the guest has seen Ctrl and Alt come and go.
    func toggleGrab(_ guest: GuestMachine) throws {
        let start = try guest.lineCount()
        try screen.injector.combination([37, 64, 42])
        for line in ["key 1d", "key 38", "key b8", "key 9d"] {
            try guest.line("\(line) of Ctrl+Alt+G", from: start) { $0 == line ? true : nil }
        }
        let keys = try guest.lines(from: start).filter { $0.hasPrefix("key ") }
        try check(
            !keys.contains("key 22") && !keys.contains("key a2"), "G reached the guest: \(keys)")
    }
}
