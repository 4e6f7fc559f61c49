public import GuestDisplay

/// Which number QEMU gives to a key.
///
/// QEMU's D-Bus keyboard (`org.qemu.Display1.Keyboard`, methods Press and Release) takes a *qnum*: the AT set 1 scan code, 0x80 added
/// for the extended half. It names the key's place, as evdev codes do, so that the host's layout has no part in it.
///
/// Two keys send no plain scan code, and QEMU makes their sequence itself from the number: Pause (0xc6, sent as e1 1d 45) and
/// Print Screen (0x54, which is also SysRq; QEMU still takes the older 0xb7 for it).
public enum Keymap {
    /// The number of a key, or nil when QEMU knows no such key; 0x01 to 0xff.
    public static func qnum(of key: EvdevKey) -> UInt32? {
        let code = Int(key.rawValue)
        guard code < numbers.count, numbers[code] != 0 else { return nil }
        return UInt32(numbers[code])
    }

    /// Every key that QEMU knows, in the order of their codes.
    public static var keys: [EvdevKey] { keymapTable.map { EvdevKey($0.evdev) } }

    /// Numbers by evdev code; 0 where QEMU knows none.
    private static let numbers: [UInt8] = {
        var numbers = [UInt8](repeating: 0, count: Int(keymapTable.map(\.evdev).max() ?? 0) + 1)
        for (code, number) in keymapTable { numbers[Int(code)] = number }
        return numbers
    }()
}
