import GuestDisplay
import Testing

@testable import Viewer

@Suite struct KeyboardTests {
    @Test func everyPressedKeyIsLetGo() {
        var keyboard = KeyboardState()
        _ = keyboard.press(.leftAlt)
        _ = keyboard.press(EvdevKey(15))
        _ = keyboard.press(EvdevKey(15))
        #expect(
            keyboard.releaseAll() == [
                .key(EvdevKey(15), isPressed: false), .key(.leftAlt, isPressed: false),
            ])
        #expect(keyboard.releaseAll().isEmpty)
        #expect(keyboard.release(.leftAlt) == nil)
    }

    @Test func aRepeatIsAPressAndOneReleaseEndsIt() {
        var keyboard = KeyboardState()
        let key = EvdevKey(30)
        #expect(keyboard.press(key) == .key(key, isPressed: true))
        #expect(keyboard.press(key) == .key(key, isPressed: true))
        #expect(keyboard.release(key) == .key(key, isPressed: false))
        #expect(keyboard.release(key) == nil)
    }

    @Test func shortcutsNeedControlAndAltAlone() {
        var keyboard = KeyboardState()
        let grab = Shortcut.grab.key
        #expect(Shortcut.matching(grab, in: keyboard) == nil)
        _ = keyboard.press(.leftControl)
        #expect(Shortcut.matching(grab, in: keyboard) == nil)
        _ = keyboard.press(.rightAlt)
        #expect(Shortcut.matching(grab, in: keyboard) == .grab)
        _ = keyboard.press(EvdevKey(42))  // Shift
        #expect(Shortcut.matching(grab, in: keyboard) == nil)
    }

    @Test func combinationsPressInOrderAndReleaseInReverse() {
        #expect(KeyCombination.all.count == 13)
        let delete = KeyCombination.all[0]
        #expect(delete.label == "Ctrl+Alt+Del")
        #expect(
            delete.events == [
                .key(EvdevKey(29), isPressed: true), .key(EvdevKey(56), isPressed: true),
                .key(EvdevKey(111), isPressed: true), .key(EvdevKey(111), isPressed: false),
                .key(EvdevKey(56), isPressed: false), .key(EvdevKey(29), isPressed: false),
            ])
    }

    @Test func functionKeysAreThoseOfEvdev() {
        let codes = (1...12).map { EvdevKey.function($0)?.rawValue }
        #expect(codes == [59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 87, 88])
        #expect(EvdevKey.function(13) == nil && EvdevKey.function(0) == nil)
    }

    @Test func wheelStepsAreWhole() {
        var wheel = WheelAccumulator()
        #expect(wheel.add(dx: 0, dy: 0.4).isEmpty)
        #expect(wheel.add(dx: 0, dy: 0.7) == [.wheelDown])
        #expect(wheel.add(dx: -1, dy: -1.2) == [.wheelUp, .wheelLeft])
        #expect(wheel.add(dx: .nan, dy: 1).isEmpty)
        #expect(wheel.add(dx: 0, dy: 1e300).count <= 32)
    }
}
