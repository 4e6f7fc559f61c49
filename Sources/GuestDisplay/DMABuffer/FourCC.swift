/// How the pixels of a GPU's buffer lie: a code of drm_fourcc.h.
public struct FourCC: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The code: four characters, the first in the lowest byte.
    public let rawValue: UInt32

    /// Any code; ``DRMFormat/of(_:)`` says whether this program reads it.
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// The code of four ASCII characters.
    public init(_ name: StaticString) {
        precondition(name.utf8CodeUnitCount == 4, "a code has four characters")
        rawValue = name.withUTF8Buffer { bytes in
            bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
        }
    }

    /// Its four characters where they can be printed, else the number in hexadecimal.
    public var description: String {
        let bytes = (0..<4).map { UInt8(truncatingIfNeeded: rawValue >> ($0 * 8)) }
        guard bytes.allSatisfy({ (0x20...0x7e).contains($0) }) else {
            return "0x" + String(rawValue, radix: 16)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// In what order a GPU's buffer holds its pixels: a modifier of drm_fourcc.h.
public struct DRMModifier: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The vendor in the top byte, its layout below.
    public let rawValue: UInt64

    /// Any modifier.
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// `DRM_FORMAT_MOD_LINEAR`: row after row.
    public static let linear = DRMModifier(rawValue: 0)
    /// `DRM_FORMAT_MOD_INVALID`: the exporter did not tell; it means something only on the GPU that exported the buffer.
    public static let invalid = DRMModifier(rawValue: 0x00ff_ffff_ffff_ffff)

    /// Who defines it, by drm_fourcc.h (`DRM_FORMAT_MOD_VENDOR_*`).
    public var vendor: String {
        let names: [UInt64: String] = [
            0: "no vendor", 1: "Intel", 2: "AMD", 3: "NVIDIA", 4: "Samsung", 5: "Qualcomm",
            6: "Vivante", 7: "Broadcom", 8: "Arm", 9: "Allwinner", 10: "Amlogic",
        ]
        return names[rawValue >> 56] ?? "vendor \(rawValue >> 56)"
    }

    /// `linear`, `invalid`, or the number in hexadecimal with its vendor.
    public var description: String {
        switch self {
        case .linear: "linear"
        case .invalid: "invalid"
        default: "0x" + String(rawValue, radix: 16) + " (\(vendor))"
        }
    }
}

/// What this program knows of a ``FourCC``.
public struct DRMFormat: Hashable, Sendable {
    /// One plane of the format.
    public struct Plane: Hashable, Sendable {
        /// Bytes of one sample of the plane.
        public let bytesPerSample: Int
        /// How many pixels across share a sample.
        public let horizontalSubsampling: Int
        /// How many pixels down share a sample.
        public let verticalSubsampling: Int
    }

    /// The code.
    public let fourcc: FourCC
    /// Its planes, without those that a modifier adds.
    public let planes: [Plane]
    /// The same in CPU memory; nil where there is none.
    public let pixelFormat: PixelFormat?
    /// Whether the pixels are luma and chroma, to be made red, green and blue of by the GPU.
    public let isYUV: Bool

    private init(_ name: StaticString, bytes: Int, pixman: UInt32) {
        fourcc = FourCC(name)
        planes = [
            Plane(bytesPerSample: bytes, horizontalSubsampling: 1, verticalSubsampling: 1)
        ]
        pixelFormat = PixelFormat(rawValue: pixman)
        isYUV = false
    }

    private init(nv12 name: StaticString) {
        fourcc = FourCC(name)
        planes = [
            Plane(bytesPerSample: 1, horizontalSubsampling: 1, verticalSubsampling: 1),
            Plane(bytesPerSample: 2, horizontalSubsampling: 2, verticalSubsampling: 2),
        ]
        pixelFormat = nil
        isYUV = true
    }

    /// All that are known. Alpha means nothing in any of them: a guest's picture is opaque.
    public static let all = [
        DRMFormat("XR24", bytes: 4, pixman: 0x2002_0888),
        DRMFormat("AR24", bytes: 4, pixman: 0x2002_8888),
        DRMFormat("XB24", bytes: 4, pixman: 0x2003_0888),
        DRMFormat("AB24", bytes: 4, pixman: 0x2003_8888),
        DRMFormat("XR30", bytes: 4, pixman: 0x2002_0aaa),
        DRMFormat("AR30", bytes: 4, pixman: 0x2002_2aaa),
        DRMFormat("RG16", bytes: 2, pixman: 0x1002_0565),
        DRMFormat(nv12: "NV12"),
    ]

    /// The format of that code; nil when it is not known.
    public static func of(_ fourcc: FourCC) -> DRMFormat? {
        all.first { $0.fourcc == fourcc }
    }
}
