import DisplayTesting
import GuestDisplay
import Logging
import Testing

@testable import QEMUSource

private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// What a user sees of monitors that are none, busy, too old or bare: one line that names the socket and says what to do.
@Suite struct ControlMonitorTests {
    /// The error of connecting to that path.
    private func error(at path: String, greeting: Int = 20_000) -> String {
        var limits = QEMULimits()
        limits.greeting = greeting
        let source = QEMUSource(.monitor(path: path), limits: limits, logger: logger)
        do {
            try source.connect(delegate: RecordingDelegate())
            source.disconnect()
            return "no error"
        } catch {
            #expect(error.description.contains(path))
            #expect(!error.description.contains("\n"))
            return error.description
        }
    }

    @Test func noSuchSocket() throws {
        let folder = try TestFolder()
        let words = error(at: folder.file("nothing"))
        #expect(words.contains("no such socket") && words.contains("-qmp unix:"))
    }

    @Test func aFolderAndALongPath() throws {
        let folder = try TestFolder()
        #expect(error(at: folder.path).contains("no socket"))
        #expect(error(at: "/tmp/" + String(repeating: "x", count: 200)) != "no error")
    }

    @Test(arguments: [
        "SSH-2.0-OpenSSH_9.2\r", "[]", "{}", #"{"QMP": {}}"#, #"{"QMP": 1}"#,
        "QEMU 7.2.22 monitor - type 'help' for more information\r",
        String(repeating: "[", count: 100_000), "\u{0}\u{1}\u{2}",
    ])
    func garbage(_ text: String) throws {
        let server = try ScriptedQMP(.say(text))
        #expect(error(at: server.path).contains("no QMP monitor"))
    }

    @Test func garbageWithoutALine() throws {
        let server = try ScriptedQMP(.say("login: "))
        #expect(error(at: server.path, greeting: 300).contains("no QMP monitor"))
    }

    @Test func closesAtOnce() throws {
        let server = try ScriptedQMP(.close)
        #expect(error(at: server.path).contains("closed without a greeting"))
    }

    @Test func heldByAnother() throws {
        let server = try ScriptedQMP(.hold)
        let words = error(at: server.path, greeting: 200)
        #expect(words.contains("another program holds this monitor"))
        #expect(words.contains("-display dbus"))
    }

    @Test func silent() throws {
        let server = try ScriptedQMP(.say(""))
        #expect(error(at: server.path, greeting: 200).contains("another program holds"))
    }

    @Test func tooOld() throws {
        let server = try ScriptedQMP(.serve(version: "6.2.0", answer: ScriptedQMP.plain))
        let words = error(at: server.path)
        #expect(words.contains("6.2.0 is too old") && words.contains("7.0"))
        #expect(server.commands.isEmpty)
    }

    @Test func noDBusDisplay() throws {
        let server = try ScriptedQMP(.serve(version: "7.2.0", answer: ScriptedQMP.plain))
        #expect(error(at: server.path).contains("start it with -display dbus,p2p=yes"))
        #expect(
            server.commands == ["qmp_capabilities", "query-status", "getfd", "add_client"])
    }

    @Test func refusedInOtherWords() throws {
        let server = try ScriptedQMP(
            .serve(version: "10.0.0") { command, id in
                command == "getfd"
                    ? [#"{"id": \#(id), "error": {"class": "GenericError", "desc": "too bad"}}"#]
                    : ScriptedQMP.plain(command, id)
            })
        let words = error(at: server.path)
        #expect(words.contains("refused getfd: too bad"))
    }

    @Test func closesInTheMiddle() throws {
        let server = try ScriptedQMP(
            .serve(version: "10.0.0") { command, id in
                command == "getfd" ? nil : ScriptedQMP.plain(command, id)
            })
        #expect(error(at: server.path).contains("closed the monitor during getfd"))
    }

    @Test func neverAnswers() throws {
        let server = try ScriptedQMP(.serve(version: "10.0.0") { _, _ in [] })
        var limits = QEMULimits()
        limits.command = 200
        let source = QEMUSource(.monitor(path: server.path), limits: limits, logger: logger)
        let error = #expect(throws: DisplayError.self) {
            try source.connect(delegate: RecordingDelegate())
        }
        #expect(error?.description.contains("did not answer qmp_capabilities") == true)
    }

    /// Events between answers, answers that nobody asked for, and lines that are no JSON do no harm.
    @Test func noiseBetweenAnswers() throws {
        let server = try ScriptedQMP(
            .serve(version: "10.0.0") { command, id in
                [
                    #"{"event": "NIC_RX_FILTER_CHANGED", "timestamp": {}}"#,
                    #"{"return": {}, "id": 99999}"#, "nonsense", #"{"error": {}}"#, "",
                ] + (ScriptedQMP.plain(command, id) ?? [])
            })
        #expect(error(at: server.path).contains("-display dbus,p2p=yes"))
    }
}

@Suite struct ControlMachineTests {
    private let folder: ScriptedQMP

    init() throws {
        folder = try ScriptedQMP(
            .serve(version: "10.0.0") { command, id in
                switch command {
                case "stop":
                    [#"{"event": "STOP"}"#, #"{"return": {}, "id": \#(id)}"#]
                case "cont":
                    [#"{"event": "RESUME"}"#, #"{"return": {}, "id": \#(id)}"#]
                case "system_powerdown":
                    [#"{"id": \#(id), "error": {"class": "GenericError", "desc": "no button"}}"#]
                case "system_reset":
                    [
                        #"{"return": {}, "id": \#(id)}"#,
                        #"{"event": "SHUTDOWN", "data": {"guest": false, "reason": "x"}}"#,
                        #"{"event": "RESET", "data": {}}"#,
                    ]
                case "quit": nil
                default: ScriptedQMP.plain(command, id)
                }
            })
    }

    /// What each action sends, how the state follows the events, and that a refusal and the end reach the caller.
    @Test func actionsAndStates() throws {
        let socket = swiftvmConnect(folder.path)
        let states = Recorder<MachineState>()
        let ended = Recorder<Bool>()
        let machine = Recorder<QMPMachine>()
        let client = QMPClient(
            socket: socket, name: "scripted", limits: QEMULimits(), logger: logger,
            onEvent: { event in machine.values.first?.take(event) },
            onEnd: { ended.note(true) })
        try client.negotiate(greetingWithin: 20_000)
        let control = QMPMachine(client: client) { states.note($0) }
        machine.note(control)
        try control.learnState()
        #expect(control.state == .running)
        #expect(control.actions == Set(MachineAction.allCases))

        #expect(perform(.pause, on: control) == nil)
        #expect(control.state == .paused)
        #expect(perform(.resume, on: control) == nil)
        #expect(control.state == .running)
        #expect(perform(.powerButton, on: control)?.contains("no button") == true)
        #expect(perform(.reset, on: control) == nil)
        #expect(states.wait(for: 4))
        #expect(states.values == [.paused, .running, .shutDown, .running])
        #expect(perform(.quit, on: control) == nil)
        #expect(ended.wait(for: 1))
        #expect(perform(.pause, on: control)?.contains("closed the monitor") == true)
        #expect(
            folder.commands == [
                "qmp_capabilities", "query-status", "stop", "cont", "system_powerdown",
                "system_reset", "query-status", "quit",
            ])
    }
}

/// The error of an action; nil when it worked.
func perform(_ action: MachineAction, on machine: any MachineControl) -> String? {
    let answer = Answer<DisplayError?>()
    machine.perform(action) { answer.give($0) }
    return answer.wait()?.description
}
