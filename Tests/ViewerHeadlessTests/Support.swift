import CGdkPixbuf
import Dispatch
import DisplayTesting
import Glibc
import GuestDisplay
import Logging
import Synchronization
import Testing

let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

/// A folder that goes with its test.
final class Folder {
    let path: String

    init() throws {
        var template = Array("/tmp/swiftvm-test-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for name in names { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    var names: [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}

/// Rows of 0x00RRGGBB of a PNG, read by gdk-pixbuf.
func readPNG(_ path: String) throws -> (size: Size, pixels: [UInt32]) {
    let pixbuf = try #require(gdk_pixbuf_new_from_file(path, nil))
    defer { g_object_unref(UnsafeMutableRawPointer(pixbuf)) }
    #expect(gdk_pixbuf_get_has_alpha(pixbuf) == 0)
    #expect(gdk_pixbuf_get_bits_per_sample(pixbuf) == 8)
    let size = Size(
        width: Int(gdk_pixbuf_get_width(pixbuf)), height: Int(gdk_pixbuf_get_height(pixbuf)))
    let stride = Int(gdk_pixbuf_get_rowstride(pixbuf))
    let bytes = try #require(gdk_pixbuf_get_pixels(pixbuf))
    var pixels: [UInt32] = []
    for y in 0..<size.height {
        for x in 0..<size.width {
            let at = y * stride + x * 3
            pixels.append(
                UInt32(bytes[at]) << 16 | UInt32(bytes[at + 1]) << 8 | UInt32(bytes[at + 2]))
        }
    }
    return (size, pixels)
}

/// A source that plays a script into each head that is opened, on a thread of its own.
final class PlayedSource: DisplaySource {
    private let base: ScriptedSource
    private let play: @Sendable (ScriptedSource, Head.ID) throws -> Void
    let connects = Mutex(0)
    let guestEnds = Mutex(0)

    init(
        heads: [Head] = [Head(id: 0, label: "VGA", kind: .graphic)], ownsGuest: Bool = false,
        machine: ScriptedMachine? = nil, failure: DisplayError? = nil,
        play: @escaping @Sendable (ScriptedSource, Head.ID) throws -> Void
    ) {
        base = ScriptedSource(
            heads: heads, ownsGuest: ownsGuest, machine: machine, failure: failure)
        self.play = play
    }

    var guestName: String { base.guestName }
    var heads: [Head] { base.heads }
    var ownsGuest: Bool { base.ownsGuest }
    var machine: (any MachineControl)? { base.machine }

    func connect(delegate: any DisplaySourceDelegate) throws(DisplayError) {
        connects.withLock { $0 += 1 }
        try base.connect(delegate: delegate)
    }

    func open(_ head: Head.ID, sink: any HeadSink) throws(DisplayError) {
        try base.open(head, sink: sink)
        DispatchQueue(label: "played").async { [base, play] in
            do { try play(base, head) } catch { Issue.record(error) }
        }
    }

    func close(_ head: Head.ID) { base.close(head) }
    func pointerMode(of head: Head.ID) -> PointerMode { base.pointerMode(of: head) }
    func send(_ event: InputEvent, to head: Head.ID) { base.send(event, to: head) }
    func setLayout(_ layout: HeadLayout, of head: Head.ID) { base.setLayout(layout, of: head) }
    func disconnect() { base.disconnect() }
    func endGuest() {
        guestEnds.withLock { $0 += 1 }
        base.endGuest()
    }
    func end(_ end: SourceEnd) { base.end(end) }
}
