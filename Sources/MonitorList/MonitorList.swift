internal import CShimsMonitors
public import GuestDisplay
public import Viewer

/// The monitors of a display server, asked for without any toolkit, so that they have the same names in every viewer.
public enum MonitorList {
    /// A display server: the one that a toolkit has connected to.
    public enum Server: Hashable, Sendable {
        /// A Wayland compositor, by its socket's name or path.
        case wayland(String)
        /// An X server, by its display's name.
        case x11(String)
    }

    // More than any server drives; what is beyond is left out.
    private static let capacity = 64

    /// Its monitors, in the order of ``Monitor/sorted(_:)``. Connects for it, and waits for the server. Throws when there is no
    /// connection.
    public static func read(_ server: Server) throws(DisplayError) -> [Monitor] {
        let records = [swiftvm_monitor](unsafeUninitializedCapacity: capacity) { buffer, count in
            let first = buffer.baseAddress!
            let found =
                switch server {
                case .wayland(let socket):
                    swiftvm_monitors_of_wayland(socket, first, Int32(capacity))
                case .x11(let display):
                    swiftvm_monitors_of_x11(display, first, Int32(capacity))
                }
            // One that cannot be there marks the failure: this closure cannot throw a typed error.
            if found < 0 { first.initialize(to: swiftvm_monitor()) }
            count = found < 0 ? 1 : Int(found)
        }
        if records.count == 1, records[0].width == 0 {
            throw DisplayError(
                "the display server does not tell its monitors: the connection to it failed")
        }
        return Monitor.sorted(naming(records))
    }

    // A compositor may tell no names (wl_output before version 4, no xdg-output), and two screens may have one name.
    private static func naming(_ records: [swiftvm_monitor]) -> [Monitor] {
        var taken: Set<String> = []
        return records.enumerated().map { index, record in
            let told = PlainText.oneLine(text(record.name))
            var name = told.isEmpty ? "monitor-\(index + 1)" : told
            if taken.contains(name) { name += "-\(index + 1)" }
            taken.insert(name)
            return Monitor(
                name: name, description: text(record.description),
                frame: Rect(
                    x: Int(record.x), y: Int(record.y), width: Int(record.width),
                    height: Int(record.height)),
                pixelSize: Size(
                    width: Int(record.pixel_width), height: Int(record.pixel_height)),
                millimetres: Size(
                    width: Int(max(record.mm_width, 0)), height: Int(max(record.mm_height, 0))),
                isPrimary: record.is_primary)
        }
    }

    // An array of C characters, as Swift has it: a tuple.
    private static func text<Characters>(_ characters: Characters) -> String {
        withUnsafeBytes(of: characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
