/// Writes D-Bus values in either byte order, right or deliberately wrong. Written apart from the program's own, so that a test
/// compares two readings of the specification.
public struct WireWriter: Sendable {
    /// Whether numbers are written with the highest byte first.
    public let isBigEndian: Bool
    /// What was written.
    public var bytes: [UInt8] = []

    /// Writes nothing yet.
    public init(bigEndian: Bool = false) {
        isBigEndian = bigEndian
    }

    /// Pads with zeroes to a multiple of `boundary`.
    public mutating func align(_ boundary: Int) {
        bytes += [UInt8](repeating: 0, count: (boundary - bytes.count % boundary) % boundary)
    }

    private mutating func number(_ value: some FixedWidthInteger) {
        let size = value.bitWidth / 8
        align(size)
        for index in 0..<size {
            let shift = 8 * (isBigEndian ? size - 1 - index : index)
            bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    /// A `y`.
    public mutating func byte(_ value: UInt8) { bytes.append(value) }
    /// A `u` or an `h`.
    public mutating func uint32(_ value: UInt32) { number(value) }
    /// An `i`.
    public mutating func int32(_ value: Int32) { number(value) }
    /// A `t`.
    public mutating func uint64(_ value: UInt64) { number(value) }

    /// An `s` or an `o`.
    public mutating func string(_ value: String) {
        uint32(UInt32(value.utf8.count))
        bytes += Array(value.utf8) + [0]
    }

    /// A `g`.
    public mutating func signature(_ value: String) {
        bytes += [UInt8(value.utf8.count)] + Array(value.utf8) + [0]
    }

    /// An `ay`; `claimedLength` writes another length than there are bytes.
    public mutating func byteArray(_ value: [UInt8], claimedLength: UInt32? = nil) {
        uint32(claimedLength ?? UInt32(value.count))
        bytes += value
    }

    /// An `au` or an `ah`; `claimedLength` writes another length in bytes than there is.
    public mutating func uint32Array(_ values: [UInt32], claimedLength: UInt32? = nil) {
        uint32(claimedLength ?? UInt32(values.count * 4))
        for value in values { uint32(value) }
    }

    /// Appends values by their signature, which must be made of u, i, h, t, b, s, g, ay, au and ah.
    public mutating func values(_ values: [WireValue]) {
        for value in values {
            switch value {
            case .u(let value), .h(let value): uint32(value)
            case .b(let value): uint32(value)
            case .i(let value): int32(value)
            case .t(let value): uint64(value)
            case .s(let value): string(value)
            case .ay(let value): byteArray(value)
            case .ayClaiming(let length, let value): byteArray(value, claimedLength: length)
            case .au(let values), .ah(let values): uint32Array(values)
            case .auClaiming(let length, let values):
                uint32Array(values, claimedLength: length)
            }
        }
    }
}

/// A D-Bus value, by its type code.
public enum WireValue: Sendable {
    case u(UInt32)
    case i(Int32)
    case h(UInt32)
    case t(UInt64)
    /// A boolean as its number, so that a wrong one can be sent.
    case b(UInt32)
    case s(String)
    case ay([UInt8])
    /// An array that claims another length than it has.
    case ayClaiming(UInt32, [UInt8])
    case au([UInt32])
    /// An array that claims another length in bytes than it has.
    case auClaiming(UInt32, [UInt32])
    case ah([UInt32])

    /// The type code.
    public var code: String {
        switch self {
        case .u: "u"
        case .i: "i"
        case .h: "h"
        case .t: "t"
        case .b: "b"
        case .s: "s"
        case .ay, .ayClaiming: "ay"
        case .au, .auClaiming: "au"
        case .ah: "ah"
        }
    }
}
