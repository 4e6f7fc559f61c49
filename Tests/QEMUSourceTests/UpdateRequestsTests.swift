import DisplayTesting
import Glibc
import GuestDisplay
import Logging
import Synchronization
import Testing

@testable import QEMUSource

private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// When QEMU is asked to read a screen.
@Suite struct UpdateScheduleTests {
    private typealias Screen = UpdateRequests.Screen
    private let interval: UInt64 = 16_000_000
    private let begin: UInt64 = 1_000_000_000

    @Test func nobodyWantsIt() {
        var screen = Screen()
        #expect(screen.due == nil)
        let isTurn = screen.takesTurn(at: begin, every: interval)
        #expect(!isTurn)
    }

    @Test func picturesFollowEachOther() throws {
        var screen = Screen()
        screen.want(at: begin, every: interval)
        let first = try #require(screen.due)
        #expect(first > begin && first <= begin + interval)
        let isEarly = screen.takesTurn(at: first - 1, every: interval)
        #expect(!isEarly, "too early")
        let isTurn = screen.takesTurn(at: first, every: interval)
        #expect(isTurn)
        screen.wasAnswered()
        // QEMU has read the screen by itself and a window shows that: the next is due an interval after it, not after the last request.
        screen.want(at: first + interval / 2, every: interval)
        #expect(try #require(screen.due) > first + interval)
    }

    @Test func endsWhenNothingChanges() throws {
        var screen = Screen()
        screen.want(at: begin, every: interval)
        var requests = 0
        while let due = screen.due {
            if screen.takesTurn(at: due, every: interval) { requests += 1 }
            screen.wasAnswered()
            try #require(requests < 100)
        }
        #expect(requests > 0 && requests <= Int(UpdateRequests.interest / interval) + 1)
        screen.want(at: begin * 2, every: interval)
        #expect(screen.due != nil, "and begins anew")
    }

    @Test func aQEMUThatIsLateIsNotAskedAgain() throws {
        var screen = Screen()
        screen.want(at: begin, every: interval)
        let first = try screen.takesTurn(at: #require(screen.due), every: interval)
        #expect(first)
        screen.want(at: begin + interval, every: interval)
        let isAgain = try screen.takesTurn(at: #require(screen.due), every: interval)
        #expect(!isAgain)
        screen.wasAnswered()
        let next = try screen.takesTurn(at: #require(screen.due), every: interval)
        #expect(next)
    }

    @Test func aKeyIsAnsweredSooner() throws {
        var screen = Screen()
        screen.want(at: begin, every: interval)
        screen.expect(at: begin, every: interval, isHasty: true)
        let first = try #require(screen.due)
        #expect(first == begin + UpdateRequests.reaction)
        let isTurn = screen.takesTurn(at: first, every: interval)
        #expect(isTurn)
        screen.wasAnswered()
        // A picture that came before the answer does not put that off.
        screen.want(at: first + 1, every: interval)
        #expect(screen.due == first + interval / 2)
        // A pointer that moves and moves does not make it more often than a picture would.
        var moving = Screen()
        var turns = 0
        for time in stride(from: begin, to: begin + 100 * interval, by: 1_000_000) {
            moving.expect(at: time, every: interval, isHasty: false)
            if moving.takesTurn(at: time, every: interval) { turns += 1 }
            moving.wasAnswered()
        }
        #expect((90...101).contains(turns))
    }

    @Test func whatScreendumpIsTold() {
        let plain: [String: JSONValue] = ["filename": .string("")]
        #expect(
            UpdateRequests.arguments(head: 0, device: "/machine/unattached/device[8]", output: 0)
                == plain)
        #expect(
            UpdateRequests.arguments(head: 1, device: "/machine/unattached/device[9]", output: 0)
                == nil, "it has no name")
        #expect(
            UpdateRequests.arguments(head: 1, device: "/machine/peripheral/second", output: 3)
                == [
                    "filename": .string(""), "device": .string("second"), "head": .integer(3),
                ])
    }
}

/// What is said on the monitor for it.
@Suite struct UpdateRequestsTests {
    private func client(of path: String) throws -> QMPClient {
        let client = QMPClient(
            socket: swiftvmConnect(path), name: "scripted", limits: QEMULimits(), logger: logger,
            onEvent: { _ in }, onEnd: {})
        try client.negotiate(greetingWithin: 20_000)
        return client
    }

    /// A monitor of a guest with that device.
    private func monitor(
        of type: String, gl: String = "off",
        screendump: @escaping @Sendable (_ id: String) -> [String]
    ) throws -> ScriptedQMP {
        let answers = Mutex([#""/machine/unattached/device[8]""#, "\"\(type)\"", "0"])
        return try ScriptedQMP(
            .serve(version: "7.2.0") { command, id in
                switch command {
                case "qom-get":
                    let answer = answers.withLock { $0.isEmpty ? "null" : $0.removeFirst() }
                    return [#"{"return": \#(answer), "id": \#(id)}"#]
                case "query-display-options":
                    return [#"{"return": {"type": "dbus", "gl": "\#(gl)"}, "id": \#(id)}"#]
                case "screendump": return screendump(id)
                default: return ScriptedQMP.plain(command, id)
                }
            })
    }

    private static func refusal(_ id: String, class name: String = "GenericError") -> [String] {
        [#"{"id": \#(id), "error": {"class": "\#(name)", "desc": "failed to open file ''"}}"#]
    }

    private func count(_ server: ScriptedQMP) -> Int {
        server.commands.count { $0 == "screendump" }
    }

    @Test func asksAgainAndAgainWhileItIsWanted() throws {
        let server = try monitor(of: "VGA") { Self.refusal($0) }
        let client = try client(of: server.path)
        defer { client.close() }
        // So often that a request comes before the condition is looked at again.
        let requests = UpdateRequests(client: client, rate: 500, logger: logger)
        defer { requests.close() }
        requests.open(0)
        try eventually("five requests") {
            requests.want(0)
            requests.want(7)
            return count(server) >= 5
        }
        try eventually("a key's") {
            requests.expect(0, isHasty: true)
            return count(server) >= 10
        }
        // Other commands are answered between them.
        let control = QMPMachine(client: client) { _ in }
        try control.learnState()
        #expect(control.state == .running)
    }

    @Test func oneRequestAtATime() throws {
        let server = try monitor(of: "VGA") { _ in [] }
        let client = try client(of: server.path)
        defer { client.close() }
        let requests = UpdateRequests(client: client, rate: 1000, logger: logger)
        defer { requests.close() }
        requests.open(0)
        try eventually("a request") {
            requests.want(0)
            return count(server) >= 1
        }
        // In each of these times, which are nothing to wait for, several more would have been sent.
        let control = QMPMachine(client: client) { _ in }
        for _ in 0..<20 {
            requests.want(0)
            usleep(5000)
            try control.learnState()
        }
        #expect(count(server) == 1)
    }

    @Test(arguments: ["virtio-vga", "qxl-vga", "virtio-gpu-pci", "ramfb"])
    func leavesOthersAlone(_ type: String) throws {
        let server = try monitor(of: type) { Self.refusal($0) }
        let client = try client(of: server.path)
        defer { client.close() }
        let requests = UpdateRequests(client: client, rate: 1000, logger: logger)
        defer { requests.close() }
        requests.open(0)
        try eventually("what it is was asked") {
            server.commands.count { $0 == "qom-get" } == 2
        }
        let control = QMPMachine(client: client) { _ in }
        for _ in 0..<20 {
            requests.want(0)
            requests.expect(0, isHasty: true)
            usleep(5000)
            try control.learnState()
        }
        #expect(count(server) == 0)
    }

    /// With GL the listener would hear of it by QEMU's clock all the same; a head that was closed before it was known is not asked for.
    @Test(arguments: [true, false])
    func leavesAloneWhatGainsNothing(_ hasGL: Bool) throws {
        let server = try monitor(of: "VGA", gl: hasGL ? "on" : "off") { Self.refusal($0) }
        let client = try client(of: server.path)
        defer { client.close() }
        let requests = UpdateRequests(client: client, rate: 1000, logger: logger)
        defer { requests.close() }
        requests.open(0)
        if !hasGL { requests.close(0) }
        try eventually("it was asked what it is") {
            server.commands.count { $0 == (hasGL ? "query-display-options" : "qom-get") }
                == (hasGL ? 1 : 3)
        }
        let control = QMPMachine(client: client) { _ in }
        for _ in 0..<20 {
            requests.want(0)
            usleep(5000)
            try control.learnState()
        }
        #expect(count(server) == 0)
    }

    @Test func aQEMUThatCannotIsNotAskedAgain() throws {
        let server = try monitor(of: "VGA") { Self.refusal($0, class: "CommandNotFound") }
        let client = try client(of: server.path)
        defer { client.close() }
        let requests = UpdateRequests(client: client, rate: 1000, logger: logger)
        defer { requests.close() }
        requests.open(0)
        try eventually("a request") {
            requests.want(0)
            return count(server) >= 1
        }
        let control = QMPMachine(client: client) { _ in }
        // After this the refusal was read.
        try control.learnState()
        let asked = count(server)
        for _ in 0..<20 {
            requests.want(0)
            usleep(5000)
            try control.learnState()
        }
        #expect(count(server) == asked)
    }

    /// Neither QEMU writes a file, and both take it as what it is.
    @Test(arguments: QEMUBinary.all)
    func theRealOneReadsAndWritesNothing(_ binary: QEMUBinary) throws {
        let qemu = try QEMUUnderTest(binary)
        let client = try client(of: qemu.monitor)
        defer { client.close() }
        let answers = Recorder<QMPRepetition.Answer>()
        let command = QMPRepetition("screendump", ["filename": .string("")], mark: "again") {
            answers.note($0)
            return true
        }
        client.add(command)
        for number in 1...3 {
            #expect(client.send(command))
            #expect(answers.wait(for: number))
        }
        #expect(answers.values == [.genericError, .genericError, .genericError])
        // So often that a request comes before the condition is looked at again.
        let requests = UpdateRequests(client: client, rate: 500, logger: logger)
        defer { requests.close() }
        requests.open(0)
        try eventually("QEMU was asked and has answered") {
            requests.want(0)
            return requests.answers(of: 0) >= 3
        }
    }

    /// What QEMU owes an answer to is waited for at the end, so that the monitor's next client does not get it; not when the monitor is gone.
    @Test(arguments: [true, false])
    func theEndWaitsForAnAnswer(_ isAnswered: Bool) throws {
        let server = try monitor(of: "VGA") { id in
            // A moment, in which it is owed.
            usleep(20_000)
            return isAnswered ? Self.refusal(id) : []
        }
        let ended = Recorder<Bool>()
        let client = QMPClient(
            socket: swiftvmConnect(server.path), name: "scripted", limits: QEMULimits(),
            logger: logger, onEvent: { _ in }, onEnd: { ended.note(true) })
        try client.negotiate(greetingWithin: 20_000)
        let requests = UpdateRequests(client: client, rate: 500, patience: 60_000, logger: logger)
        requests.open(0)
        try eventually("it is owed an answer") {
            requests.want(0)
            return requests.owed > 0
        }
        requests.close(0)
        if !isAnswered {
            client.close()
            #expect(ended.wait(for: 1))
            #expect(requests.owed == 0, "nobody will answer")
        }
        requests.close()
        #expect(requests.owed == 0)
        client.close()
    }
}
