import ArgumentParser
import GuestDisplay
import Testing

@testable import Viewer

@Suite struct MonitorAssignmentTests {
    private let monitors = ["A", "B", "C"].enumerated().map { index, name in
        Monitor(name: name, frame: Rect(x: index * 100, y: 0, width: 100, height: 100))
    }

    private func assigned(
        _ list: String?, heads: [Int], monitors: [Monitor]? = nil, current: [Int: String] = [:]
    ) throws -> [Int: String] {
        let assignment = try list.map { try MonitorAssignment(parsing: $0) } ?? MonitorAssignment()
        return assignment.assign(heads, to: monitors ?? self.monitors, current: current)
            .mapValues(\.name)
    }

    @Test func withoutAListHeadsTakeMonitorsInOrder() throws {
        #expect(try assigned(nil, heads: [0, 1]) == [0: "A", 1: "B"])
        #expect(try assigned(nil, heads: [3, 1]) == [3: "A", 1: "B"])
        #expect(try assigned(nil, heads: [0, 1, 2, 3]) == [0: "A", 1: "B", 2: "C"])
        #expect(try assigned(nil, heads: [0], monitors: []).isEmpty)
    }

    @Test func namedMonitorsAreKeptForTheirHeads() throws {
        #expect(try assigned("0:C,1:A", heads: [0, 1, 2]) == [0: "C", 1: "A", 2: "B"])
        #expect(try assigned("1:A", heads: [0, 1]) == [0: "B", 1: "A"])
        // A head that is not open keeps nothing.
        #expect(try assigned("5:A", heads: [0, 1]) == [0: "A", 1: "B"])
    }

    @Test func namesMayHoldColonsAndBlanks() throws {
        let assignment = try MonitorAssignment(parsing: "0:a: b,12:DP-1")
        #expect(assignment.names == [0: "a: b", 12: "DP-1"])
    }

    @Test(arguments: [
        ("", "is not HEAD:NAME"), ("0", "'0' is not HEAD:NAME"), ("0:", "'0:' is not HEAD:NAME"),
        (":A", "':A' is not HEAD:NAME"), ("x:A", "'x:A' is not"), ("-1:A", "'-1:A' is not"),
        ("0:A,", "'' is not"), ("0:A,0:B", "head 0 is given twice"),
        ("0:A,1:A", "monitor A is given to two heads"), ("0:A;1:B,2", "'2' is not"),
    ])
    func malformedListsAreRefused(list: String, words: String) {
        let error = #expect(throws: DisplayError.self) { try MonitorAssignment(parsing: list) }
        #expect(error?.description.contains(words) == true)
    }

    @Test func aMonitorThatIsNotThereIsToldWithThoseThatAre() throws {
        let assignment = try MonitorAssignment(parsing: "0:A,1:DP-9")
        let error = #expect(throws: DisplayError.self) { try assignment.check(monitors) }
        #expect(error?.description == "there is no monitor DP-9; there is A, B, C")
        try MonitorAssignment(parsing: "0:A,1:C").check(monitors)
        #expect(throws: DisplayError("there is no monitor A; there is none")) {
            try assignment.check([])
        }
    }

    @Test func unpluggingAMonitorMovesNoOtherHead() throws {
        let now = [0: "A", 1: "B", 2: "C"]
        let left = [monitors[1], monitors[2]]
        #expect(
            try assigned(nil, heads: [0, 1, 2], monitors: left, current: now) == [1: "B", 2: "C"])
        // Plugged in again, it goes to the head that has none.
        #expect(
            try assigned(nil, heads: [0, 1, 2], current: [1: "B", 2: "C"])
                == [0: "A", 1: "B", 2: "C"])
        // A head whose own monitor is gone waits for it, and takes no other.
        #expect(try assigned("0:A", heads: [0, 1], monitors: left) == [1: "B"])
    }

    @Test func aShortageNamesTheHeadsThatStayWindows() {
        #expect(MonitorAssignment.shortage(of: [], monitors: monitors) == nil)
        #expect(
            MonitorAssignment.shortage(of: [1], monitors: [monitors[0]])
                == "there is 1 monitor: head 1 is shown in a window")
        #expect(
            MonitorAssignment.shortage(of: [3, 4], monitors: monitors)
                == "there are 3 monitors: heads 3, 4 are shown in windows")
    }

    @Test func theOptionsAreOneGroup() throws {
        let options = try MonitorOptions.parse(["--fullscreen", "--monitors", "1:A,0:B"])
        #expect(options.fullscreen && !options.listMonitors)
        #expect(options.monitors.names == [1: "A", 0: "B"])
        #expect(try MonitorOptions.parse([]).monitors.names.isEmpty)
        #expect(throws: (any Error).self) { try MonitorOptions.parse(["--monitors", "1:A,1:B"]) }
    }
}
