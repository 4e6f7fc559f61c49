/// What we serve to QEMU: names of ui/dbus-display1.xml, and how they describe themselves.
enum ListenerInterface {
    static let path = "/org/qemu/Display1/Listener"
    static let listener = "org.qemu.Display1.Listener"
    static let map = "org.qemu.Display1.Listener.Unix.Map"
    /// From QEMU 10.1 on.
    static let buffers = "org.qemu.Display1.Listener.Unix.ScanoutDMABUF2"
    static let properties = "org.freedesktop.DBus.Properties"
    static let peer = "org.freedesktop.DBus.Peer"
    static let introspectable = "org.freedesktop.DBus.Introspectable"

    /// The property `Interfaces` of the listener: what we take besides the base interface.
    static let additional = [map, buffers]

    /// A method's arguments by name and type, in order.
    typealias Method = (name: String, arguments: [(name: String, type: String)])

    static let listenerMethods: [Method] = [
        (
            "Scanout",
            [
                ("width", "u"), ("height", "u"), ("stride", "u"), ("pixman_format", "u"),
                ("data", "ay"),
            ]
        ),
        (
            "Update",
            [
                ("x", "i"), ("y", "i"), ("width", "i"), ("height", "i"), ("stride", "u"),
                ("pixman_format", "u"), ("data", "ay"),
            ]
        ),
        (
            "ScanoutDMABUF",
            [
                ("dmabuf", "h"), ("width", "u"), ("height", "u"), ("stride", "u"),
                ("fourcc", "u"), ("modifier", "t"), ("y0_top", "b"),
            ]
        ),
        ("UpdateDMABUF", [("x", "i"), ("y", "i"), ("width", "i"), ("height", "i")]),
        ("Disable", []),
        ("MouseSet", [("x", "i"), ("y", "i"), ("on", "i")]),
        (
            "CursorDefine",
            [("width", "i"), ("height", "i"), ("hot_x", "i"), ("hot_y", "i"), ("data", "ay")]
        ),
    ]

    static let mapMethods: [Method] = [
        (
            "ScanoutMap",
            [
                ("handle", "h"), ("offset", "u"), ("width", "u"), ("height", "u"),
                ("stride", "u"), ("pixman_format", "u"),
            ]
        ),
        ("UpdateMap", [("x", "i"), ("y", "i"), ("width", "i"), ("height", "i")]),
    ]

    static let bufferMethods: [Method] = [
        (
            "ScanoutDMABUF2",
            [
                ("dmabuf", "ah"), ("x", "u"), ("y", "u"), ("width", "u"), ("height", "u"),
                ("offset", "au"), ("stride", "au"), ("num_planes", "u"), ("fourcc", "u"),
                ("backing_width", "u"), ("backing_height", "u"), ("modifier", "t"),
                ("y0_top", "b"),
            ]
        )
    ]

    /// Whether a method of ours brings a picture or a change of one.
    static func changesPicture(_ member: String) -> Bool {
        member.hasPrefix("Scanout") || member.hasPrefix("Update")
    }

    /// Whether a message is a picture, or a part of one, as bytes: the last argument, after some numbers.
    static func bringsPixels(_ header: DBusMessageHeader) -> Bool {
        guard header.isMethodCall, header.path == path,
            header.interface == nil || header.interface == listener
        else { return false }
        switch header.member {
        case "Scanout": return header.signature == "uuuuay"
        case "Update": return header.signature == "iiiiuuay"
        default: return false
        }
    }

    /// All methods that are ours, not the bus's.
    static var methods: [Method] { listenerMethods + mapMethods + bufferMethods }

    /// The answer to Introspect.
    static let description: String = {
        func methods(_ methods: [Method]) -> String {
            methods.map { method in
                let arguments = method.arguments.map {
                    "<arg name=\"\($0.name)\" type=\"\($0.type)\" direction=\"in\"/>"
                }
                return "<method name=\"\(method.name)\">\(arguments.joined())</method>\n"
            }.joined()
        }
        return """
            <!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN" \
            "http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">
            <node>
            <interface name="\(listener)">
            \(methods(listenerMethods))\
            <property name="Interfaces" type="as" access="read"/>
            </interface>
            <interface name="\(map)">
            \(methods(mapMethods))\
            </interface>
            <interface name="\(buffers)">
            \(methods(bufferMethods))\
            </interface>
            <interface name="\(properties)">
            <method name="Get"><arg name="interface_name" type="s" direction="in"/>\
            <arg name="property_name" type="s" direction="in"/>\
            <arg name="value" type="v" direction="out"/></method>
            <method name="GetAll"><arg name="interface_name" type="s" direction="in"/>\
            <arg name="properties" type="a{sv}" direction="out"/></method>
            <method name="Set"><arg name="interface_name" type="s" direction="in"/>\
            <arg name="property_name" type="s" direction="in"/>\
            <arg name="value" type="v" direction="in"/></method>
            </interface>
            <interface name="\(introspectable)">
            <method name="Introspect"><arg name="xml_data" type="s" direction="out"/></method>
            </interface>
            <interface name="\(peer)">
            <method name="Ping"/>
            <method name="GetMachineId"><arg name="machine_uuid" type="s" direction="out"/></method>
            </interface>
            </node>

            """
    }()
}
