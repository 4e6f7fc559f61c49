import ArgumentParser
import DisplayTesting
import Foundation

/// Compares viewers on this machine.
struct Comparison: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Compares our viewers with those of others, on an X server without a screen.")

    @Option(
        help: "The QEMU whose guest is shown, 7.2 or 10.0.",
        transform: { text throws(ValidationError) in
            guard let version = QEMUVersion(rawValue: text) else {
                throw ValidationError("there are QEMU 7.2 and 10.0 here, not \(text)")
            }
            return version
        })
    var qemu = QEMUVersion.seven

    @Option(help: "How often each viewer has its turn.")
    var rounds = 5

    @Option(help: "How long moving pictures are watched, in seconds.")
    var seconds = 5.0

    @Option(help: "How many keys are pressed in each round.")
    var presses = 60

    @Option(help: "Measure only these, by their names; without it all that are installed.")
    var only: [String] = []

    @Option(
        help: "An option for our viewers, e.g. --with=--renderer=gl; may be given several times.")
    var with: [String] = []

    @Option(help: "The folder for results.json, table.md and plot.png.")
    var output = ".build/benchmarks"

    /// The share of the processors' time that the host of a virtual machine may take for others before a turn is taken again.
    private static let disturbed = 0.02
    /// How many turns are taken again, in all.
    private static let maximumRepeats = 5

    private var stage: Stage { .usual(qemu) }

    func validate() throws {
        guard rounds > 0, seconds > 0, presses > 0 else {
            throw ValidationError("rounds, seconds and presses must be positive")
        }
        for name in only where Contender(rawValue: name) == nil {
            let names = Contender.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("there is no viewer '\(name)'; there are \(names)")
        }
    }

    func run() throws {
        let contenders = Contender.allCases.filter {
            $0.isInstalled(with: qemu) && (only.isEmpty || only.contains($0.rawValue))
        }
        for missing in Contender.allCases where !missing.isInstalled(with: qemu) {
            print("\(missing.rawValue) for \(qemu) is not installed (make bench PEERS=1 does it)")
        }
        guard !contenders.isEmpty else {
            throw ValidationError("none of the viewers that were named is installed")
        }
        var results = Results(
            date: Date().ISO8601Format(), machine: Machine.description, qemu: qemu.description)
        var repeats = 0
        for round in 1...rounds {
            // Each begins once, as far as there are rounds, so that none always has the same one before it.
            let offered = try (
                RefreshCounter.rate(.full, of: stage, seconds: seconds),
                RefreshCounter.rate(.small, of: stage, seconds: seconds)
            )
            print(
                "\(round)/\(rounds) QEMU offers: full \(decimal(offered.0, 1)), small \(decimal(offered.1, 1))"
            )
            let shift = round % contenders.count
            for contender in contenders[shift...] + contenders[..<shift] {
                var result = measure(contender)
                if let stolen = result.stolen, stolen > Comparison.disturbed,
                    repeats < Comparison.maximumRepeats
                {
                    repeats += 1
                    print(
                        "\(round)/\(rounds) \(contender.rawValue): this machine's host took \(decimal(stolen * 100, 1)) % of the time for others; again"
                    )
                    result = measure(contender)
                }
                (result.offeredFull, result.offeredSmall) = offered
                results.viewers[contender.rawValue, default: []].append(result)
                print("\(round)/\(rounds) \(contender.rawValue): \(summary(result))")
                fflush(nil)
            }
        }
        try write(results)
        // What can be told of the others was.
        if results.viewers.values.contains(where: { $0.contains { $0.failure != nil } }) {
            throw ExitCode.failure
        }
    }

    private func measure(_ contender: Contender) -> Round {
        var result = Round()
        let before = ProcessorTime.now
        do {
            for activity in Activity.allCases {
                try TestRun.run("benchmark-\(contender.rawValue)-\(activity)") { run in
                    let screen = try XServer(run, width: 2200, height: 1300, windowManager: true)
                    let scene = try Scene(
                        run, contender, activity, of: stage, on: screen, options: with)
                    if !contender.isInProcess { result.firstPictures.append(scene.firstPicture) }
                    switch activity {
                    case .full: result.full = try scene.watch(seconds: seconds)
                    case .small: result.small = try scene.watch(seconds: seconds)
                    case .still: result.keys = try scene.keys(presses: presses)
                    }
                }
            }
        } catch {
            result.failure = "\(error)"
        }
        result.stolen = ProcessorTime.now?.stolen(since: before)
        return result
    }

    private func summary(_ round: Round) -> String {
        if let failure = round.failure { return failure }
        return Results.Metric.allCases.compactMap { metric in
            metric.value(round).map { "\(metric.rawValue) \(decimal($0, metric.places))" }
        }.joined(separator: "; ")
    }

    private func write(_ results: Results) throws {
        try FileManager.default.createDirectory(
            atPath: output, withIntermediateDirectories: true)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        let folder = URL(fileURLWithPath: output)
        try encoder.encode(results).write(to: folder.appending(path: "results.json"))
        try Data(results.markdown.utf8).write(to: folder.appending(path: "table.md"))
        try Plot(results).write(to: folder.appending(path: "plot.png").path)
        print("\n\(results.markdown)")
        print("results.json, table.md and plot.png are in \(output)")
    }
}

/// What this machine's processors did since it started, in ticks (proc_stat(5)).
private struct ProcessorTime {
    let whole: Int
    let stolen: Int

    /// Nil where the kernel does not tell.
    static var now: ProcessorTime? {
        let fields = TestProcess.text("/proc/stat").prefix { $0 != "\n" }.split(separator: " ")
            .dropFirst().compactMap { Int($0) }
        // user, nice, system, idle, iowait, irq, softirq, steal; guests' time is within user's.
        guard fields.count >= 8 else { return nil }
        return ProcessorTime(whole: fields[..<8].reduce(0, +), stolen: fields[7])
    }

    /// The share that the host took away since then.
    func stolen(since before: ProcessorTime?) -> Double? {
        guard let before, whole > before.whole else { return nil }
        return Double(stolen - before.stolen) / Double(whole - before.whole)
    }
}

/// Where the benchmark runs, in words.
enum Machine {
    static var description: String {
        let processor = TestProcess.text("/proc/cpuinfo").split(separator: "\n")
            .first { $0.hasPrefix("model name") }
            .flatMap { $0.split(separator: ":").last }?
            .trimmingCharacters(in: .whitespaces)
        let kernel = TestProcess.text("/proc/sys/kernel/osrelease").trimmed
        let count = ProcessInfo.processInfo.processorCount
        return "\(count) × \(processor ?? "processor"), Linux \(kernel)"
    }
}
