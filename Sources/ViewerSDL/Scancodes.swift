internal import CSDL
public import GuestDisplay

extension EvdevKey {
    private static let codes: [UInt16] = {
        var codes = [UInt16](repeating: 0, count: Int(SDL_NUM_SCANCODES.rawValue))
        for (scancode, evdev) in scancodeTable { codes[Int(scancode.rawValue)] = evdev }
        return codes
    }()

    /// The key of one of SDL's scancodes, which name places as evdev's codes do; nil for one that no Linux keyboard has.
    public init?(sdlScancode number: UInt32) {
        guard Int(number) < EvdevKey.codes.count, EvdevKey.codes[Int(number)] != 0 else {
            return nil
        }
        self.init(EvdevKey.codes[Int(number)])
    }
}

extension PointerButton {
    /// The button of SDL's number (`SDL_BUTTON_…`); nil for one that a guest has not.
    init?(sdl number: UInt8) {
        switch Int32(number) {
        case SDL_BUTTON_LEFT: self = .left
        case SDL_BUTTON_MIDDLE: self = .middle
        case SDL_BUTTON_RIGHT: self = .right
        case SDL_BUTTON_X1: self = .side
        case SDL_BUTTON_X2: self = .extra
        default: return nil
        }
    }
}
