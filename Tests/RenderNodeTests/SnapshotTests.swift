import DisplayTesting
import Glibc
import GuestDisplay
import Testing

extension RenderNodeTests {
    /// A guest whose pictures arrive as a GPU's buffers, in `swiftvm-snapshot`: exact, and upright.
    @Suite(.serialized) struct SnapshotTests {
        /// A guest's display device, and what the demo guest is told of it.
        struct Device: Hashable, CustomTestStringConvertible {
            let option: String
            let words: String

            var testDescription: String { "\(option) \(words)" }
        }

        static let devices = [
            Device(option: "VGA", words: "640x480 still"),
            Device(option: "virtio-vga", words: "801x601 still"),
            // Draws now and then, as QEMU flushes its GL with updates alone (see SnapshotJob), and whole frames: on a slow machine the parts of
            // one would take until the next.
            Device(option: "virtio-vga-gl", words: "645x483 rate=2 flush=box"),
            Device(option: "virtio-vga-gl", words: "640x480 rate=2 flush=box 3d"),
            Device(option: "virtio-vga-gl", words: "640x480 rate=2 flush=box 3d-y0-top"),
        ]

        @Test(
            "Pixel for pixel what the guest drew, imported and not read by the processor",
            arguments: QEMUBinary.all, devices)
        func exact(binary: QEMUBinary, device: Device) throws {
            let node = try #require(RenderNode.path)
            let guest = try DemoGuestUnderTest(
                binary, device.words, display: "dbus,p2p=yes,gl=on,rendernode=\(node)",
                arguments: ["-vga", "none", "-device", device.option])
            let folder = try TestFolder()
            let size = device.words.split(separator: " ")[0].split(separator: "x").compactMap {
                Int($0)
            }
            let card = DemoCard(
                width: size[0], height: size[1], drawsPointer: device.option == "VGA")
            var (log, picture, frame) = ("", PNGPicture?.none, UInt32?.none)
            // Long enough for the guest to draw again, without which its picture may not be flushed yet (see SnapshotJob).
            let delay = device.option == "virtio-vga-gl" ? "5" : "0"
            for _ in 0..<4 where frame == nil {
                let status: Int32
                (status, log) = try snapshot(
                    [
                        "--verbose", "--render-node", node, "--delay", delay, "--timeout", "120",
                        guest.qemu.monitor, folder.file("screen.png"),
                    ], in: folder)
                try #require(status == 0, "\(log)")
                picture = PNGPicture(path: folder.file("screen.png"))
                frame = picture.flatMap {
                    DemoCardPicture(width: $0.width, height: $0.height, pixels: $0.pixels)?.frame
                }
            }
            #expect(log.contains("pictures as dma-buf"), "\(log)")
            #expect(log.contains("imported"), "\(log)")
            let shown = try #require(picture)
            #expect(shown.width == size[0] && shown.height == size[1])
            let expected = card.expectedPixels(
                frame: try #require(frame, "no whole frame of the guest's: \(log)"))
            let wrong = zip(shown.pixels, expected).count { $0 != $1 & 0xff_ffff }
            #expect(wrong == 0, "\(wrong) of \(expected.count) pixels differ; \(log)")
        }

        private func snapshot(_ arguments: [String], in folder: TestFolder) throws -> (
            Int32, String
        ) {
            let bin = try #require(getenv("SWIFTVM_BIN").map { String(cString: $0) })
            let path = folder.file("log")
            let log = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            try #require(log >= 0)
            defer { close(log) }
            let program = try ChildProcess(
                "\(bin)/swiftvm-snapshot", arguments, output: log, error: log)
            let status = program.wait()
            return (status, String(decoding: try TestFolder.read(path), as: UTF8.self))
        }
    }
}
