import ArgumentParser
import DisplayTesting
import Foundation

/// Measures what a small change of a plain VGA costs our viewers beside what it costs a loop that does only what cannot be left out: how much of it is this machine's.
struct FloorCost: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "floor",
        abstract:
            "Compares what a small change costs our viewers and a loop that only passes it on.")

    @Option(help: "How often each has its turn.")
    var rounds = 5

    @Option(help: "How long each is watched, in seconds.")
    var seconds = 5.0

    @Option(help: "The folder for floor.json and floor.md.")
    var output = ".build/benchmarks"

    /// Milliseconds of CPU a frame, in the order of the turns.
    private struct Costs: Encodable {
        let date = Date().ISO8601Format()
        let machine = Machine.description
        var bareLoop: [Double] = []
        var viewers: [String: [Double]] = [:]

        var markdown: String {
            var rows = [
                [
                    "CPU, ms a small frame", "median (lowest–highest)",
                    "to the bare loop's, and 95 %",
                ],
                ["bare loop", Spread.words(bareLoop, 3), ""],
            ]
            for (name, values) in viewers.sorted(by: { $0.key < $1.key }) {
                let ratio = Interval(ratios: zip(values, bareLoop).map { $0 / $1 })
                rows.append([name, Spread.words(values, 3), ratio.map { "× \($0.words)" } ?? ""])
            }
            return "\(date), \(machine)\n\n" + Report.table(rows)
        }
    }

    func validate() throws {
        guard rounds > 0, BareLoop.durations.contains(seconds) else {
            throw ValidationError("rounds must be positive, and seconds 0.1 to 3600")
        }
    }

    func run() throws {
        var costs = Costs()
        // Nil is the bare loop.
        let turns: [Contender?] = [nil] + Contender.allCases.filter(\.isOurs)
        for round in 1...rounds {
            var words: [String] = []
            // Each begins once, as far as there are rounds.
            let shift = round % turns.count
            for viewer in turns[shift...] + turns[..<shift] {
                let cost = try viewer.map(measure) ?? bareLoop()
                if let viewer {
                    costs.viewers[viewer.rawValue, default: []].append(cost)
                } else {
                    costs.bareLoop.append(cost)
                }
                words.append("\(viewer?.rawValue ?? "bare loop") \(decimal(cost, 3))")
            }
            print("\(round)/\(rounds) \(words.joined(separator: ", ")) ms a frame")
            fflush(nil)
        }
        try Report.write(costs, markdown: costs.markdown, name: "floor", to: output)
    }

    private var stage: Stage { .usual(.seven) }

    // Beside a guest that draws as the viewers' do, and a screen that is looked at as theirs is; QEMU itself sends nothing here, which another process does instead.
    private func bareLoop() throws -> Double {
        var cost = 0.0
        try TestRun.run("benchmark-floor") { run in
            let server = try XServer(run, width: 2200, height: 1300, windowManager: true)
            let guest = try GuestMachine(
                run, stage.version, stage.guest(.small), options: stage.device)
            try guest.refresh()
            let loop = try run.start(
                CommandLine.arguments[0], ["bare", guest.qmpPath, "--seconds", "\(seconds)"],
                name: "bare-loop", environment: server.environment)
            let memory = try server.memory()
            let deadline = now() + seconds + 60
            while loop.exitStatus == nil, now() < deadline {
                _ = memory.blockFrame(ofCardAt: (0, 0))
                rest(Scene.glance)
            }
            try check(
                loop.exitStatus == 0,
                "the bare loop did not end well: \(loop.standardError)")
            guard let spent = Double(loop.standardOutput.filter(\.isNumber)) else {
                throw HarnessError("the bare loop says \(loop.standardOutput)")
            }
            cost = spent / 1e6
        }
        return cost
    }

    private func measure(_ viewer: Contender) throws -> Double {
        var cost = 0.0
        try TestRun.run("benchmark-floor-\(viewer.rawValue)") { run in
            let server = try XServer(run, width: 2200, height: 1300, windowManager: true)
            let scene = try Scene(run, viewer, .small, of: stage, on: server, options: [])
            let motion = try scene.watch(seconds: seconds)
            try check(motion.frames > 0, "no frame was shown")
            cost = (motion.viewerCPU ?? 0) * 1000 / Double(motion.frames)
        }
        return cost
    }
}
