import DisplayTesting

/// The demo guest on a virtio-gpu with its picture on a screen.
final class VirtioBench {
    let screen: TestScreen
    let guest: GuestMachine
    let viewer: ViewerUnderTest

    /// A virtio-gpu whose `id` is `gpu`, with that many heads at most.
    static func gpu(heads: Int = 1) -> [String] {
        ["-vga", "none", "-device", "virtio-gpu-pci,id=gpu,max_outputs=\(heads)"]
    }

    /// Starts all, and waits until head 0 is shown.
    init(
        _ run: TestRun, _ way: Way, _ words: String, heads: Int = 1, devices: [String] = [],
        options: [String] = [], outputs: [TestOutput] = TestOutput.one
    ) throws {
        screen = try TestScreen(run, way.server, outputs: outputs)
        guest = try GuestMachine(
            run, way.version, .demo(words), options: VirtioBench.gpu(heads: heads) + devices)
        try guest.refresh()
        viewer = try ViewerUnderTest(
            run, way.viewer, screen, options + [guest.qmpPath], renderer: way.renderer)
    }
}

extension ScreenPicture {
    /// The same with a picture of premultiplied 0xAARRGGBB over it, its top left pixel at that place; what lies outside is cut.
    func under(_ pixels: [UInt32], width partWidth: Int, x: Int, y: Int) -> ScreenPicture {
        var result = self.pixels
        for (index, pixel) in pixels.enumerated() where pixel != 0 {
            let (column, row) = (x + index % partWidth, y + index / partWidth)
            guard (0..<width).contains(column), (0..<height).contains(row) else { continue }
            let kept = 255 - pixel >> 24
            var mixed: UInt32 = 0
            for shift: UInt32 in [0, 8, 16] {
                let below = result[row * width + column] >> shift & 0xff
                mixed |= min(255, (below * kept + 127) / 255 + pixel >> shift & 0xff) << shift
            }
            result[row * width + column] = mixed
        }
        return ScreenPicture(width: width, height: height, pixels: result)
    }

    /// The places where two pictures of one size differ.
    func changes(from other: ScreenPicture) -> [(x: Int, y: Int)] {
        var places: [(x: Int, y: Int)] = []
        for y in 0..<height {
            let row = y * width
            let isSame = pixels[row..<row + width].elementsEqual(other.pixels[row..<row + width])
            guard !isSame else { continue }
            for x in 0..<width where pixels[row + x] != other.pixels[row + x] {
                places.append((x, y))
            }
        }
        return places
    }
}
