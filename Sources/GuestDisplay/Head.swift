/// One screen of a guest.
public struct Head: Hashable, Sendable, Identifiable {
    /// What it shows.
    public enum Kind: Hashable, Sendable {
        /// A graphics adapter's output.
        case graphic
        /// A text console of the machine itself (serial port, monitor), drawn by QEMU.
        case text
    }

    /// The number a user names it by (`--head N`): QEMU's console number.
    public let id: Int
    /// The source's name for it, text from outside: never markup, never trusted to be short.
    public let label: String
    /// What it shows.
    public let kind: Kind
    /// Which output of its adapter, counted from 0.
    public let output: Int
    /// The adapter's bus address, such as `pci/0000/02.0`; empty for a text console.
    public let deviceAddress: String
    /// The picture's size when the head was listed; the picture itself tells later ones.
    public let size: Size

    /// Describes a head.
    public init(
        id: Int, label: String, kind: Kind, output: Int = 0, deviceAddress: String = "",
        size: Size = .zero
    ) {
        self.id = id
        self.label = label
        self.kind = kind
        self.output = output
        self.deviceAddress = deviceAddress
        self.size = size
    }
}

/// What a viewer tells the guest about the screen it shows a head on (EDID, monitor layout).
public struct HeadLayout: Hashable, Sendable {
    /// The picture's wanted size and its position in the layout of all heads, in pixels. Empty: nobody sees the head, and a
    /// guest may switch it off.
    public var frame: Rect
    /// The picture's size on the monitor in millimetres; zero when unknown.
    public var millimetres: Size

    /// Describes a layout.
    public init(frame: Rect, millimetres: Size = .zero) {
        self.frame = frame
        self.millimetres = millimetres
    }
}
