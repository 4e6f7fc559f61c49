/// The version of a QEMU.
struct QEMUVersion: Comparable, CustomStringConvertible, Sendable {
    let major: Int64
    let minor: Int64
    let micro: Int64

    /// The first with `-display dbus` (its documentation/about: "Since 7.0", qapi/ui.json, `DisplayDBus`).
    static let firstWithDisplay = QEMUVersion(major: 7, minor: 0, micro: 0)

    init(major: Int64, minor: Int64, micro: Int64) {
        self.major = major
        self.minor = minor
        self.micro = micro
    }

    /// From QMP's greeting; nil if it is none.
    init?(greeting: JSONValue) {
        guard let version = greeting["QMP"]?["version"]?["qemu"],
            let major = version["major"]?.integer, let minor = version["minor"]?.integer
        else { return nil }
        self.init(major: major, minor: minor, micro: version["micro"]?.integer ?? 0)
    }

    static func < (left: QEMUVersion, right: QEMUVersion) -> Bool {
        (left.major, left.minor, left.micro) < (right.major, right.minor, right.micro)
    }

    var description: String { "\(major).\(minor).\(micro)" }
}
