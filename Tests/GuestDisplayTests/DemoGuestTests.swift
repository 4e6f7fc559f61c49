import DisplayTesting
import Testing

/// The demo guest in real QEMUs against its computed card: what the other tests rely on.
@Suite("The demo guest's drivers", .serialized)
struct DemoGuestTests {
    static let twoHeads = ["-vga", "none", "-device", "virtio-gpu-pci,id=gpu,max_outputs=2"]

    static func expectCard(
        _ card: DemoCard, frame: UInt32 = 0, input: DemoInput = DemoInput(), _ shown: PNGPicture
    ) {
        #expect(shown.width == card.width)
        #expect(shown.height == card.height)
        let isSame = shown.pixels == card.expectedPixels(frame: frame, input: input)
        #expect(isSame, "the picture differs from the card")
    }

    @Test(
        "Each display shows the card exactly",
        arguments: QEMUBinary.all,
        [
            ["-vga", "std"], ["-vga", "none", "-device", "bochs-display"],
            ["-vga", "none", "-device", "virtio-gpu-pci"], ["-vga", "virtio"],
        ])
    func displays(binary: QEMUBinary, options: [String]) throws {
        let guest = try DemoGuestUnderTest(binary, "1023x767 still", arguments: options)
        let isVGA = options == ["-vga", "std"]
        let card = DemoCard(width: isVGA ? DemoCard.vgaWidth(1023) : 1023, height: 767)
        Self.expectCard(card, try guest.screendump())
        try guest.send(".", until: "frame 1")
        Self.expectCard(card, frame: 1, try guest.screendump())
        // A picture that must not pass.
        let isWrong = try guest.screendump().pixels == card.expectedPixels(frame: 0)
        #expect(!isWrong)
    }

    @Test("Frames that are flushed in parts and as a whole end the same", arguments: QEMUBinary.all)
    func frames(binary: QEMUBinary) throws {
        for words in ["small", "small flush=box", "full", "pointer=drawn", "rate=max"] {
            let guest = try DemoGuestUnderTest(
                binary, "640x480 moving \(words)", arguments: Self.twoHeads)
            try guest.line { $0 == "frame 100" }
            try guest.send("s", until: "still")
            let line = try guest.line { $0.hasPrefix("frame ") }
            let frame = try #require(UInt32(line.dropFirst(6)))
            let card = DemoCard(width: 640, height: 480, motion: words == "full" ? .full : .small)
            Self.expectCard(card, frame: frame, try guest.screendump())
        }
    }

    @Test("A fill changes its pixels and no others", arguments: QEMUBinary.all)
    func fill(binary: QEMUBinary) throws {
        let guest = try DemoGuestUnderTest(binary, "800x600 still", arguments: Self.twoHeads)
        let fills = [
            (799, 599, 1, 1, 0xFF0000), (0, 0, 1, 1, 0x00FF01), (13, 300, 77, 3, 0x123456),
        ]
        var expected = DemoCard(width: 800, height: 600).expectedPixels()
        for (x, y, width, height, colour) in fills {
            let hex = String(colour + 0x1000000, radix: 16).dropFirst()
            let words = "fill 0 \(x) \(y) \(width) \(height) \(hex)"
            try guest.send(":" + words, until: "done \(words)")
            for row in y..<y + height {
                for column in x..<x + width { expected[row * 800 + column] = UInt32(colour) }
            }
            let isSame = try guest.screendump().pixels == expected
            #expect(isSame, "\(words)")
        }
        for words in [
            "fill 0 799 599 2 1 ff0000", "fill 0 0 0 0 1 ff0000", "fill 2 0 0 1 1 ff0000",
            "fill 1 0 0 1 1 ff0000", "fill 0 0 0 1 1 ff00", "fill 0 0 0 1 1 ff0000 x", "nothing",
        ] {
            try guest.send(":" + words, until: "refused \(words)")
        }
        let isSame = try guest.screendump().pixels == expected
        #expect(isSame)
    }

    @Test("virtio-vga goes to VGA and back, as often as wanted", arguments: QEMUBinary.all)
    func vga(binary: QEMUBinary) throws {
        let guest = try DemoGuestUnderTest(binary, "800x600 still", arguments: ["-vga", "virtio"])
        let card = DemoCard(width: 800, height: 600)
        for _ in 0..<3 {
            try guest.send("v", until: "display vga")
            Self.expectCard(card, try guest.screendump())
            try guest.send("t", until: "text")
            #expect(try guest.screendump().width == 720)
            try guest.send("t", until: "frame 0")
            Self.expectCard(card, try guest.screendump())
            try guest.send(":display virtio", until: "done display virtio")
            Self.expectCard(card, try guest.screendump())
            try guest.send("t", until: "text refused")
        }
    }

    @Test("virtio keyboards, mice and tablets are told and shown", arguments: QEMUBinary.all)
    func input(binary: QEMUBinary) throws {
        let guest = try DemoGuestUnderTest(
            binary, "800x600 still pointer=drawn",
            arguments: Self.twoHeads + [
                "-device", "virtio-keyboard-pci", "-device", "virtio-mouse-pci", "-device",
                "virtio-tablet-pci",
            ])
        func send(_ events: String) throws {
            let answer = try guest.qemu.command(
                #"{"execute":"input-send-event","arguments":{"events":[\#(events)]}}"#)
            #expect(answer.hasPrefix(#"{"return""#))
        }
        func key(_ code: String, _ down: Bool) -> String {
            #"{"type":"key","data":{"down":\#(down),"key":{"type":"qcode","data":"\#(code)"}}}"#
        }
        func button(_ name: String, _ down: Bool) -> String {
            #"{"type":"btn","data":{"down":\#(down),"button":"\#(name)"}}"#
        }
        func axis(_ type: String, _ name: String, _ value: Int) -> String {
            #"{"type":"\#(type)","data":{"axis":"\#(name)","value":\#(value)}}"#
        }
        try send(key("right", true))
        try guest.line { $0 == "vkey 106 1" }
        try send(key("right", false))
        try guest.line { $0 == "vkey 106 0" }
        try send(axis("rel", "x", 5) + "," + axis("rel", "y", -7))
        try guest.line { $0 == "vmouse 5 -7 0 0 405 293" }
        try send(axis("abs", "x", 32767) + "," + axis("abs", "y", 0))
        try guest.line { $0 == "abs 32767 0 0 0 799 0 0" }
        try send(
            axis("abs", "x", 8191) + "," + axis("abs", "y", 16383) + "," + button("left", true))
        try guest.line { $0 == "abs 8191 16383 0 1 200 300 0" }
        try send(button("wheel-down", true))
        try guest.line { $0 == "abs 8191 16383 1 1 200 300 0" }
        // All that was told before the next command is on the card when it is answered.
        try guest.send(".", until: "frame 1")
        let input = DemoInput(
            keys: DemoKeyLog([0xE0, 0x4D, 0xE0, 0xCD]),
            events: DemoKeyEvents(count: 2, code: 106, value: 0),
            mouse: DemoMouse(
                x: 200, y: 300, buttons: .left, wheel: 1, packets: 4, totalX: 5, totalY: -7,
                absoluteX: 8191, absoluteY: 16383))
        Self.expectCard(
            DemoCard(width: 800, height: 600), frame: 1, input: input, try guest.screendump())
    }

    @Test("Each pixel of a tablet's head is hit", arguments: QEMUBinary.all)
    func tablet(binary: QEMUBinary) throws {
        let guest = try DemoGuestUnderTest(
            binary, "1366x768 still", arguments: Self.twoHeads + ["-device", "virtio-tablet-pci"])
        // As QEMU makes 0 to 32767 of a display's pixel (ui/input.c, qemu_input_scale_axis).
        for x in stride(from: 0, to: 1366, by: 13) + [1364, 1365] {
            let raw = x * 32767 / 1366
            _ = try guest.qemu.command(
                #"{"execute":"input-send-event","arguments":{"events":[{"type":"abs","data":{"axis":"x","value":\#(raw)}}]}}"#
            )
            try guest.line { $0 == "abs \(raw) 0 0 0 \(x) 0 0" }
        }
    }

    @Test("The host turns heads on, resizes them and turns them off", arguments: QEMUBinary.all)
    func heads(binary: QEMUBinary) throws {
        let bus = try BusUnderTest()
        let guest = try DemoGuestUnderTest(
            binary, "800x600 still", display: "dbus,addr=\(bus.address)", arguments: Self.twoHeads)
        func ask(_ console: Int, _ width: Int, _ height: Int) throws {
            let call = try ChildProcess(
                "gdbus",
                [
                    "call", "--address", bus.address, "--dest", "org.qemu", "--object-path",
                    "/org/qemu/Display1/Console_\(console)", "--method",
                    "org.qemu.Display1.Console.SetUIInfo", "300", "200", "0", "0", "\(width)",
                    "\(height)",
                ])
            #expect(call.wait() == 0)
        }
        Self.expectCard(DemoCard(width: 800, height: 600), try guest.screendump(device: "gpu"))
        for (width, height) in [(1024, 768), (1366, 768), (641, 481), (500, 300)] {
            try ask(1, width, height)
            try guest.line { $0 == "head 1 on \(width)x\(height)+0+0" }
            try guest.line { $0 == "edid 1 \(width)x\(height)@75 300x200mm QEMU Monitor" }
            let card = DemoCard(width: width, height: height, head: 1)
            Self.expectCard(card, try guest.screendump(device: "gpu", head: 1))
            Self.expectCard(DemoCard(width: 800, height: 600), try guest.screendump(device: "gpu"))
        }
        try ask(1, 0, 0)
        try guest.line { $0 == "head 1 off" }
        try ask(0, 1023, 767)
        try guest.line { $0 == "head 0 on 1023x767+0+0" }
        Self.expectCard(DemoCard(width: 1023, height: 767), try guest.screendump(device: "gpu"))
        // The guest's own way.
        try guest.send(":mode 1 720x576", until: "done mode 1 720x576")
        Self.expectCard(
            DemoCard(width: 720, height: 576, head: 1), try guest.screendump(device: "gpu", head: 1)
        )
        try guest.send(":head 0 off", until: "head 0 off")
        try guest.send(":mode 0 8192x4320", until: "mode-refused 8192x4320")
        try guest.send(":head 0 on", until: "head 0 on 1023x767+0+0")
        Self.expectCard(DemoCard(width: 1023, height: 767), try guest.screendump(device: "gpu"))
    }
}
