import GuestDisplay
import Testing

@testable import QEMUSource

@Suite struct KeymapTests {
    @Test func `every key has a number of its own`() {
        #expect(Keymap.keys.count == 147)
        #expect(Set(Keymap.keys).count == 147)
        let numbers = Keymap.keys.compactMap(Keymap.qnum)
        #expect(Set(numbers).count == 147)
        #expect(numbers.allSatisfy { (1...0xff).contains($0) })
    }

    /// The main block is the same in evdev and in scan code set 1: both come from the AT keyboard.
    @Test func `the main block keeps its numbers`() {
        for code in UInt16(1)...83 {
            #expect(Keymap.qnum(of: EvdevKey(code)) == UInt32(code), "\(code)")
        }
        for code: UInt16 in [86, 87, 88] {
            #expect(Keymap.qnum(of: EvdevKey(code)) == UInt32(code))
        }
    }

    /// linux/input-event-codes.h and the scan codes of an AT keyboard (set 1), e0 as 0x80.
    @Test(arguments: [
        (96, 0x9c), (97, 0x9d), (98, 0xb5), (99, 0x54), (100, 0xb8), (102, 0xc7), (103, 0xc8),
        (104, 0xc9), (105, 0xcb), (106, 0xcd), (107, 0xcf), (108, 0xd0), (109, 0xd1),
        (110, 0xd2), (111, 0xd3), (119, 0xc6), (125, 0xdb), (126, 0xdc), (127, 0xdd),
        (89, 0x73), (92, 0x79), (93, 0x70), (94, 0x7b), (124, 0x7d), (122, 0x72), (123, 0x71),
        (113, 0xa0), (114, 0xae), (115, 0xb0), (116, 0xde), (142, 0xdf), (143, 0xe3),
    ])
    func `the keys beside it have theirs`(code: Int, number: Int) {
        #expect(Keymap.qnum(of: EvdevKey(UInt16(code))) == UInt32(number))
    }

    @Test(arguments: [0, 84, 195, 272, 0x1ff, 0x2ff, .max] as [UInt16])
    func `unknown codes have none`(code: UInt16) {
        #expect(Keymap.qnum(of: EvdevKey(code)) == nil)
    }
}
