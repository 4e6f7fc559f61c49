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

    /// How many frames come.
    private enum Pace: String, CaseIterable, Encodable, CodingKeyRepresentable {
        case asked, own

        var words: String {
            self == .asked ? "with asking QEMU for some" : "as QEMU gives them by itself"
        }

        /// What tells our viewers.
        var options: [String] { self == .asked ? [] : ["--refresh-rate", "0"] }

        /// What tells the bare loop. Our viewers were seen to ask 41 times a second for 60 frames, of which QEMU reads some by itself; where they do not ask it gives 33.
        var rate: Int { self == .asked ? 60 : 33 }
        var asks: Int { self == .asked ? 40 : 0 }
    }

    private struct Turn: Encodable {
        /// Milliseconds of CPU a frame.
        let cost: Double
        /// Frames a second.
        let rate: Double
    }

    private struct Results: Encodable {
        static let bareLoop = "bare loop"

        let date = Date().ISO8601Format()
        let machine = Machine.description
        /// By who showed them, in the order of the turns.
        var turns: [Pace: [String: [Turn]]] = [:]

        var markdown: String {
            var rows = [
                [
                    "frames", "", "a second", "CPU, ms a small frame (lowest–highest)",
                    "to the bare loop's, and 95 %",
                ]
            ]
            for pace in Pace.allCases {
                let turns = turns[pace] ?? [:], bare = turns[Results.bareLoop] ?? []
                for (name, own) in turns.sorted(by: { $0.key < $1.key }) {
                    let ratio = Interval(ratios: zip(own, bare).map { $0.cost / $1.cost })
                    rows.append([
                        pace.words, name, decimal(Spread(own.map(\.rate))?.median, 1),
                        Spread.words(own.map(\.cost), 3),
                        name == Results.bareLoop ? "" : ratio.map { "× \($0.words)" } ?? "",
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
        let viewers: [Contender?] = [nil] + Contender.allCases.filter(\.isOurs)
        for round in 1...rounds {
            // Each begins once, as far as there are rounds; those of a pace follow each other.
            let shift = round % viewers.count
            for pace in round % 2 == 1 ? Pace.allCases : Pace.allCases.reversed() {
                for viewer in viewers[shift...] + viewers[..<shift] {
                    let name = viewer?.rawValue ?? Results.bareLoop
                    let turn = try viewer.map { try measure($0, pace) } ?? bareLoop(pace)
                    results.turns[pace, default: [:]][name, default: []].append(turn)
                    print(
                        "\(round)/\(rounds) \(name), \(decimal(turn.rate, 1)) frames/s \(pace.words): \(decimal(turn.cost, 3)) ms a frame"
                    )
                    fflush(nil)
                }
            }
        }
        try Report.write(results, markdown: results.markdown, name: "floor", to: output)
    }

    private var stage: Stage { .usual(.seven) }

    // Beside a guest that draws as the viewers' do, and a screen that is looked at as theirs is. QEMU itself sends nothing here, which another process does
    // instead, and reads its screen only when it is asked.
    private func bareLoop(_ pace: Pace) throws -> Turn {
        try inRun("bare-loop") { run, server in
            let guest = try GuestMachine(
                run, stage.version, stage.guest(.small), options: stage.device)
            try guest.refresh()
            let loop = try run.start(
                CommandLine.arguments[0],
                ["bare", guest.qmpPath, "--seconds", "\(seconds)", "--rate", "\(pace.rate)"]
                    + ["--asks", "\(pace.asks)"],
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
            return Turn(cost: spent / 1e6, rate: Double(pace.rate))
        }
    }

    private func measure(_ viewer: Contender, _ pace: Pace) throws -> Turn {
        try inRun(viewer.rawValue) { run, server in
            let scene = try Scene(
                run, viewer, .small, of: stage, on: server, options: pace.options)
            let motion = try scene.watch(seconds: seconds)
            guard motion.frames > 0, let spent = motion.viewerCPU else {
                throw HarnessError("\(viewer.rawValue) showed no frame")
            }
            return Turn(cost: spent * 1000 / Double(motion.frames), rate: motion.rate)
        }
    }

    private func inRun(_ name: String, _ body: (TestRun, XServer) throws -> Turn) throws -> Turn {
        var turn: Turn?
        try TestRun.run("benchmark-floor-\(name)") { run in
            let server = try XServer(run, width: 2200, height: 1300, windowManager: true)
            turn = try body(run, server)
        }
        return turn!
    }
}
