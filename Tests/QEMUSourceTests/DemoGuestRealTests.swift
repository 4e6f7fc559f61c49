import DisplayTesting
import GuestDisplay
import Logging
import Testing

@testable import QEMUSource

private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// The demo guest's virtio drivers through a real QEMU's D-Bus display: what a viewer gets, event for event.
@Suite(.serialized) struct DemoGuestRealTests {
    static let twoHeads = [
        "-vga", "none", "-device", "virtio-gpu-pci,id=gpu,max_outputs=2", "-device",
        // QEMU 7.2 says that the mouse is absolute only where a tablet belongs to no display.
        "virtio-tablet-pci", "-device", "virtio-tablet-pci,display=gpu,head=1",
    ]

    private func start(_ binary: QEMUBinary, _ words: String, _ arguments: [String] = twoHeads)
        throws -> (DemoGuestUnderTest, QEMUSource)
    {
        let guest = try DemoGuestUnderTest(
            binary, words, display: "dbus,p2p=yes", arguments: arguments)
        let source = QEMUSource(.monitor(path: guest.qemu.monitor), logger: logger)
        try source.connect(delegate: RecordingDelegate())
        return (guest, source)
    }

    private func bytes(_ pixels: [UInt32]) -> [UInt8] {
        pixels.flatMap { [UInt8($0 & 255), UInt8($0 >> 8 & 255), UInt8($0 >> 16 & 255), 0] }
    }

    private func layout(_ width: Int, _ height: Int) -> HeadLayout {
        HeadLayout(frame: Rect(x: 0, y: 0, width: width, height: height))
    }

    @Test("A fill of one pixel comes as one pixel", arguments: QEMUBinary.all)
    func damage(_ binary: QEMUBinary) throws {
        let (guest, source) = try start(binary, "800x600 still")
        let sink = RecordingSink()
        try source.open(0, sink: sink)
        var expected = DemoCard(width: 800, height: 600).expectedPixels()
        #expect(sink.wait { $0.picture?.withoutAlpha.bytes == bytes(expected) })
        let fills = [(799, 599, 1, 1), (0, 0, 1, 1), (13, 300, 77, 3), (0, 17, 800, 1)]
        for (x, y, width, height) in fills {
            let before = sink.events.count
            try guest.send(":fill 0 \(x) \(y) \(width) \(height) 00ff7f")
            for row in y..<y + height {
                for column in x..<x + width { expected[row * 800 + column] = 0x00FF7F }
            }
            #expect(sink.wait { $0.picture?.withoutAlpha.bytes == bytes(expected) })
            let rect = Rect(x: x, y: y, width: width, height: height)
            let new = Array(sink.events[before...])
            #expect(new == [.pixels(rect)] || new == [.inPlace(rect)], "\(new)")
        }
        source.disconnect()
    }

    @Test("Where only a block changes, updates are that block", arguments: QEMUBinary.all)
    func block(_ binary: QEMUBinary) throws {
        let (guest, source) = try start(binary, "640x480 still block")
        let sink = RecordingSink()
        try source.open(0, sink: sink)
        let card = DemoCard(width: 640, height: 480, motion: .block)
        #expect(sink.wait { $0.picture?.withoutAlpha.bytes == bytes(card.expectedPixels()) })
        let before = sink.events.count
        for frame: UInt32 in 1...3 {
            try guest.send(".")
            let expected = bytes(card.expectedPixels(frame: frame))
            #expect(sink.wait { $0.picture?.withoutAlpha.bytes == expected })
        }
        let block = Rect(x: 48, y: 264, width: 64, height: 64)
        let new = Set(sink.events[before...])
        #expect(new == [.pixels(block)] || new == [.inPlace(block)], "\(new)")
        source.disconnect()
    }

    @Test("The cursor queue's shape, hot-spot, place and end arrive", arguments: QEMUBinary.all)
    func cursor(_ binary: QEMUBinary) throws {
        let (guest, source) = try start(binary, "800x600 still")
        let sink = RecordingSink()
        try source.open(0, sink: sink)
        for shape in DemoCursor.allCases {
            try guest.send(":cursor 0 300 200 5 7 \(shape.rawValue)")
            let cursor = try Cursor(
                width: 64, height: 64, hotSpotX: 5, hotSpotY: 7, pixels: shape.pixels)
            #expect(sink.wait { $0.cursor == cursor })
            #expect(sink.wait { $0.events.last == position(300, 200, true) })
            try guest.send(":cursor-move 0 799 0")
            #expect(sink.wait { $0.events.last == position(799, 0, true) })
            #expect(sink.cursor == cursor)
            try guest.send(":cursor-hide 0")
            #expect(
                sink.wait {
                    if case .cursorPosition(let last)? = $0.events.last {
                        !last.isVisible
                    } else {
                        false
                    }
                })
        }
        source.disconnect()
    }

    private func position(_ x: Int, _ y: Int, _ isVisible: Bool) -> RecordingSink.Event {
        .cursorPosition(CursorPosition(x: x, y: y, isVisible: isVisible))
    }

    @Test(
        "A tablet's pixel is the one that was pointed at, on each head", arguments: QEMUBinary.all)
    func tablet(_ binary: QEMUBinary) throws {
        let (guest, source) = try start(binary, "1366x768 still")
        source.setLayout(layout(1023, 767), of: 1)
        try guest.line { $0 == "head 1 on 1023x767+0+0" }
        for (head, width, height) in [(0, 1366, 768), (1, 1023, 767)] {
            for x in [0, 1, 2, 499, 500, 682, 683, width - 2, width - 1] {
                let y = (x * 7 + 1) % height
                source.send(.pointerPosition(x: x, y: y), to: head)
                let line = try guest.line { $0.hasPrefix("abs ") }
                #expect(line.hasSuffix(" 0 0 \(x) \(y) \(head)"), "\(line)")
            }
        }
        source.disconnect()
    }

    @Test(
        "A head goes on and off a hundred times, with the size that was asked for",
        arguments: QEMUBinary.all)
    func onAndOff(_ binary: QEMUBinary) throws {
        let (guest, source) = try start(binary, "640x480 still")
        let sink = RecordingSink(isCounting: true)
        try source.open(1, sink: sink)
        for number in 0..<100 {
            let (width, height) = (640 + number * 3, 480 + number)
            source.setLayout(layout(width, height), of: 1)
            try guest.line { $0 == "head 1 on \(width)x\(height)+0+0" }
            if number % 10 == 0 {
                let expected = bytes(
                    DemoCard(width: width, height: height, head: 1).expectedPixels())
                #expect(sink.wait { $0.picture?.withoutAlpha.bytes == expected })
            }
            try guest.send(":head 1 off", until: "head 1 off")
        }
        let picture = try guest.screendump(device: "gpu")
        #expect(picture.pixels == DemoCard(width: 640, height: 480).expectedPixels())
        source.disconnect()
    }

    @Test("virtio-vga's two sides show the same card on one head", arguments: QEMUBinary.all)
    func vga(_ binary: QEMUBinary) throws {
        let (guest, source) = try start(binary, "800x600 still", ["-vga", "virtio"])
        let sink = RecordingSink()
        try source.open(0, sink: sink)
        for round in 1...4 {
            try guest.send("v")
            try guest.line { $0 == (round % 2 == 1 ? "display vga" : "display virtio") }
            try guest.send(".", until: "frame \(round)")
            let expected = bytes(
                DemoCard(width: 800, height: 600).expectedPixels(frame: UInt32(round)))
            #expect(sink.wait { $0.picture?.withoutAlpha.bytes == expected })
        }
        source.disconnect()
    }
}
