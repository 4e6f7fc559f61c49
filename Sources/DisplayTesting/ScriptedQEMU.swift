internal import CShims
internal import Dispatch
internal import Glibc
internal import GuestDisplay
internal import Synchronization
internal import SystemPackage

/// QEMU without a machine: a monitor socket, and behind its `add_client` a display whose pictures a test sends. What real programs show
/// of it needs no guest, and can be anything that the protocol allows.
public final class ScriptedQEMU: Sendable {
    /// A console of it.
    public struct Console: Sendable {
        /// Such as `VGA`.
        public var label: String
        /// What its properties say.
        public var width: Int
        public var height: Int
        /// Whether its pointing device reports places.
        public var isAbsolute: Bool

        /// Describes one.
        public init(
            label: String = "scripted", width: Int, height: Int, isAbsolute: Bool = false
        ) {
            self.label = label
            self.width = width
            self.height = height
            self.isAbsolute = isAbsolute
        }
    }

    private struct State {
        var calls: [WireCall] = []
        var listeners: [(head: Int, socket: OwnedDescriptorBox)] = []
        var isEnded = false
        var sockets: [CInt] = []
    }

    /// The QMP socket.
    public let monitor: String
    private let name: String
    private let consoles: [Console]
    private let folder: TestFolder
    private let listener: OwnedDescriptor
    private let state = Mutex(State())
    private let arrived = DispatchSemaphore(value: 0)

    /// Listens; any number of programs may come, one after the other.
    public init(name: String, consoles: [Console]) throws(ScriptError) {
        self.name = name
        self.consoles = consoles
        folder = try TestFolder()
        monitor = folder.file("monitor")
        let number = swiftvm_listen_unix(monitor)
        guard number >= 0 else { throw ScriptError("\(monitor): \(Errno(rawValue: errno))") }
        listener = OwnedDescriptor(owning: number)
        DispatchQueue(label: "scripted-qemu").async { [weak self, number] in
            while true {
                var waiting = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
                poll(&waiting, 1, 50)
                guard let self, !self.state.withLock({ $0.isEnded }) else { return }
                guard waiting.revents != 0 else { continue }
                let client = swiftvm_accept(number)
                guard client >= 0 else { return }
                let socket = OwnedDescriptorBox(OwnedDescriptor(owning: client))
                DispatchQueue(label: "scripted-qmp").async { self.serveMonitor(socket) }
            }
        }
    }

    /// Ends all its connections, as a QEMU that quits does.
    public func end() {
        state.withLock { state in
            state.isEnded = true
            for socket in state.sockets { shutdown(socket, CInt(SHUT_RDWR)) }
        }
    }

    /// What programs called on its display so far, apart from what every program calls to find out what is there.
    public var calls: [WireCall] { state.withLock { $0.calls } }

    /// The next listener that a program registers for a head, authenticated.
    public func nextListener(of head: Int) throws(ScriptError) -> ScriptedListenerPeer {
        let deadline = DispatchTime.now() + .seconds(60)
        while true {
            let socket = state.withLock { state -> OwnedDescriptorBox? in
                guard let index = state.listeners.firstIndex(where: { $0.head == head }) else {
                    return nil
                }
                return state.listeners.remove(at: index).socket
            }
            if let descriptor = socket?.take() {
                let peer = ScriptedListenerPeer(descriptor)
                try peer.authenticate()
                return peer
            }
            guard arrived.wait(timeout: deadline) == .success else {
                throw ScriptError("no listener was registered for head \(head)")
            }
        }
    }

    // MARK: The monitor

    private func serveMonitor(_ box: OwnedDescriptorBox) {
        guard let socket = box.take() else { return }
        watch(socket.rawValue)
        defer { unwatch(socket.rawValue) }
        var flags = fcntl(socket.rawValue, F_GETFL)
        flags &= ~O_NONBLOCK
        _ = fcntl(socket.rawValue, F_SETFL, flags)
        var passed: OwnedDescriptorBox?
        var text: [UInt8] = []
        write(ScriptedQMP.greeting(version: "10.0.0"), to: socket.rawValue)
        while true {
            while let end = text.firstIndex(of: 10) {
                let line = String(decoding: text[..<end], as: UTF8.self)
                text.removeSubrange(...end)
                answer(line, &passed, to: socket.rawValue)
            }
            var bytes = [UInt8](repeating: 0, count: 4096)
            var descriptor: CInt = -1
            var count = 0
            var isTruncated = false
            let got = swiftvm_receive(
                socket.rawValue, &bytes, bytes.count, &descriptor, 1, &count, &isTruncated)
            if count == 1 { passed = OwnedDescriptorBox(OwnedDescriptor(owning: descriptor)) }
            guard got > 0 else { return }
            text += bytes[..<got]
            // QEMU's parser needs no line ends, and programs send none.
            if text.last == UInt8(ascii: "}") { text.append(10) }
        }
    }

    private func answer(_ line: String, _ passed: inout OwnedDescriptorBox?, to socket: CInt) {
        let command = line.value(after: "\"execute\":\"", upTo: "\"")
        guard !command.isEmpty else { return }
        let id = line.value(after: "\"id\":", upTo: ",}")
        switch command {
        case "qmp_capabilities", "getfd": write(#"{"return": {}, "id": \#(id)}"#, to: socket)
        case "query-status": write(ScriptedQMP.plain(command, id)![0], to: socket)
        case "add_client":
            if let display = passed {
                passed = nil
                DispatchQueue(label: "scripted-display").async { self.serveDisplay(display) }
            }
            write(#"{"return": {}, "id": \#(id)}"#, to: socket)
        default:
            write(
                #"{"id": \#(id), "error": {"class": "CommandNotFound", "desc": "The command \#(command) has not been found"}}"#,
                to: socket)
        }
    }

    private func write(_ line: String, to socket: CInt) {
        let text = line + "\r\n"
        _ = text.withCString { swiftvm_send(socket, $0, text.utf8.count, nil, 0) }
    }

    // MARK: The display

    private func serveDisplay(_ box: OwnedDescriptorBox) {
        guard let socket = box.take() else { return }
        let number = socket.rawValue
        watch(number)
        defer { unwatch(number) }
        var server = WireServer(socket)
        do throws(ScriptError) {
            try server.authenticate()
            while true {
                let (call, descriptors) = try server.call()
                switch call.member {
                case "GetManagedObjects":
                    try server.answer(call, signature: "a{oa{sa{sv}}}", managedObjects)
                case "RegisterListener":
                    if let head = Int(call.path.split(separator: "_").last ?? ""),
                        let descriptor = descriptors.first
                    {
                        state.withLock { $0.listeners.append((head, descriptor)) }
                        arrived.signal()
                    }
                    try server.answer(call)
                default:
                    state.withLock { $0.calls.append(call) }
                    try server.answer(call)
                }
            }
        } catch {
            // The program has left.
        }
    }

    private func watch(_ socket: CInt) { state.withLock { $0.sockets.append(socket) } }

    private func unwatch(_ socket: CInt) {
        state.withLock { $0.sockets.removeAll { $0 == socket } }
    }

    private var managedObjects: [UInt8] {
        var writer = WireWriter()
        writer.array {
            $0.entry("/org/qemu/Display1/VM") {
                $0.array {
                    $0.entry("org.qemu.Display1.VM") {
                        $0.array { [name] in $0.property("Name", .s(name)) }
                    }
                }
            }
            for (number, console) in consoles.enumerated() {
                $0.entry("/org/qemu/Display1/Console_\(number)") {
                    $0.array {
                        $0.entry("org.qemu.Display1.Console") {
                            $0.array {
                                $0.property("Label", .s(console.label))
                                $0.property("Head", .u(UInt32(number)))
                                $0.property("Type", .s("Graphic"))
                                $0.property("Width", .u(UInt32(console.width)))
                                $0.property("Height", .u(UInt32(console.height)))
                                $0.property("DeviceAddress", .s("pci/0000/02.0"))
                            }
                        }
                        $0.entry("org.qemu.Display1.Mouse") {
                            $0.array {
                                $0.property("IsAbsolute", .b(console.isAbsolute ? 1 : 0))
                            }
                        }
                    }
                }
            }
        }
        return writer.bytes
    }
}

extension WireWriter {
    /// An array of dictionary entries.
    fileprivate mutating func array(_ body: (inout WireWriter) -> Void) {
        uint32(0)
        let lengthAt = bytes.count - 4
        align(8)
        let start = bytes.count
        body(&self)
        let length = UInt32(bytes.count - start)
        for index in 0..<4 {
            bytes[lengthAt + index] = UInt8(truncatingIfNeeded: length >> (8 * index))
        }
    }

    /// An entry with a text as its key.
    fileprivate mutating func entry(_ key: String, _ value: (inout WireWriter) -> Void) {
        align(8)
        string(key)
        value(&self)
    }

    /// An entry with a value of any type.
    fileprivate mutating func property(_ key: String, _ value: WireValue) {
        entry(key) {
            $0.signature(value.code)
            $0.values([value])
        }
    }
}
