public import GuestDisplay

/// The calls of QEMU's that are about dma-bufs.
extension WireMessage {
    /// The interface of ``scanoutBuffer2(_:backing:crop:fourcc:modifier:y0Top:)``.
    public static let scanoutBuffer2Interface =
        "org.qemu.Display1.Listener.Unix.ScanoutDMABUF2"

    /// One plane of a dma-buf.
    public struct Plane: Sendable {
        /// The dma-buf; lent.
        public var descriptor: CInt
        /// Bytes from the buffer's start to the first row.
        public var offset: UInt32
        /// Bytes from one row to the next.
        public var stride: UInt32

        /// Describes a plane.
        public init(_ descriptor: CInt, offset: UInt32 = 0, stride: UInt32) {
            self.descriptor = descriptor
            self.offset = offset
            self.stride = stride
        }
    }

    /// `ScanoutDMABUF`. Sizes are sent as they are, also wrong ones.
    public static func scanoutBuffer(
        _ descriptor: CInt, _ width: UInt32, _ height: UInt32, stride: UInt32,
        fourcc: FourCC = FourCC("XR24"), modifier: DRMModifier = .linear, y0Top: Bool = false
    ) -> WireMessage {
        WireMessage(
            "ScanoutDMABUF",
            [
                .h(0), .u(width), .u(height), .u(stride), .u(fourcc.rawValue),
                .t(modifier.rawValue), .b(y0Top ? 1 : 0),
            ], descriptors: [descriptor])
    }

    /// `ScanoutDMABUF2` of QEMU 10.1. Without a crop the whole buffer is shown.
    public static func scanoutBuffer2(
        _ planes: [Plane], backing: Size, crop: Rect? = nil, fourcc: FourCC = FourCC("XR24"),
        modifier: DRMModifier = .linear, y0Top: Bool = false
    ) -> WireMessage {
        let crop = crop ?? Rect(backing)
        func number(_ value: Int) -> WireValue { .u(UInt32(truncatingIfNeeded: value)) }
        return WireMessage(
            "ScanoutDMABUF2",
            [
                .ah(planes.indices.map { UInt32($0) }), number(crop.x), number(crop.y),
                number(crop.width), number(crop.height), .au(planes.map(\.offset)),
                .au(planes.map(\.stride)), number(planes.count), .u(fourcc.rawValue),
                number(backing.width), number(backing.height), .t(modifier.rawValue),
                .b(y0Top ? 1 : 0),
            ], interface: scanoutBuffer2Interface, descriptors: planes.map(\.descriptor))
    }

    /// `UpdateDMABUF`. Its answer is the guest's permission to draw on.
    public static func updateBuffer(_ rect: Rect) -> WireMessage {
        WireMessage(
            "UpdateDMABUF",
            [rect.x, rect.y, rect.width, rect.height].map { .i(Int32(truncatingIfNeeded: $0)) })
    }

    /// `Disable`: the display is off, or a dma-buf was freed.
    public static let disable = WireMessage("Disable")
}
