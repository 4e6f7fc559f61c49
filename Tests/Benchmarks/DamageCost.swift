import ArgumentParser
import DisplayTesting
import Foundation
import GuestDisplay

/// Measures what a flush of 64x64 pixels costs our viewers, on a small and on a large screen of the guest.
struct DamageCost: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "damage",
        abstract: "Compares what a small change costs on a small and on a large screen of a guest.")

    @Option(help: "How often each viewer has its turn.")
    var rounds = 5

    @Option(help: "How long moving pictures are watched, in seconds.")
    var seconds = 5.0

    @Option(help: "Measure only these viewers, by their names; without it both.")
    var only: [String] = []

    @Option(
        help: "An option for the viewers, e.g. --with=--renderer=gl; may be given several times.")
    var with: [String] = []

    @Option(help: "The folder for damage.json and damage.md.")
    var output = ".build/benchmarks"

    /// How each QEMU hands its surfaces over, as the viewers call it.
    private static let paths: [(QEMUVersion, path: String)] = [
        (.seven, "bytes"), (.ten, "shared memory"),
    ]

    func validate() throws {
        guard rounds > 0, seconds > 0 else {
            throw ValidationError("rounds and seconds must be positive")
        }
        for name in only where Contender(rawValue: name)?.isOurs != true {
            throw ValidationError("'\(name)' is none of our viewers")
        }
    }

    func run() throws {
        let viewers = Contender.allCases.filter {
            $0.isOurs && (only.isEmpty || only.contains($0.rawValue))
        }
        var results = DamageResults(date: Date().ISO8601Format(), machine: Machine.description)
        for round in 1...rounds {
            for viewer in viewers {
                for (version, path) in DamageCost.paths {
                    var pair: [DamageResults.Screen: DamageResults.Cost] = [:]
                    // Each begins once.
                    let screens = DamageResults.Screen.allCases
                    for screen in round % 2 == 0 ? screens : screens.reversed() {
                        pair[screen] = try measure(viewer, version, path, screen)
                    }
                    guard let small = pair[.small], let large = pair[.large] else {
                        preconditionFailure("both were measured")
                    }
                    let turn = DamageResults.Turn(small: small, large: large)
                    results.add(turn, viewer: viewer, version: version, path: path)
                    print(
                        "\(round)/\(rounds) \(viewer.rawValue), \(version), \(path): "
                            + DamageResults.words(turn))
                    fflush(nil)
                }
            }
        }
        try Report.write(results, markdown: results.markdown, name: "damage", to: output)
    }

    private func measure(
        _ viewer: Contender, _ version: QEMUVersion, _ path: String,
        _ screen: DamageResults.Screen
    ) throws -> DamageResults.Cost {
        var cost: DamageResults.Cost?
        try TestRun.run("benchmark-damage-\(viewer.rawValue)-\(version)-\(screen)") { run in
            // The same for both, with room around a window with the larger one, pixel for pixel.
            let server = try XServer(run, width: 4200, height: 2400, windowManager: true)
            let stage = Stage(
                version: version, device: ["-vga", "none", "-device", "virtio-gpu-pci"],
                size: screen.size)
            let file = run.path("statistics")
            let scene = try Scene(
                run, viewer, .small, of: stage, on: server, options: with + ["--stats", file])
            let before = try StatisticsLine.next(in: file)
            try check(before.path == path, "pictures come as \(before.path), not as \(path)")
            let motion = try scene.watch(seconds: seconds)
            let after = try StatisticsLine.next(in: file)
            try check(motion.frames > 0, "no frame was shown")
            cost = DamageResults.Cost(motion, from: before, to: after)
        }
        guard let cost else { preconditionFailure("it has run") }
        return cost
    }
}
