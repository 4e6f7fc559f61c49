public import GuestDisplay

/// Which QEMU to show, and how to reach it: what a user writes as TARGET.
public enum QEMUTarget: Hashable, Sendable {
    /// The Unix socket of a QMP monitor; the display is handed over peer to peer.
    case monitor(path: String)
    /// A QEMU on a message bus: at that D-Bus address, or on the session bus where it is nil.
    case bus(address: String?)
    /// A QEMU that this program starts.
    case launch(QEMULaunch)

    /// Reads a target: `qmp:PATH`, the plain path of a socket, `dbus:` or `dbus:ADDRESS`. Throws for an empty one and for the schemes of
    /// other displays, which this version cannot show. Nothing is opened.
    public init(parsing text: String) throws(DisplayError) {
        if let path = text.dropping(prefix: "qmp:") {
            guard !path.isEmpty else {
                throw DisplayError("qmp: needs the path of a QEMU monitor socket: qmp:PATH")
            }
            self = .monitor(path: path)
            return
        }
        if let address = text.dropping(prefix: "dbus:") {
            self = .bus(address: address.isEmpty ? nil : address)
            return
        }
        for (scheme, name) in QEMUTarget.laterSchemes where text.hasPrefix(scheme) {
            throw DisplayError(
                "\(text): this version cannot show \(name); it shows qmp:PATH and dbus:ADDRESS")
        }
        if text.hasSuffix(".vv") {
            throw DisplayError(
                "\(text): this version cannot read .vv files; it shows qmp:PATH and dbus:ADDRESS")
        }
        guard !text.isEmpty else {
            throw DisplayError(
                "the target is empty: give qmp:PATH, the path of a socket, or dbus:ADDRESS")
        }
        self = .monitor(path: text)
    }

    private static let laterSchemes = [
        ("spice://", "SPICE"), ("spice+unix://", "SPICE"), ("spice:", "SPICE"),
        ("vnc://", "VNC"), ("vnc+unix://", "VNC"), ("vnc:", "VNC"), ("libvirt:", "libvirt domains"),
    ]
}

extension String {
    /// What follows that prefix; nil without it.
    fileprivate func dropping(prefix: String) -> String? {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
    }
}
