internal import CShims
internal import Dispatch
internal import Glibc
internal import GuestDisplay
internal import Synchronization
internal import SystemPackage

/// A monitor socket that behaves as told: a QMP, or something that is none.
public final class ScriptedQMP: Sendable {
    /// What to do with a client.
    public enum Behaviour: Sendable {
        /// Never accept it: what a QMP socket does whose client is another.
        case hold
        /// Accept it and close at once.
        case close
        /// Accept it and send only this.
        case say(String)
        /// Be a QMP: greet with this version, then answer each command with the lines that the closure gives for its name and
        /// number. Nil closes the connection.
        case serve(
            version: String, answer: @Sendable (_ command: String, _ id: String) -> [String]?)
    }

    /// Where it listens.
    public let path: String
    private let folder: TestFolder
    private let listener: OwnedDescriptor
    private let seen = Mutex<[String]>([])
    private let ended = DispatchSemaphore(value: 0)

    /// Listens, for one client.
    public init(_ behaviour: Behaviour) throws(ScriptError) {
        folder = try TestFolder()
        path = folder.file("monitor")
        let number = swiftvm_listen_unix(path)
        guard number >= 0 else { throw ScriptError("\(path): \(Errno(rawValue: errno))") }
        listener = OwnedDescriptor(owning: number)
        if case .hold = behaviour { return }
        DispatchQueue(label: "scripted-qmp").async { [self] in
            let client = swiftvm_accept(listener.rawValue)
            if client >= 0 { serve(OwnedDescriptor(owning: client), behaviour) }
            ended.signal()
        }
    }

    /// The names of the commands that came, in order.
    public var commands: [String] { seen.withLock { $0 } }

    /// A greeting of that version, as QEMU sends it.
    public static func greeting(version: String) -> String {
        let parts = version.split(separator: ".")
        return """
            {"QMP": {"version": {"qemu": {"micro": \(parts[2]), "minor": \(parts[1]), \
            "major": \(parts[0])}, "package": ""}, "capabilities": ["oob"]}}
            """
    }

    /// The answers of a QEMU that runs a guest and has no display: `add_client` is refused as QEMU 7.2 and 10.0 refuse it.
    public static func plain(_ command: String, _ id: String) -> [String]? {
        switch command {
        case "query-status":
            [
                #"{"return": {"status": "running", "singlestep": false, "running": true}, "id": \#(id)}"#
            ]
        case "add_client":
            [
                #"{"id": \#(id), "error": {"class": "DeviceNotActive", "desc": "D-Bus display is not in use"}}"#
            ]
        default: [#"{"return": {}, "id": \#(id)}"#]
        }
    }

    private func serve(_ client: consuming OwnedDescriptor, _ behaviour: Behaviour) {
        let stream = QMPStream(client)
        switch behaviour {
        case .hold, .close: return
        case .say(let text):
            if !text.isEmpty { try? stream.write(text) }
            _ = try? stream.line { _ in false }
        case .serve(let version, let answer):
            try? stream.write(ScriptedQMP.greeting(version: version))
            while let line = try? stream.line(where: { _ in true }) {
                let command = line.value(after: "\"execute\":\"", upTo: "\"")
                let id = line.value(after: "\"id\":", upTo: ",}")
                seen.withLock { $0.append(command) }
                guard let lines = answer(command, id) else { return }
                for line in lines { try? stream.write(line) }
            }
        }
    }
}

extension String {
    /// What stands between that text and the first of those characters; empty where the text is missing.
    func value(after prefix: String, upTo ends: String) -> String {
        var rest = Substring(self)
        while !rest.isEmpty {
            if rest.hasPrefix(prefix) {
                return String(rest.dropFirst(prefix.count).prefix { !ends.contains($0) })
            }
            rest = rest.dropFirst()
        }
        return ""
    }
}
