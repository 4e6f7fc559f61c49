import DisplayTesting
import Glibc
import Testing

extension EndToEndTests {
    /// The demo guest on a virtio-gpu without rendering: flushes, sizes, the switch from VGA, the cursor.
    @Suite(.serialized) struct VirtioTests {
        @Test("A flush of one pixel changes one pixel, and no more is uploaded", arguments: Way.all)
        func exactDamage(way: Way) throws {
            try TestRun.run("damage-\(way)") { run in
                let bench = try VirtioBench(run, way, "800x600 still")
                let (guest, viewer) = (bench.guest, bench.viewer)
                let place = try viewer.waitForPicture(of: guest)
                var before = try viewer.picture(at: place)
                let points = [
                    (0, 0), (799, 0), (0, 599), (799, 599), (400, 300), (1, 598), (398, 301),
                ]
                for (number, (x, y)) in points.enumerated() {
                    let colour = 0x10_2030 + UInt32(number) * 0x11_0d07
                    try guest.order("fill 0 \(x) \(y) 1 1 \(colour.sixDigits)")
                    let after = try eventually("the pixel at \(x), \(y) changes") {
                        let now = try viewer.picture(at: place)
                        return now.pixels[y * 800 + x] == colour ? now : nil
                    }
                    let changes = after.changes(from: before)
                    try check(
                        changes.count == 1, "\(changes.count) pixels changed for \(x), \(y)")
                    before = after
                }
                // Faster than they are shown: the same pixel, as flushes that become one picture may become one rectangle, too.
                for number: UInt32 in 0..<100 {
                    try guest.order("fill 0 77 55 1 1 \((number * 0x1_0305).sixDigits)")
                }
                try eventually("the last colour is shown") {
                    try viewer.picture(at: place).pixels[55 * 800 + 77] == 99 * 0x1_0305
                }
                viewer.process.signal(SIGTERM)
                let status = try viewer.process.waitForExit()
                try check(status == 0, "status \(status): \(viewer.log)")
                let counters = try viewer.counters(ofHead: 0)
                // Whole pictures came at the start; what is left over are the flushes: their own pixel each into the backing picture, and
                // from there to each of the ring's three pictures.
                let flushes = UInt64(points.count + 100)
                try check(
                    counters.bytesCopied % (800 * 600 * 4) == flushes * 4,
                    "\(flushes) flushes: \(counters)")
                try check(
                    counters.pixelsUploaded % (800 * 600) <= flushes * 3,
                    "\(flushes) flushes: \(counters)")
                let isMapped = viewer.log.contains("a picture of 800×600 in QEMU's own memory")
                try check(
                    isMapped == (way.version == .ten), "\(way.version): Unix.Map: \(isMapped)")
            }
        }

        @Test("Sizes odd and even, each exact", arguments: Way.all)
        func sizes(way: Way) throws {
            try TestRun.run("virtio-sizes-\(way)") { run in
                let bench = try VirtioBench(run, way, "1366x768 moving rate=20 flush=box")
                let (guest, viewer) = (bench.guest, bench.viewer)
                try viewer.waitForPicture(of: guest)
                for size in ["1023x767", "640x480", "801x600", "1280x720", "333x251", "1366x768"] {
                    try guest.order("mode 0 \(size)")
                    let place = try viewer.waitForPicture(of: guest)
                    try check("\(place.width)x\(place.height)" == size, "\(size): \(place)")
                    if way.version == .ten {
                        let words = size.replacing("x", with: "×")
                        try check(
                            viewer.log.contains("a picture of \(words) in QEMU's own memory"),
                            "\(size) did not come over Unix.Map: \(viewer.log)")
                    }
                }
            }
        }

        @Test("From VGA to virtio and back, while shown", arguments: Way.all)
        func vgaAndBack(way: Way) throws {
            try TestRun.run("virtio-vga-\(way)") { run in
                let screen = try TestScreen(run, way.server)
                let guest = try GuestMachine(
                    run, way.version, .demo("1024x768 moving rate=20"),
                    options: ["-vga", "none", "-device", "virtio-vga,id=gpu"])
                try guest.refresh()
                let viewer = try ViewerUnderTest(
                    run, way.viewer, screen, [guest.qmpPath], renderer: way.renderer)
                try viewer.waitForPicture(of: guest)
                for display in ["vga", "virtio", "vga", "virtio"] {
                    try guest.order("display \(display)")
                    let place = try viewer.waitForPicture(of: guest)
                    try check(place.width == 1024 && place.height == 768, "\(display): \(place)")
                    let first = try viewer.frame(at: place)
                    try eventually("frames from \(display)") {
                        try viewer.frame(at: place) > first
                    }
                }
                // Another size while on VGA, and from there to virtio.
                try guest.order("display vga")
                try guest.order("mode 0 800x600")
                try viewer.waitForPicture(of: guest)
                try guest.order("display virtio")
                try viewer.waitForPicture(of: guest)
            }
        }

        @Test("The guest's cursor, drawn where a relative mouse puts it", arguments: Way.all)
        func drawnCursor(way: Way) throws {
            try TestRun.run("virtio-cursor-\(way)") { run in
                let bench = try VirtioBench(run, way, "800x600 still")
                let (guest, viewer) = (bench.guest, bench.viewer)
                try viewer.waitForPicture(of: guest)
                let picture = try guest.screendump()
                let shape = DemoCursor.card.pixels
                for (x, y, hotX, hotY) in [
                    (400, 300, 0, 0), (100, 100, 31, 17), (0, 0, 5, 9), (799, 599, 63, 63),
                    (799, 599, 0, 0), (797, 3, 20, 40),
                ] {
                    try guest.order("cursor 0 \(x) \(y) \(hotX) \(hotY) card")
                    try viewer.waitUntilShown(
                        picture.under(
                            shape, width: DemoCursor.extent, x: x - hotX, y: y - hotY),
                        "the cursor at \(x), \(y) with its hot-spot at \(hotX), \(hotY)")
                }
                try guest.order("cursor-move 0 333 222")
                try viewer.waitUntilShown(
                    picture.under(shape, width: DemoCursor.extent, x: 313, y: 182), "moved")
                try guest.order("cursor-hide 0")
                try viewer.waitUntilShown(picture, "hidden")
            }
        }

        @Test(
            "The host's cursor with the guest's shape, over a guest with a tablet",
            arguments: Way.all)
        func hostCursor(way: Way) throws {
            try TestRun.run("virtio-host-cursor-\(way)") { run in
                let bench = try VirtioBench(
                    run, way, "800x600 still", devices: ["-device", "virtio-tablet-pci"])
                let (guest, viewer) = (bench.guest, bench.viewer)
                let place = try viewer.waitForPicture(of: guest)
                for (x, y, hotX, hotY) in [
                    (200, 330, 0, 0), (420, 300, 31, 17), (500, 500, 63, 63),
                ] {
                    let start = try guest.lineCount()
                    try bench.screen.injector.move(toX: place.x + x, y: place.y + y)
                    try guest.waitForPointer(at: (x, y), from: start)
                    try guest.order("cursor 0 \(x) \(y) \(hotX) \(hotY) card")
                    // The tablet may tell its place once more, and the guest counts that.
                    try viewer.waitUntilShown(
                        "the pointer at \(x), \(y) with its hot-spot at \(hotX), \(hotY)"
                    ) {
                        try guest.screendump().under(
                            DemoCursor.card.pixels, width: DemoCursor.extent, x: x - hotX,
                            y: y - hotY)
                    }
                }
            }
        }
    }
}

/// What a viewer logs of a head's pictures when it closes it.
struct LoggedCounters: CustomStringConvertible {
    let changes: UInt64
    let bytesCopied: UInt64
    let pixelsUploaded: UInt64

    var description: String {
        "\(changes) changes, \(bytesCopied) bytes copied, \(pixelsUploaded) pixels uploaded"
    }
}

extension ViewerUnderTest {
    /// Reads them from the log of a viewer that has ended.
    func counters(ofHead head: Int) throws -> LoggedCounters {
        let start = "\(program): head \(head): "
        let line = log.split(separator: "\n").last {
            $0.hasPrefix(start) && $0.hasSuffix("uploaded")
        }
        let numbers = line?.dropFirst(start.count).split(whereSeparator: { !$0.isNumber })
            .compactMap { UInt64($0) }
        guard let numbers, numbers.count == 5 else {
            throw HarnessError("no counters in the log: \(log)")
        }
        return LoggedCounters(
            changes: numbers[0], bytesCopied: numbers[3], pixelsUploaded: numbers[4])
    }
}

extension GuestMachine {
    /// Waits until a tablet of the demo guest has told a pixel of a head: `abs RAWX RAWY DZ BUTTONS X Y HEAD`.
    func waitForPointer(at pixel: (x: Int, y: Int), head: Int = 0, from start: Int) throws {
        var last = "no report"
        try eventually("the tablet is at \(pixel) of head \(head)", details: { last }) {
            for line in try lines(from: start) where line.hasPrefix("abs ") {
                last = line
                let numbers = line.split(separator: " ").dropFirst().compactMap { Int($0) }
                if numbers.count == 7, numbers[4] == pixel.x, numbers[5] == pixel.y,
                    numbers[6] == head
                {
                    return true
                }
            }
            return false
        }
    }
}

extension UInt32 {
    /// Six hexadecimal digits, as the demo guest reads colours.
    var sixDigits: String {
        let text = String(self & 0xff_ffff, radix: 16)
        return String(repeating: "0", count: 6 - text.count) + text
    }
}
