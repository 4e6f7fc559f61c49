import GuestDisplay
import Testing

@testable import Viewer

/// What a head's window does to the guest, with a window that only records.
@MainActor @Suite struct InputControllerTests {
    private let window = Recorder()
    private let input = InputController()

    init() {
        input.delegate = window
    }

    @Test func keysAreTheGuestsAndNoneStaysDown() {
        #expect(input.key(.a, isPressed: true))
        #expect(input.key(.leftAlt, isPressed: true))
        input.focusChanged(false)
        #expect(
            window.sent == [
                .key(.a, isPressed: true), .key(.leftAlt, isPressed: true),
                .key(.leftAlt, isPressed: false), .key(.a, isPressed: false),
            ])
        window.sent = []
        #expect(input.key(.leftAlt, isPressed: false))
        #expect(window.sent.isEmpty)
    }

    @Test func shortcutsStayHere() {
        press(.leftControl, .leftAlt, Shortcut.menu.key)
        #expect(window.performed == [.menu])
        #expect(!window.sent.contains(.key(Shortcut.menu.key, isPressed: true)))
        _ = input.key(Shortcut.menu.key, isPressed: true)
        #expect(window.performed == [.menu], "a repeat is no second press")
    }

    @Test func aKeyOfAMenuIsNotTheGuestsUntilItIsDownAnew() {
        input.ignore(.a)
        #expect(input.key(.a, isPressed: true), "it repeats after the menu's end")
        #expect(input.key(.a, isPressed: false))
        #expect(window.sent.isEmpty)
        #expect(input.key(.a, isPressed: true))
        #expect(window.sent == [.key(.a, isPressed: true)])
    }

    @Test func shortcutsWorkWithoutAGuest() {
        window.takesInput = false
        press(.leftControl, .leftAlt, Shortcut.fullScreen.key)
        #expect(window.performed == [.fullScreen])
        #expect(!input.key(.a, isPressed: true), "the toolkit may have it")
        input.focusChanged(false)
        #expect(window.sent.isEmpty)
    }

    @Test func takingBackIsAShortcutWhereItIsPossible() {
        press(.leftControl, .leftAlt, Shortcut.takeBack.key)
        #expect(window.performed.isEmpty)
        #expect(window.sent.last == .key(Shortcut.takeBack.key, isPressed: true))
        input.releaseAll()
        window.takesInput = false
        window.canTakeBack = true
        press(.leftControl, .leftAlt, Shortcut.takeBack.key)
        #expect(window.performed == [.takeBack])
    }

    @Test func aRelativePointerIsTakenByTheFirstClick() {
        window.pointerMode = .relative
        input.button(.left, isPressed: true)
        #expect(window.grabs == [true])
        #expect(window.sent.isEmpty, "the first click is not the guest's")
        input.pointerMoved(dx: 0.75, dy: -1.5)
        input.pointerMoved(dx: 0.75, dy: -1.5)
        input.button(.right, isPressed: true)
        input.focusChanged(false)
        #expect(
            window.sent == [
                .pointerMotion(dx: 0, dy: -1), .pointerMotion(dx: 1, dy: -2),
                .button(.right, isPressed: true), .button(.right, isPressed: false),
            ])
        #expect(!input.isGrabbed)
        #expect(window.grabs == [true, false])
    }

    @Test func aGrabThatTheServerRefusesIsNone() {
        window.pointerMode = .relative
        window.refusesGrabs = true
        input.toggleGrab()
        #expect(!input.isGrabbed)
        #expect(!input.holdsPointer)
    }

    @Test func anAbsolutePointerIsNeverHeld() {
        input.pointerMoved(x: 10.5, y: 20.5)
        input.button(.left, isPressed: true)
        input.wheel(dx: 0, dy: -0.5)
        input.wheel(dx: 0, dy: -0.5)
        #expect(
            window.sent == [
                .pointerPosition(x: 5, y: 10), .button(.left, isPressed: true),
                .button(.wheelUp, isPressed: true), .button(.wheelUp, isPressed: false),
            ])
        input.toggleGrab()
        #expect(input.isGrabbed)
        #expect(!input.holdsPointer)
    }

    @Test func fullScreenHoldsTheKeyboardWhileItHasTheFocus() {
        window.isFullScreen = true
        input.focusChanged(true)
        #expect(input.isGrabbed)
        #expect(!input.holdsPointer)
        input.focusChanged(false)
        #expect(!input.isGrabbed)
    }

    private func press(_ keys: EvdevKey...) {
        for key in keys { _ = input.key(key, isPressed: true) }
    }
}

extension EvdevKey {
    fileprivate static let a = EvdevKey(30)
}

@MainActor
private final class Recorder: InputControllerDelegate {
    var sent: [InputEvent] = []
    var performed: [Shortcut] = []
    /// True for a grab's begin, false for its end.
    var grabs: [Bool] = []
    var refusesGrabs = false
    var pointerMode = PointerMode.absolute
    var takesInput = true
    var canTakeBack = false
    var isFullScreen = false
    var isActive = true

    var geometry: PictureGeometry {
        PictureGeometry(
            guest: Size(width: 50, height: 50), window: Size(width: 100, height: 100), mode: .fit)
    }

    func send(_ event: InputEvent) { sent.append(event) }
    func perform(_ shortcut: Shortcut) { performed.append(shortcut) }
    func pointerMoved(x: Double, y: Double) {}
    func grabDidChange() {}

    func beginGrab(pointer: Bool) -> Bool {
        grabs.append(true)
        return !refusesGrabs
    }

    func endGrab() { grabs.append(false) }
}
