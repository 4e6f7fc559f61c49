/// The picture that the demo guest (`Resources/demo-guest`) shows, computed instead of captured.
///
/// The picture is a function of the mode, the frame number and the input that arrived, so a test
/// can ask for exactly what a screen must show. `DemoCardPicture` goes the other way.
public struct DemoCard: Hashable, Sendable {
    /// What changes from one frame to the next.
    public enum Motion: Hashable, Sendable {
        /// A block of 64x64 pixels moves, and the frame number: the guest's word `small`.
        case small
        /// Every pixel but the cells: the guest's word `full`.
        case full
    }

    /// The smallest width that the demo guest accepts, in pixels.
    public static let minimumWidth = 640
    /// The smallest height that the demo guest accepts, in pixels.
    public static let minimumHeight = 480

    /// The mode's width in pixels, `minimumWidth` to 4096.
    public let width: Int
    /// The mode's height in pixels, `minimumHeight` to 2304.
    public let height: Int
    /// What changes from one frame to the next.
    public let motion: Motion

    /// Describes the card in a mode. The size must be one that the guest accepts; on VGA it
    /// rounds widths down to a multiple of 8 (`vgaWidth(_:)`), on `bochs-display` it does not.
    public init(width: Int, height: Int, motion: Motion = .small) {
        precondition((Self.minimumWidth...4096).contains(width), "width \(width)")
        precondition((Self.minimumHeight...2304).contains(height), "height \(height)")
        self.width = width
        self.height = height
        self.motion = motion
    }

    /// The width that the guest sets on a VGA (`-vga std`, virtio-vga) when asked for `width`.
    public static func vgaWidth(_ width: Int) -> Int { width & ~7 }

    /// The whole picture, row-major, `width` times `height` pixels of 0x00RRGGBB.
    ///
    /// A guest started with `still` shows frame 0 until it gets a command. The defaults are the
    /// picture right after the start.
    public func expectedPixels(frame: UInt32 = 0, input: DemoInput = DemoInput()) -> [UInt32] {
        var canvas = DemoCardCanvas(width: width, height: height)
        let mouse = input.mouse ?? DemoMouse(x: width / 2, y: height / 2)
        switch motion {
        case .small:
            canvas.drawCard()
            canvas.drawPanelText(input: input, mouse: mouse)
            canvas.drawSmallMotion(frame: frame)
        case .full:
            canvas.drawFullMotion(frame: frame)
        }
        if mouse.packets > 0 { canvas.drawPointer(mouse) }
        canvas.drawStrips(frame: frame)
        canvas.drawPanelCells(input: input, mouse: mouse)
        return canvas.pixels
    }
}
