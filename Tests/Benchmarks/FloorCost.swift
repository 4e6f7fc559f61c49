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

    /// How often QEMU reads the screen.
    private enum Pace: String, CaseIterable, Encodable, CodingKeyRepresentable {
        case asked, own

        var words: String {
            self == .asked ? "when asked, 60 times a second" : "by itself, 33 times a second"
        }

        /// What tells our viewers.
        var options: [String] { self == .asked ? [] : ["--refresh-rate", "0"] }

        /// What tells the bare loop. Our viewers were seen to ask 41 times a second where QEMU draws 60 frames, of which it reads some by itself.
        var bareOptions: [String] {
            self == .asked ? ["--rate", "60", "--asks", "40"] : ["--rate", "33", "--asks", "0"]
        }
    }

    private struct Results: Encodable {
        static let bareLoop = "bare loop"

        let date = Date().ISO8601Format()
        let machine = Machine.description
        /// Milliseconds of CPU a frame by who showed it, in the order of the turns.
        var costs: [Pace: [String: [Double]]] = [:]

        var markdown: String {
            var rows = [
                [
                    "QEMU reads the screen", "CPU, ms a small frame", "median (lowest–highest)",
                    "to the bare loop's, and 95 %",
                ]
            ]
            for pace in Pace.allCases {
                let costs = costs[pace] ?? [:], bare = costs[Results.bareLoop] ?? []
                rows.append([pace.words, Results.bareLoop, Spread.words(bare, 3), ""])
                for (name, values) in costs.sorted(by: { $0.key < $1.key })
                where name != Results.bareLoop {
                    let ratio = Interval(ratios: zip(values, bare).map { $0 / $1 })
                    rows.append([
                        "", name, Spread.words(values, 3), ratio.map { "× \($0.words)" } ?? "",
                    ])
                }
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
        var results = Results()
        // Without a viewer it is the bare loop.
        let turns = Pace.allCases.flatMap { pace in
            ([nil] + Contender.allCases.filter(\.isOurs)).map { (pace: pace, viewer: $0) }
        }
        for round in 1...rounds {
            // Each begins once, as far as there are rounds.
            let shift = round % turns.count
            for (pace, viewer) in turns[shift...] + turns[..<shift] {
                let name = viewer?.rawValue ?? Results.bareLoop
                let cost = try viewer.map { try measure($0, pace) } ?? bareLoop(pace)
                results.costs[pace, default: [:]][name, default: []].append(cost)
                print(
                    "\(round)/\(rounds) \(name), QEMU reads \(pace.words): \(decimal(cost, 3)) ms a frame"
                )
                fflush(nil)
            }
        }
        try Report.write(results, markdown: results.markdown, name: "floor", to: output)
    }

    private var stage: Stage { .usual(.seven) }

    // Beside a guest that draws as the viewers' do, and a screen that is looked at as theirs is; QEMU itself sends nothing here, which another process does instead.
    private func bareLoop(_ pace: Pace) throws -> Double {
        var cost = 0.0
        try TestRun.run("benchmark-floor") { run in
            let server = try XServer(run, width: 2200, height: 1300, windowManager: true)
            let guest = try GuestMachine(
                run, stage.version, stage.guest(.small), options: stage.device)
            try guest.refresh()
            let loop = try run.start(
                CommandLine.arguments[0],
                ["bare", guest.qmpPath, "--seconds", "\(seconds)"]
                    + pace.bareOptions,
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

    private func measure(_ viewer: Contender, _ pace: Pace) throws -> Double {
        var cost = 0.0
        try TestRun.run("benchmark-floor-\(viewer.rawValue)") { run in
            let server = try XServer(run, width: 2200, height: 1300, windowManager: true)
            let scene = try Scene(run, viewer, .small, of: stage, on: server, options: pace.options)
            let motion = try scene.watch(seconds: seconds)
            try check(motion.frames > 0, "no frame was shown")
            cost = (motion.viewerCPU ?? 0) * 1000 / Double(motion.frames)
        }
        return cost
    }
}
