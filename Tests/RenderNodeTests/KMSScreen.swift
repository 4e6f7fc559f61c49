import CShimsTesting
import DisplayTesting
import Glibc
import GuestDisplay

/// A card's output without a display server: what a program that has the card shows on it, as the display controller reads it.
final class KMSScreen: ViewerScreen {
    private let run: TestRun
    private let card: OwnedDescriptor
    private let reader: GPURenderer

    /// The first output of the card that belongs to a render node.
    init(_ run: TestRun, node: String) throws {
        self.run = run
        let name = node.split(separator: "/").last.map(String.init) ?? ""
        guard let path = Self.card(of: name) else { throw HarnessError("\(node) has no card") }
        card = OwnedDescriptor(owning: open(path, O_RDWR | O_CLOEXEC))
        try check(card.rawValue >= 0, "\(path): errno \(errno)")
        // Who opens the card first becomes its master, which the program must be.
        swiftvm_drop_master(card.rawValue)
        reader = try GPURenderer(node: node)
    }

    let environment = ["SDL_VIDEODRIVER": "kmsdrm", "DISPLAY": "", "WAYLAND_DISPLAY": ""]

    func capture() throws -> ScreenPicture {
        var shown = swiftvm_crtc_picture()
        guard swiftvm_crtc_show(card.rawValue, 0, &shown) == 0 else {
            throw HarnessError("the first CRTC's picture: errno \(errno)")
        }
        let size = Size(width: Int(shown.width), height: Int(shown.height))
        let plane = DMABuffer.Plane(
            descriptor: OwnedDescriptor(owning: shown.buffer), offset: 0,
            stride: Int(shown.stride))
        let picture = ScreenPicture(
            width: size.width, height: size.height,
            pixels: try reader.read([plane], FourCC("XR24"), .invalid, size))
        run.note("screen", picture)
        return picture
    }

    func note(_ name: String, _ picture: ScreenPicture) { run.note(name, picture) }

    // The card of the same device, by the kernel's folder of it.
    private static func card(of node: String) -> String? {
        (0..<16).map { "card\($0)" }.first {
            access("/sys/class/drm/\(node)/device/drm/\($0)", F_OK) == 0
        }.map { "/dev/dri/\($0)" }
    }
}
