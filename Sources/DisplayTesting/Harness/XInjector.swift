internal import CShims
internal import Glibc

/// Keys and pointer put into an X server as if a user's hands did it, by one long-running xdotool (XTEST).
public final class XInjector {
    private let input: CInt
    private let process: TestProcess

    /// Connects to the server.
    public init(_ run: TestRun, _ server: XServer) throws {
        var ends: [CInt] = [0, 0]
        guard swiftvm_socketpair(&ends) == 0 else {
            throw HarnessError("socketpair: errno \(errno)")
        }
        input = ends[1]
        process = try run.start(
            "xdotool", ["-"], name: "xdotool", environment: server.environment, input: ends[0])
        close(ends[0])
    }

    deinit {
        close(input)
    }

    /// Presses a key of the keyboard, by X11's number (evdev's and 8).
    public func press(_ keycode: UInt32) throws { try send("keydown \(XInjector.word(keycode))") }

    /// Releases it.
    public func release(_ keycode: UInt32) throws { try send("keyup \(XInjector.word(keycode))") }

    /// Moves the pointer to a place of the screen.
    public func move(toX x: Int, y: Int) throws { try send("mousemove \(x) \(y)") }

    /// Moves the pointer by so many pixels.
    public func move(byX x: Int, y: Int) throws { try send("mousemove_relative -- \(x) \(y)") }

    /// Presses a button: 1 left, 2 middle, 3 right, 8 side, 9 extra; 4 and 5 are the wheel up and down.
    public func press(button: Int) throws { try send("mousedown \(button)") }

    /// Releases it.
    public func release(button: Int) throws { try send("mouseup \(button)") }

    /// A press and a release.
    public func click(button: Int) throws {
        try press(button: button)
        try release(button: button)
    }

    /// Presses all in order, then releases all in reverse.
    public func combination(_ keycodes: [UInt32]) throws {
        for keycode in keycodes { try press(keycode) }
        for keycode in keycodes.reversed() { try release(keycode) }
    }

    private func send(_ line: String) throws {
        let text = line + "\n"
        let sent = text.withCString { write(input, $0, text.utf8.count) }
        guard sent == text.utf8.count, process.exitStatus == nil else {
            throw HarnessError("xdotool has ended: \(process.standardError)")
        }
    }

    // xdotool takes a number for a keycode unless it is the name of a key, as one digit is.
    private static func word(_ keycode: UInt32) -> String {
        keycode == 9 ? "Escape" : String(keycode)
    }
}
