/// The picture that the demo guest (`Resources/demo-guest`) shows, computed instead of captured.
///
/// The picture is a function of the mode, the frame number and the input that arrived, so a test
/// can ask for exactly what a screen must show. `DemoCardPicture` goes the other way.
public struct DemoCard: Hashable, Sendable {
    /// What changes from one frame to the next.
    public enum Motion: Hashable, Sendable {
        /// A block of 64x64 pixels moves, and the frame number: the guest's word `small`.
        case small
        /// A block of 64x64 pixels that stands shows the frame number, and nothing else changes: the guest's word `block`.
        case block
        /// Every pixel but the cells: the guest's word `full`.
        case full
    }

    /// The smallest width of a card, in pixels; a smaller head shows the left part of one.
    public static let minimumWidth = 640
    /// The smallest height of a card, in pixels; a smaller head shows the upper part of one.
    public static let minimumHeight = 480

    /// The head's width in pixels, 16 to 8192.
    public let width: Int
    /// The head's height in pixels, 16 to 4320.
    public let height: Int
    /// What changes from one frame to the next.
    public let motion: Motion
    /// The head's number, from 0.
    public let head: Int
    /// Where the host has put the head, as far as it tells the guest: QEMU up to 10.0 says 0, 0 of all.
    public let place: DemoPlace
    /// Whether the guest draws the pointer into the picture: on VGA, and with the word `pointer=drawn`. Else a virtio-gpu's cursor shows
    /// it, which is no part of the picture.
    public let drawsPointer: Bool

    /// Describes the card on a head. The size must be one that the guest accepts; on VGA it
    /// rounds widths down to a multiple of 8 (`vgaWidth(_:)`), on `bochs-display` and virtio-gpu it does not.
    public init(
        width: Int, height: Int, motion: Motion = .small, head: Int = 0,
        place: DemoPlace = DemoPlace(x: 0, y: 0), drawsPointer: Bool = true
    ) {
        precondition((16...8192).contains(width), "width \(width)")
        precondition((16...4320).contains(height), "height \(height)")
        precondition((0...15).contains(head), "head \(head)")
        self.width = width
        self.height = height
        self.motion = motion
        self.head = head
        self.place = place
        self.drawsPointer = drawsPointer
    }

    /// The width that the guest sets on a VGA (`-vga std`, virtio-vga's own) when asked for `width`.
    public static func vgaWidth(_ width: Int) -> Int { width & ~7 }

    /// The whole picture, row-major, `width` times `height` pixels of 0x00RRGGBB.
    ///
    /// A guest started with `still` shows frame 0 until it gets a command. The defaults are the
    /// picture right after the start.
    public func expectedPixels(frame: UInt32 = 0, input: DemoInput = DemoInput()) -> [UInt32] {
        var canvas = DemoCardCanvas(
            width: max(width, Self.minimumWidth), height: max(height, Self.minimumHeight))
        let mouse = input.mouse ?? DemoMouse(x: width / 2, y: height / 2)
        switch motion {
        case .small:
            canvas.drawCard(self)
            canvas.drawPanelText(input: input, mouse: mouse)
            canvas.drawSmallMotion(frame: frame)
        case .block:
            canvas.drawCard(self)
            canvas.drawPanelText(input: input, mouse: mouse)
            canvas.drawBlockMotion(frame: frame)
        case .full:
            canvas.drawFullMotion(frame: frame)
        }
        if drawsPointer, mouse.packets > 0, mouse.head == head { canvas.drawPointer(mouse) }
        canvas.drawStrips(frame: motion == .block ? 0 : frame)
        canvas.drawPanelCells(self, input: input, mouse: mouse)
        return canvas.cropped(width: width, height: height)
    }
}

/// A place in a layout of heads, in pixels.
public struct DemoPlace: Hashable, Sendable {
    /// The distance from the left, -32768 to 32767.
    public let x: Int
    /// The distance from the top, -32768 to 32767.
    public let y: Int

    /// Names a place.
    public init(x: Int, y: Int) {
        self.x = x
        self.y = y
    }
}
