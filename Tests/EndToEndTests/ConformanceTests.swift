import DisplayTesting
import GuestDisplay
import Testing

extension EndToEndTests {
    /// One set of pictures, updates and cursors, sent by a scripted QEMU to every program with every way to draw: all must show exactly
    /// the same, which is computed.
    @Suite(.serialized) struct ConformanceTests {
        @Test("Every presenter of every viewer", arguments: Way.all)
        func window(way: Way) throws {
            try TestRun.run("conformance-\(way)") { run in
                let qemu = try ScriptedQEMU(
                    name: "e2e", consoles: [.init(width: 1023, height: 767)])
                defer { qemu.end() }
                let screen = try TestScreen(
                    run, way.server, outputs: TestOutput.row([(1300, 1000)]))
                let viewer = try ViewerUnderTest(
                    run, way.viewer, screen, ["--scale", "1:1", qemu.monitor],
                    renderer: way.renderer)
                var play = ConformancePlay(
                    qemu: qemu, peer: try qemu.nextListener(of: 0), viewer: viewer)
                try play.formats()
                try play.updates()
                try play.badUpdates()
                try play.mappings()
                try play.offAndOn()
                try play.cursors()
                try check(viewer.process.exitStatus == nil, "the viewer has ended: \(viewer.log)")
            }
        }

        @Test("A snapshot of every format", arguments: RendererOption.allCases)
        func headless(renderer: RendererOption) throws {
            try TestRun.run("conformance-headless-\(renderer)") { run in
                for (number, format) in PixelFormat.named.enumerated() {
                    let qemu = try ScriptedQEMU(
                        name: "e2e", consoles: [.init(width: 97, height: 61)])
                    defer { qemu.end() }
                    let path = run.path("\(number).png")
                    let process = try run.start(
                        TestEnvironment.program("swiftvm-snapshot"),
                        ["--renderer", renderer.rawValue, qemu.monitor, path], name: "snapshot",
                        environment: viewerSurroundings)
                    let peer = try qemu.nextListener(of: 0)
                    let sent = ConformancePlay.picture(number, format.name)
                    _ = try? peer.call(sent.scanout)
                    try check(try process.waitForExit() == 0, process.standardError)
                    try expectEqual(try read(png: path), sent.picture, format.name)
                    run.forget(process)
                }
            }
        }
    }
}

/// What the scripted QEMU sends to a window, step by step, and what must be seen after each.
struct ConformancePlay {
    let qemu: ScriptedQEMU
    var peer: ScriptedListenerPeer
    let viewer: ViewerUnderTest
    /// What must be seen now.
    private var shown: ScreenPicture!

    init(qemu: ScriptedQEMU, peer: ScriptedListenerPeer, viewer: ViewerUnderTest) {
        self.qemu = qemu
        self.peer = peer
        self.viewer = viewer
    }

    /// The picture of a format: of odd size, every other one with rows that are padded.
    static func picture(_ number: Int, _ name: String) -> RandomPicture {
        RandomPicture(
            name, width: 97, height: 61, padding: number % 2 * (number % 7 + 1),
            seed: UInt64(number + 1))
    }

    /// Sizes, the largest first, as windows are placed once and then only grow and shrink; then every format.
    mutating func formats() throws {
        for (number, size) in [(1023, 767), (17, 13), (801, 603), (97, 61)].enumerated() {
            let picture = RandomPicture(
                "x8r8g8b8", width: size.0, height: size.1, seed: UInt64(100 + number))
            try scanout(picture, "\(size)")
        }
        for (number, format) in PixelFormat.named.enumerated() {
            try scanout(ConformancePlay.picture(number, format.name), format.name)
        }
        try scanout(RandomPicture("x8r8g8b8", width: 333, height: 251, seed: 199), "333x251")
    }

    /// Parts of a picture, in formats of their own, down to one pixel in each corner.
    mutating func updates() throws {
        var seed: UInt64 = 200
        for (name, x, y, width, height, padding) in [
            ("x8r8g8b8", 0, 0, 1, 1, 0), ("x8r8g8b8", 332, 0, 1, 1, 8),
            ("a8r8g8b8", 0, 250, 1, 1, 0), ("x8r8g8b8", 332, 250, 1, 1, 0),
            ("x8r8g8b8", 17, 3, 101, 7, 12), ("r5g6b5", 1, 100, 33, 5, 1),
            ("b8g8r8", 200, 99, 133, 152, 3), ("x2b10g10r10", 0, 50, 333, 1, 0),
            ("x8r8g8b8", 100, 0, 1, 251, 4), ("x8r8g8b8", 0, 0, 333, 251, 4),
        ] {
            seed += 1
            let part = RandomPicture(
                name, width: width, height: height, padding: padding, seed: seed)
            try accepted(part.update(x: x, y: y))
            shown = shown.with(part.picture, x: x, y: y)
            try expectShown("an update of \(width)x\(height) at \(x), \(y) in \(name)")
        }
    }

    /// Updates that are wrong change nothing; one that lies beyond the picture makes the viewer ask for all of it.
    mutating func badUpdates() throws {
        let part = RandomPicture("x8r8g8b8", width: 5, height: 4, seed: 300)
        for (x, y) in [(-1, 0), (0, -1), (Int(Int32.max), 0), (Int(Int32.min), Int(Int32.min))] {
            try refused(part.update(x: x, y: y), "an update at \(x), \(y)")
        }
        var short = part.update(x: 7, y: 7)
        short.values[6] = .ay(Array(part.bytes.dropLast()))
        try refused(short, "an update with a byte too few")
        var unknown = part.update(x: 7, y: 7)
        unknown.values[5] = .u(0x0801_8000)
        try refused(unknown, "an update in a format without colours")
        try accepted(part.update(x: 7, y: 7))
        shown = shown.with(part.picture, x: 7, y: 7)
        try expectShown("a good update after bad ones")

        // The old listener may end before it has answered.
        let answer = try? peer.call(part.update(x: 330, y: 250))
        try check(
            answer == nil || answer?.errorName != nil, "an update beyond the picture was accepted")
        peer = try qemu.nextListener(of: 0)
        try scanout(
            RandomPicture("x8r8g8b8", width: 333, height: 251, seed: 301), "another listener")
        let huge = RandomPicture("x8r8g8b8", width: 1, height: 1, seed: 302)
        var scanout = huge.scanout
        scanout.values[0] = .u(16385)
        try refused(scanout, "a picture of 16385 pixels a row")
        try expectShown("the picture after a bad one")
        try self.scanout(
            RandomPicture("x8r8g8b8", width: 333, height: 251, seed: 303), "a good one after it")
    }

    /// Pictures in shared memory, read again where they are said to have changed.
    mutating func mappings() throws {
        let size = (width: 321, height: 243)
        var picture = RandomPicture(
            "x8r8g8b8", width: size.width, height: size.height, seed: 400
        ).picture
        let file = try SharedFile(picture.bytes)
        try accepted(
            WireMessage(
                "ScanoutMap",
                [
                    .h(0), .u(0), .u(UInt32(size.width)), .u(UInt32(size.height)),
                    .u(UInt32(size.width * 4)), .u(PixelFormat.x8r8g8b8.rawValue),
                ], interface: ConformancePlay.map, descriptors: [file.descriptor]))
        shown = picture
        try expectShown("a mapping")
        for (number, place) in [
            (x: 0, y: 0, width: 1, height: 1), (x: 320, y: 242, width: 1, height: 1),
            (x: 13, y: 200, width: 299, height: 43), (x: 0, y: 0, width: 321, height: 243),
        ].enumerated() {
            let part = RandomPicture(
                "x8r8g8b8", width: place.width, height: place.height, seed: UInt64(401 + number))
            picture = picture.with(part.picture, x: place.x, y: place.y)
            try file.write(picture.bytes)
            try accepted(updateMap(place.x, place.y, place.width, place.height))
            shown = picture
            try expectShown("an update of the mapping, \(place)")
        }
        // A rectangle that is wrong means all of it.
        picture =
            RandomPicture("x8r8g8b8", width: size.width, height: size.height, seed: 410)
            .picture
        try file.write(picture.bytes)
        try accepted(updateMap(-5, 7, 100_000, 3))
        shown = picture
        try expectShown("an update of the mapping with a bad rectangle")
        try scanout(
            RandomPicture("x8r8g8b8", width: 333, height: 251, seed: 411), "bytes again")
    }

    /// Off, and the same size on again.
    mutating func offAndOn() throws {
        try accepted(WireMessage("Disable"))
        try eventually("the picture is gone", details: { viewer.log }) {
            try viewer.screen.capture().position(of: shown) == nil
        }
        try scanout(RandomPicture("x8r8g8b8", width: 333, height: 251, seed: 500), "on again")
    }

    /// A cursor that the guest places: clear, solid and half clear pixels, over the middle and over each edge.
    mutating func cursors() throws {
        let (width, height, hotX, hotY) = (13, 9, 4, 2)
        var random = SplitMix(state: 600)
        let colours = (0..<width * height).map { index -> (alpha: UInt32, pixel: UInt32) in
            ([0, 255, 128, 255, 1, 254, 51][index % 7], UInt32(random.next() >> 40))
        }
        let data = colours.flatMap { colour -> [UInt8] in
            [
                UInt8(colour.pixel & 0xff), UInt8(colour.pixel >> 8 & 0xff),
                UInt8(colour.pixel >> 16 & 0xff), UInt8(colour.alpha),
            ]
        }
        try accepted(
            WireMessage(
                "CursorDefine",
                [.i(Int32(width)), .i(Int32(height)), .i(Int32(hotX)), .i(Int32(hotY)), .ay(data)]))
        let below = shown!
        for (x, y) in [(100, 100), (0, 0), (332, 250), (1, 248), (-3, 77), (335, 77), (50, 60)] {
            try accepted(WireMessage("MouseSet", [.i(Int32(x)), .i(Int32(y)), .i(1)]))
            var pixels = below.pixels
            for (index, colour) in colours.enumerated() {
                let (column, row) = (x - hotX + index % width, y - hotY + index / width)
                guard (0..<below.width).contains(column), (0..<below.height).contains(row) else {
                    continue
                }
                let place = row * below.width + column
                pixels[place] = ConformancePlay.over(pixels[place], colour.pixel, colour.alpha)
            }
            shown = ScreenPicture(width: below.width, height: below.height, pixels: pixels)
            try expectShown("the cursor at \(x), \(y)")
        }
        try accepted(WireMessage("MouseSet", [.i(50), .i(60), .i(0)]))
        shown = below
        try expectShown("no cursor")
        try refused(
            WireMessage("CursorDefine", [.i(13), .i(9), .i(0), .i(0), .ay([1, 2, 3, 4])]),
            "a cursor with bytes too few")
        try expectShown("no cursor after a bad one")
    }

    // A colour with that alpha over another, each step rounded to whole numbers: the colour is multiplied by its alpha first, as it is
    // kept so.
    private static func over(_ below: UInt32, _ colour: UInt32, _ alpha: UInt32) -> UInt32 {
        var result: UInt32 = 0
        for shift: UInt32 in [0, 8, 16] {
            let (old, new) = (below >> shift & 0xff, colour >> shift & 0xff)
            let kept = (old * (255 - alpha) + 127) / 255
            let added = (new * alpha + 127) / 255
            result |= min(kept + added, 255) << shift
        }
        return result
    }

    private static let map = "org.qemu.Display1.Listener.Unix.Map"

    private func updateMap(_ x: Int, _ y: Int, _ width: Int, _ height: Int) -> WireMessage {
        WireMessage(
            "UpdateMap", [.i(Int32(x)), .i(Int32(y)), .i(Int32(width)), .i(Int32(height))],
            interface: ConformancePlay.map)
    }

    private mutating func scanout(_ picture: RandomPicture, _ what: String) throws {
        try accepted(picture.scanout)
        shown = picture.picture
        try expectShown(what)
    }

    private func accepted(_ message: WireMessage) throws {
        let answer = try peer.call(message)
        try check(
            answer.errorName == nil, "\(message.member ?? ""): \(answer.text ?? "refused")")
    }

    private func refused(_ message: WireMessage, _ what: String) throws {
        try check(try peer.call(message).errorName != nil, "\(what) was accepted")
    }

    private func expectShown(_ what: String) throws {
        try viewer.waitUntilShown(shown, what)
    }
}
