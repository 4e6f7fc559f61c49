import CSDL
import GuestDisplay
import Testing

@testable import ViewerSDL

/// Keys by SDL's numbers.
struct ScancodeTests {
    @Test("Every key of a PC's keyboard, with the ISO key, has exactly its own evdev code")
    func keyboard() {
        let codes = Set(scancodeTable.map(\.evdev))
        let pc: [ClosedRange<UInt16>] = [
            1...83, 86...88, 96...100, 102...111, 119...119, 125...127,
        ]
        for range in pc {
            for code in range { #expect(codes.contains(code), "KEY \(code) has no scancode") }
        }
    }

    @Test("Japanese, Korean and multimedia keys, and those of Sun keyboards")
    func others() {
        let codes = Set(scancodeTable.map(\.evdev))
        for code: UInt16 in [
            89, 92, 93, 94, 113, 114, 115, 116, 117, 121, 122, 123, 124, 128, 129, 131, 133, 135,
            136,
            137, 138, 139, 140, 142, 155, 156, 157, 158, 159, 163, 164, 165, 166, 172, 173, 226,
        ] { #expect(codes.contains(code), "KEY \(code) has no scancode") }
    }

    @Test(
        "No scancode stands twice, and no code but that of Print Screen, which SDL calls by two names"
    )
    func unique() {
        #expect(Set(scancodeTable.map(\.scancode.rawValue)).count == scancodeTable.count)
        let codes = scancodeTable.map(\.evdev)
        let twice = Set(codes.filter { code in codes.count { $0 == code } > 1 })
        #expect(twice == [99])
    }

    @Test(
        "Keys that are easily confused",
        arguments: [
            (SDL_SCANCODE_LCTRL, 29), (SDL_SCANCODE_RCTRL, 97), (SDL_SCANCODE_LALT, 56),
            (SDL_SCANCODE_RALT, 100), (SDL_SCANCODE_LSHIFT, 42), (SDL_SCANCODE_RSHIFT, 54),
            (SDL_SCANCODE_LGUI, 125), (SDL_SCANCODE_RGUI, 126), (SDL_SCANCODE_NUMLOCKCLEAR, 69),
            (SDL_SCANCODE_SCROLLLOCK, 70), (SDL_SCANCODE_PAUSE, 119),
            (SDL_SCANCODE_PRINTSCREEN, 99), (SDL_SCANCODE_SYSREQ, 99),
            (SDL_SCANCODE_NONUSBACKSLASH, 86), (SDL_SCANCODE_BACKSLASH, 43),
            (SDL_SCANCODE_RETURN, 28), (SDL_SCANCODE_KP_ENTER, 96), (SDL_SCANCODE_SLASH, 53),
            (SDL_SCANCODE_KP_DIVIDE, 98), (SDL_SCANCODE_DELETE, 111),
            (SDL_SCANCODE_KP_PERIOD, 83), (SDL_SCANCODE_APPLICATION, 127),
            (SDL_SCANCODE_INTERNATIONAL3, 124), (SDL_SCANCODE_LANG1, 122),
        ] as [(SDL_Scancode, UInt16)])
    func key(_ scancode: SDL_Scancode, _ code: UInt16) {
        #expect(EvdevKey(sdlScancode: scancode.rawValue) == EvdevKey(code))
    }

    @Test(
        "Numbers that SDL does not have are no key", arguments: [0, 3, 511, 512, .max] as [UInt32])
    func unknown(_ number: UInt32) {
        #expect(EvdevKey(sdlScancode: number) == nil)
    }
}
