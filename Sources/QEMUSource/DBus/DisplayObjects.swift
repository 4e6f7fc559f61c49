internal import GuestDisplay

/// The names of QEMU's D-Bus display (ui/dbus-display1.xml).
enum DisplayName {
    static let service = "org.qemu"
    static let root = "/org/qemu/Display1"
    static let vmPath = "/org/qemu/Display1/VM"
    static let vm = "org.qemu.Display1.VM"
    static let console = "org.qemu.Display1.Console"
    static let keyboard = "org.qemu.Display1.Keyboard"
    static let mouse = "org.qemu.Display1.Mouse"
    static let chardev = "org.qemu.Display1.Chardev"
    static let objectManager = "org.freedesktop.DBus.ObjectManager"
    static let properties = "org.freedesktop.DBus.Properties"
    static let bus = "org.freedesktop.DBus"
    static let busPath = "/org/freedesktop/DBus"

    /// The path of a console.
    static func consolePath(_ head: Head.ID) -> String { "\(root)/Console_\(head)" }

    /// The number in a console's path; nil for another object.
    static func head(ofPath path: String) -> Head.ID? {
        let prefix = root + "/Console_"
        guard path.hasPrefix(prefix), let number = UInt16(path.dropFirst(prefix.count)) else {
            return nil
        }
        return Int(number)
    }
}

/// All that a QEMU shows on its bus, as one call of GetManagedObjects tells it (7.2 and 10.0 have an object manager at
/// `/org/qemu/Display1`).
struct DisplayObjects: Sendable {
    /// A console, and whether its pointing device reports places.
    struct Console: Hashable, Sendable {
        var head: Head
        var mode: PointerMode
    }

    /// A character device.
    struct Chardev: Hashable, Sendable {
        let path: String
        /// Such as `org.qemu.monitor.qmp.0`; empty for one without.
        let name: String
    }

    /// The largest picture that a property is believed to tell of.
    private static let extents = 0...SurfaceLimits.maximumExtent

    private(set) var guestName = ""
    var consoles: [Head.ID: Console] = [:]
    private(set) var chardevs: [Chardev] = []

    /// The consoles, sorted by number.
    var heads: [Head] { consoles.values.map(\.head).sorted { $0.id < $1.id } }

    /// Nothing.
    init() {}

    /// Reads the answer of GetManagedObjects, `(a{oa{sa{sv}}})`. What is missing or of another type is left out.
    init(managed answer: Variant) {
        for (path, interfaces) in answer.children.first?.dictionary ?? [:] {
            let interfaces = interfaces.dictionary
            if let console = interfaces[DisplayName.console]?.dictionary,
                let id = DisplayName.head(ofPath: path)
            {
                let mouse = interfaces[DisplayName.mouse]?.dictionary
                consoles[id] = Console(
                    head: DisplayObjects.head(id, console),
                    mode: mouse?["IsAbsolute"]?.bool == true ? .absolute : .relative)
            } else if let chardev = interfaces[DisplayName.chardev]?.dictionary {
                chardevs.append(Chardev(path: path, name: chardev["Name"]?.string ?? ""))
            } else if let vm = interfaces[DisplayName.vm]?.dictionary {
                guestName = vm["Name"]?.string ?? ""
            }
        }
        chardevs.sort { $0.path < $1.path }
    }

    private static func head(_ id: Head.ID, _ properties: [String: Variant]) -> Head {
        Head(
            id: id, label: properties["Label"]?.string ?? "",
            kind: properties["Type"]?.string == "Text" ? .text : .graphic,
            output: Int(properties["Head"]?.uint32 ?? 0),
            deviceAddress: properties["DeviceAddress"]?.string ?? "",
            size: Size(
                width: extent(properties["Width"]) ?? 0, height: extent(properties["Height"]) ?? 0))
    }

    private static func extent(_ value: Variant?) -> Int? {
        value?.uint32.map { Int($0) }.flatMap { extents.contains($0) ? $0 : nil }
    }

    /// Takes the properties that changed of one object.
    mutating func update(_ path: String, interface: String, changed: [String: Variant]) {
        guard let id = DisplayName.head(ofPath: path), var console = consoles[id] else { return }
        switch interface {
        case DisplayName.console:
            let old = console.head
            console.head = Head(
                id: id, label: changed["Label"]?.string ?? old.label, kind: old.kind,
                output: old.output, deviceAddress: old.deviceAddress,
                size: Size(
                    width: DisplayObjects.extent(changed["Width"]) ?? old.size.width,
                    height: DisplayObjects.extent(changed["Height"]) ?? old.size.height))
        case DisplayName.mouse:
            if let isAbsolute = changed["IsAbsolute"]?.bool {
                console.mode = isAbsolute ? .absolute : .relative
            }
        default:
            break
        }
        consoles[id] = console
    }

    /// What a user can choose from, for the error about a head that is not there.
    var listing: String {
        heads.map { head in
            let kind = head.kind == .text ? "text" : "graphic"
            return "\(head.id) (\(head.label.firstLine(upTo: 40)), \(kind))"
        }.joined(separator: ", ")
    }
}
