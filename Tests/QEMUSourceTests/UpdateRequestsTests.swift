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
    /// A client of a monitor, and what asks over it.
    private final class Rig {
        let server: ScriptedQMP
        let client: QMPClient
        let requests: UpdateRequests
        private let machine: QMPMachine
        let ended = Recorder<Bool>()
        let events = Recorder<String>()

        /// The monitor is one of a guest with that device, and gives these lines for a `screendump` of that number.
        init(
            _ type: String, gl: String = "off", rate: Int = 1000,
            screendump: @escaping @Sendable (_ id: String) -> [String]? = { Rig.refusal($0) }
        ) throws {
            let answers = Mutex([#""/machine/unattached/device[8]""#, "\"\(type)\"", "0"])
            server = try ScriptedQMP(
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
            client = try connectedClient(
                of: server.path, onEvent: { [events] in events.note($0.name) }
            ) { [ended] in ended.note(true) }
            var limits = QEMULimits()
            limits.update = 60_000
            requests = UpdateRequests(client: client, rate: rate, limits: limits, logger: logger)
            machine = QMPMachine(client: client) { _ in }
            requests.open(0)
        }

        deinit {
            client.close()
            requests.close()
        }

        static func refusal(_ id: String, class name: String = "GenericError") -> [String] {
            [#"{"id": \#(id), "error": {"class": "\#(name)", "desc": "failed to open file ''"}}"#]
        }

        /// How often QEMU was asked to read the screen.
        var asked: Int { count("screendump") }

        func count(_ command: String) -> Int { server.commands.count { $0 == command } }

        func waitForRequest() throws {
            try eventually("a request") {
                requests.want(0)
                return asked >= 1
            }
        }

        /// Wants a picture for long enough, at a thousand a second, for many requests: that nothing comes has no event.
        func insist() throws {
            for _ in 0..<20 {
                requests.want(0)
                usleep(5000)
                try machine.learnState()
            }
        }

        /// What QEMU has said before was read when this returns.
        func settle() throws { try machine.learnState() }

        /// Ends the connection, and returns when the client knows.
        func closeClient() -> Bool {
            client.close()
            return ended.wait(for: 1)
        }
    }

    @Test func asksAgainAndAgainWhileItIsWanted() throws {
        // So often that a request comes before the condition is looked at again.
        let rig = try Rig("VGA", rate: 500)
        try eventually("five requests") {
            rig.requests.want(0)
            rig.requests.want(7)
            return rig.asked >= 5
        }
        try eventually("a key's") {
            rig.requests.expect(0, isHasty: true)
            return rig.asked >= 10
        }
        // Other commands are answered between them.
        try rig.settle()
    }

    /// What QEMU tells and answers meanwhile is read with the answers, and its end heard.
    @Test func hearsTheRestBetweenRequests() throws {
        let count = Mutex(0)
        let rig = try Rig("VGA", rate: 250) { id in
            let number = count.withLock { count in
                count += 1
                return count
            }
            return number > 20 ? nil : [#"{"event": "RESUME"}"#] + Rig.refusal(id)
        }
        try rig.waitForRequest()
        try rig.settle()
        try eventually("the end") {
            rig.requests.want(0)
            return !rig.ended.values.isEmpty
        }
        #expect(rig.events.values == Array(repeating: "RESUME", count: 20))
    }

    /// Pictures that come sooner than it asks put its requests off, and nothing else.
    @Test func hearsTheRestWhileRequestsArePutOff() throws {
        let rig = try Rig("VGA", rate: 34) { id in Rig.refusal(id) + [#"{"event": "RESUME"}"#] }
        try eventually("a request") {
            if rig.asked == 0 { rig.requests.expect(0, isHasty: false) }
            return rig.asked > 0
        }
        try eventually("what came after the answer") {
            rig.requests.want(0)
            return !rig.events.values.isEmpty
        }
    }

    @Test func oneRequestAtATime() throws {
        let rig = try Rig("VGA") { _ in [] }
        try rig.waitForRequest()
        try rig.insist()
        #expect(rig.asked == 1)
    }

    @Test(arguments: ["virtio-vga", "qxl-vga", "virtio-gpu-pci", "ramfb"])
    func leavesOthersAlone(_ type: String) throws {
        let rig = try Rig(type)
        try eventually("what it is was asked") { rig.count("qom-get") == 2 }
        rig.requests.expect(0, isHasty: true)
        try rig.insist()
        #expect(rig.asked == 0)
    }

    /// With GL the listener would hear of it by QEMU's clock all the same.
    @Test func leavesGLAlone() throws {
        let rig = try Rig("VGA", gl: "on")
        try eventually("whether there is GL was asked") { rig.count("query-display-options") == 1 }
        try rig.insist()
        #expect(rig.asked == 0 && rig.count("qom-get") == 0)
    }

    @Test func aHeadThatWasClosedIsNotAskedFor() throws {
        let rig = try Rig("VGA")
        rig.requests.close(0)
        try eventually("what it is was asked") { rig.count("qom-get") == 3 }
        try rig.insist()
        #expect(rig.asked == 0)
    }

    @Test func aQEMUThatCannotIsNotAskedAgain() throws {
        let rig = try Rig("VGA") { Rig.refusal($0, class: "CommandNotFound") }
        try rig.waitForRequest()
        try rig.settle()
        let asked = rig.asked
        try rig.insist()
        #expect(rig.asked == asked)
    }

    /// What QEMU owes an answer to is waited for at the end, so that the monitor's next client does not get it; not when the monitor is gone.
    @Test(arguments: [true, false])
    func theEndWaitsForAnAnswer(_ isAnswered: Bool) throws {
        let rig = try Rig("VGA") { id in
            // A moment, in which it is owed.
            usleep(20_000)
            return isAnswered ? Rig.refusal(id) : []
        }
        try eventually("an answer is owed") {
            rig.requests.want(0)
            return rig.requests.owed > 0
        }
        rig.requests.close(0)
        if !isAnswered {
            #expect(rig.closeClient())
            #expect(rig.requests.owed == 0, "nobody will answer")
        }
        rig.requests.close()
        #expect(rig.requests.owed == 0)
    }

    /// Both QEMUs take it as what it is, and write nothing.
    @Test(arguments: QEMUBinary.all)
    func theRealOneReadsAndWritesNothing(_ binary: QEMUBinary) throws {
        let qemu = try QEMUUnderTest(binary)
        let client = try connectedClient(of: qemu.monitor) {}
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
        let requests = UpdateRequests(
            client: client, rate: 500, limits: QEMULimits(), logger: logger)
        defer { requests.close() }
        requests.open(0)
        try eventually("QEMU was asked and has answered") {
            requests.want(0)
            return requests.answers(of: 0) >= 3
        }
    }
}

private func connectedClient(
    of path: String, onEvent: @escaping @Sendable (QMPEvent) -> Void = { _ in },
    onEnd: @escaping @Sendable () -> Void
) throws -> QMPClient {
    let client = QMPClient(
        socket: swiftvmConnect(path), name: "scripted", limits: QEMULimits(), logger: logger,
        onEvent: onEvent, onEnd: onEnd)
    try client.negotiate(greetingWithin: 20_000)
    return client
}
