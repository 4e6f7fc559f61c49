import ArgumentParser
import DisplayTesting
import Foundation

/// Runs our viewers for long and watches what must stay as it is.
struct Soak: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs our viewers for long: memory, descriptors and latency must stay flat.")

    @Option(help: "How long, in minutes.")
    var minutes = 60.0

    @Option(help: "The folder for soak.json.")
    var output = ".build/benchmarks"

    /// How much a viewer's or QEMU's resident memory may grow from the first quarter to the last, in KiB: caches fill late.
    static let growthLimit = 8 << 10
    /// How many more descriptors there may be: a message's may be on its way.
    static let descriptorLimit = 4

    /// How many times as long a key may take in the last quarter as in the first: a queue that grows makes it far more.
    static let latencyLimit = 1.5

    /// What is seen of a viewer at one time.
    struct Sample: Encodable, Sendable {
        /// Since the start, in seconds.
        let time: Double
        let residentKiB: Int
        let descriptors: Int
        let qemuResidentKiB: Int
        /// The median of some keys, in milliseconds.
        let key: Double
    }

    func validate() throws {
        guard minutes > 0 else { throw ValidationError("minutes must be positive") }
    }

    func run() throws {
        var samples: [String: [Sample]] = [:]
        try TestRun.run("soak") { run in
            let scenes = try [Contender.swiftvmGTK, .swiftvmSDL].map { contender in
                let screen = try XServer(run, width: 2200, height: 1300, windowManager: true)
                return try Scene(
                    run, contender, .small, of: .usual(.seven), on: screen, options: [])
            }
            let start = now()
            while now() < start + minutes * 60 {
                for scene in scenes {
                    let sample = try sample(scene, since: start)
                    samples[scene.contender.rawValue, default: []].append(sample)
                    print("\(scene.contender.rawValue): \(Soak.words(sample))")
                }
                fflush(nil)
                // Forty samples at least, so that each quarter has some.
                Thread.sleep(forTimeInterval: min(10, minutes * 60 / 40))
            }
        }
        try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try encoder.encode(samples).write(
            to: URL(fileURLWithPath: output).appending(path: "soak.json"))
        let complaints = samples.sorted { $0.key < $1.key }.flatMap { name, samples in
            Soak.growth(samples).map { "\(name): \($0)" }
        }
        print(complaints.isEmpty ? "all flat" : complaints.joined(separator: "\n"))
        if !complaints.isEmpty { throw ExitCode.failure }
    }

    private func sample(_ scene: Scene, since start: Double) throws -> Sample {
        guard let viewer = scene.viewer else { preconditionFailure("ours have a process") }
        let keys = try scene.keys(presses: 9)
        return Sample(
            time: now() - start, residentKiB: try viewer.residentKiB,
            descriptors: try viewer.descriptorCount,
            qemuResidentKiB: try scene.guest.process.residentKiB, key: Spread.median(keys) * 1000)
    }

    private static func words(_ sample: Sample) -> String {
        "\(decimal(sample.time / 60, 1)) min, \(sample.residentKiB) KiB, \(sample.descriptors) descriptors, QEMU \(sample.qemuResidentKiB) KiB, key \(decimal(sample.key, 1)) ms"
    }

    // From the median of the first quarter to that of the last.
    private static func growth(_ samples: [Sample]) -> [String] {
        let count = max(1, samples.count / 4)
        let change = { (value: (Sample) -> Double) in
            (
                Spread.median(samples.prefix(count).map(value)),
                Spread.median(samples.suffix(count).map(value))
            )
        }
        var complaints: [String] = []
        for (what, value) in [
            ("memory", { Double($0.residentKiB) }),
            ("QEMU's memory", { Double($0.qemuResidentKiB) }),
        ] as [(String, (Sample) -> Double)] {
            let (first, last) = change(value)
            if last - first > Double(growthLimit) {
                complaints.append("\(what) grew from \(Int(first)) to \(Int(last)) KiB")
            }
        }
        let (first, last) = change { Double($0.descriptors) }
        if last - first > Double(descriptorLimit) {
            complaints.append("descriptors grew from \(Int(first)) to \(Int(last))")
        }
        let (early, late) = change(\.key)
        print(
            "key: \(decimal(early, 1)) ms in the first quarter, \(decimal(late, 1)) ms in the last")
        if late > early * latencyLimit {
            complaints.append(
                "a key took \(decimal(early, 1)) ms at first and \(decimal(late, 1)) ms in the end")
        }
        return complaints
    }
}
