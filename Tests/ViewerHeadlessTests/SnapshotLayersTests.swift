import DisplayTesting
import GuestDisplay
import Testing
import Viewer

@testable import ViewerHeadless

/// What `--layers` puts over the guest's picture.
struct SnapshotLayersTests {
    private let size = Size(width: 320, height: 240)

    /// The guest's picture: every pixel of a grey of its own, opaque whatever X says.
    private let guest = (0..<320 * 240 as Range<UInt32>).map { $0 % 251 * 0x01_0101 }

    private func surface() throws -> DisplaySurface {
        let bytes = guest.flatMap { pixel in
            (0..<4).map { UInt8(truncatingIfNeeded: (pixel | 0x5a00_0000) >> (8 * $0)) }
        }
        return try DisplaySurface(
            width: size.width, height: size.height, stride: size.width * 4, format: .x8r8g8b8,
            memory: SurfaceBytes(bytes))
    }

    private let shape: [UInt32] = [
        0xffff_0000, 0xff00_ff00, 0xff00_00ff, 0x0000_0000, 0x8080_0000, 0xffff_ffff,
    ]

    /// A snapshot of a guest with a cursor; nil leaves its position unsaid.
    private func take(
        _ layers: Set<SnapshotLayer>, _ renderer: RendererChoice, state: MachineState = .running,
        at position: CursorPosition? = CursorPosition(x: 101, y: 51, isVisible: true)
    ) throws -> [UInt32] {
        let folder = try Folder()
        let machine = ScriptedMachine()
        machine.perform(state == .paused ? .pause : .resume) { _ in }
        #expect(machine.state == state)
        let source = PlayedSource(machine: machine) { [shape] source, head in
            let cursor = try Cursor(
                width: 3, height: 2, hotSpotX: 1, hotSpotY: 1, pixels: shape)
            try source.emit(.cursor(cursor), to: head)
            if let position { try source.emit(.cursorPosition(position), to: head) }
            try source.emit(.scanout(.surface(surface())), to: head)
        }
        let path = "\(folder.path)/out.png"
        try SnapshotJob(source: source, logger: quiet).run(
            SnapshotOptions(timeout: 60, output: path, renderer: renderer, layers: layers))
        let png = try readPNG(path)
        #expect(png.size == size)
        return png.pixels
    }

    /// The largest difference of a channel.
    private func difference(_ one: [UInt32], _ other: [UInt32]) -> Int {
        zip(one, other).reduce(0) { largest, pair in
            pair.0 == pair.1
                ? largest
                : [UInt32(0), 8, 16].reduce(largest) {
                    max($0, abs(Int(pair.0 >> $1 & 0xff) - Int(pair.1 >> $1 & 0xff)))
                }
        }
    }

    private func index(_ x: Int, _ y: Int) -> Int { y * size.width + x }

    @Test(arguments: [RendererChoice.gl, .software])
    func withoutLayersItIsTheGuestsPicture(_ renderer: RendererChoice) throws {
        #expect(try take([], renderer, state: .paused) == guest)
    }

    /// Wherever the guest has put it, without a relative mouse too; its hot-spot is there.
    @Test(arguments: [RendererChoice.gl, .software])
    func theCursorIsDrawnWhereTheGuestPutIt(_ renderer: RendererChoice) throws {
        let taken = try take([.cursor], renderer)
        var expected = guest
        for (number, pixel) in shape.enumerated() where pixel >> 24 == 0xff {
            expected[index(100 + number % 3, 50 + number / 3)] = pixel & 0xff_ffff
        }
        let under = Double(guest[index(101, 51)] & 0xff) * Double(255 - 0x80) / 255
        let rest = UInt32(under.rounded())
        expected[index(101, 51)] = 0x80_0000 + rest * 0x01_0101
        #expect(difference(taken, expected) <= 1)
        #expect(difference(taken, guest) > 100)
        let changed = taken.indices.filter { taken[$0] != guest[$0] }
        #expect(
            Set(changed)
                == Set([
                    index(100, 50), index(101, 50), index(102, 50), index(101, 51), index(102, 51),
                ])
        )
    }

    @Test func aHiddenOrUnplacedCursorIsNotDrawn() throws {
        let hidden = CursorPosition(x: 101, y: 51, isVisible: false)
        #expect(try take([.cursor], .software, at: hidden) == guest)
        #expect(try take([.cursor], .software, at: nil) == guest)
    }

    @Test func aNoticeTellsOfAPausedGuestAlone() throws {
        let paused = try take([.notices], .software, state: .paused)
        let running = try take([.notices], .software)
        #expect(running == guest)
        #expect(paused[index(0, 0)] == guest[index(0, 0)])
        let middle = (100..<220).map { index($0, 120) }
        #expect(middle.contains { paused[$0] != guest[$0] })
    }

    @Test func statisticsLieInTheCorner() throws {
        let taken = try take([.statistics], .software)
        let changed = taken.indices.filter { taken[$0] != guest[$0] }
        #expect(changed.count > 5000)
        #expect(changed.allSatisfy { $0 % size.width >= 8 && $0 / size.width < 160 })
        #expect(taken.contains(0xff_ffff), "white letters")
    }

    /// All that does not tell of the renderer is the same from both.
    @Test func bothRenderersComposeTheSame() throws {
        let layers: Set<SnapshotLayer> = [.cursor, .notices]
        let gl = try take(layers, .gl, state: .paused)
        let software = try take(layers, .software, state: .paused)
        #expect(difference(gl, software) <= 1)
        #expect(difference(gl, guest) > 100)
        // Where nothing is blended they are equal.
        let plain = gl.indices.filter { gl[$0] == guest[$0] }
        #expect(plain.count > gl.count / 2)
        #expect(plain.allSatisfy { difference([software[$0]], [gl[$0]]) <= 1 })
    }

    @Test func namesAreReadStrictly() throws {
        #expect(try SnapshotLayer.parse("cursor") == [.cursor])
        #expect(try SnapshotLayer.parse("statistics,cursor,cursor") == [.cursor, .statistics])
        for text in ["", "cursor,", "Cursor", "cursor, notices", "mouse"] {
            let error = #expect(throws: DisplayError.self) { try SnapshotLayer.parse(text) }
            #expect(error?.description.contains("cursor, notices, statistics") == true)
        }
    }
}
