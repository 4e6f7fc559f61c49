internal import Glibc

/// The interfaces that every D-Bus object has: Properties, Introspectable, Peer.
enum StandardInterfaces {
    /// The answer to a call, or nil when the method is none of these interfaces'.
    static func answer(_ message: DBusMessage) throws(DBusFault) -> DBusReply? {
        let header = message.header
        switch (header.interface, header.member) {
        case (ListenerInterface.properties?, "Get"), (nil, "Get"):
            let (interface, property) = try twoStrings(message, "ss")
            guard knows(interface) else { throw unknown(interface) }
            guard owner(of: property, in: interface) else {
                throw .unknownProperty(
                    "property: \(PeerText.quoted(property)) of \(PeerText.quoted(interface))")
            }
            return DBusReply(signature: "v") { $0.variant(strings: ListenerInterface.additional) }
        case (ListenerInterface.properties?, "GetAll"), (nil, "GetAll"):
            let interface = try oneString(message)
            guard knows(interface) else { throw unknown(interface) }
            return DBusReply(signature: "a{sv}") { writer in
                writer.array(alignment: 8) { writer in
                    guard owner(of: "Interfaces", in: interface) else { return }
                    writer.align(to: 8)
                    writer.string("Interfaces")
                    writer.variant(strings: ListenerInterface.additional)
                }
            }
        case (ListenerInterface.properties?, "Set"), (nil, "Set"):
            let (interface, property) = try twoStrings(message, "ssv")
            guard owner(of: property, in: interface) else {
                throw .unknownProperty(
                    "property: \(PeerText.quoted(property)) of \(PeerText.quoted(interface))")
            }
            throw .propertyReadOnly("property: Interfaces cannot be set")
        case (ListenerInterface.introspectable?, "Introspect"), (nil, "Introspect"):
            _ = try message.arguments("")
            return DBusReply(signature: "s") { $0.string(ListenerInterface.description) }
        case (ListenerInterface.peer?, "Ping"), (nil, "Ping"):
            _ = try message.arguments("")
            return .empty
        case (ListenerInterface.peer?, "GetMachineId"), (nil, "GetMachineId"):
            _ = try message.arguments("")
            guard let machine = machineIdentifier() else {
                throw .failed("/etc/machine-id: cannot be read")
            }
            return DBusReply(signature: "s") { $0.string(machine) }
        case (ListenerInterface.properties?, _), (ListenerInterface.introspectable?, _),
            (ListenerInterface.peer?, _):
            throw .unknownMethod("member: \(PeerText.quoted(header.member))")
        default:
            return nil
        }
    }

    private static func knows(_ interface: String) -> Bool {
        [
            "", ListenerInterface.listener, ListenerInterface.map, ListenerInterface.buffers,
            ListenerInterface.properties, ListenerInterface.introspectable, ListenerInterface.peer,
        ].contains(interface)
    }

    private static func owner(of property: String, in interface: String) -> Bool {
        property == "Interfaces" && ["", ListenerInterface.listener].contains(interface)
    }

    private static func unknown(_ interface: String) -> DBusFault {
        .unknownInterface("interface: \(PeerText.quoted(interface))")
    }

    private static func oneString(_ message: DBusMessage) throws(DBusFault) -> String {
        var reader = try message.arguments("s")
        do throws(DBusWireError) {
            return try reader.string("interface")
        } catch {
            throw .invalidArguments(error.description)
        }
    }

    private static func twoStrings(_ message: DBusMessage, _ signature: String)
        throws(DBusFault) -> (String, String)
    {
        var reader = try message.arguments(signature)
        do throws(DBusWireError) {
            return (try reader.string("interface"), try reader.string("property"))
        } catch {
            throw .invalidArguments(error.description)
        }
    }

    /// This machine's identifier: 32 hexadecimal digits (machine-id(5)).
    private static func machineIdentifier() -> String? {
        guard let file = fopen("/etc/machine-id", "re") else { return nil }
        defer { fclose(file) }
        var digits = [UInt8](repeating: 0, count: 32)
        guard fread(&digits, 1, digits.count, file) == digits.count else { return nil }
        let text = String(decoding: digits, as: UTF8.self)
        return text.allSatisfy { $0.isHexDigit } ? text : nil
    }
}
