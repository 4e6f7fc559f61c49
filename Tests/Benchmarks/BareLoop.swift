import ArgumentParser
import CShimsTesting
import DisplayTesting

/// What no viewer can do without, and nothing else, as a process of its own.
struct BareLoop: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bare",
        abstract: "Receives messages as a viewer does, and puts a block for each.",
        shouldDisplay: false)

    /// What QEMU sends of a block of 64x64 on a plain VGA of 1920x1080: whole rows of 32-bit pixels.
    private static let length = 64 * 1920 * 4
    /// For how many seconds it may run.
    static let durations = 0.1...3600

    @Argument(help: "A QMP socket.")
    var monitor: String

    @Option(help: "For how long, in seconds.")
    var seconds = 5.0

    @Option(help: "How many messages a second it receives.")
    var rate: UInt32 = 60

    @Option(help: "How often a second QEMU is asked to read its screen; 0 for never.")
    var asks: UInt32 = 40

    func validate() throws {
        guard BareLoop.durations.contains(seconds), (1...1000).contains(rate), asks <= 1000
        else {
            throw ValidationError(
                "there are 1 to 1000 messages and 0 to 1000 asks a second, and 0.1 to 3600 seconds")
        }
    }

    func run() throws {
        let count = UInt32((Double(rate) * seconds).rounded(.up)) + 1
        let spent = swiftvm_bare_frame(monitor, BareLoop.length, rate, asks, count)
        guard spent >= 0 else {
            throw HarnessError("the bare loop could not be set up, or lost QEMU or the X server")
        }
        print(spent)
    }
}
