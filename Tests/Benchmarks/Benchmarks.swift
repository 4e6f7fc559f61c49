import ArgumentParser

/// What `make bench` and `make soak` run.
@main
struct Benchmarks: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "benchmarks", abstract: "Measures our viewers on this machine.",
        subcommands: [
            Comparison.self, DamageCost.self, Stages.self, DMABufferCost.self, IngestProcess.self,
            FloorCost.self, BareLoop.self, Soak.self,
        ],
        defaultSubcommand: Comparison.self)
}
