import ArgumentParser
import CShimsTesting
import DisplayTesting

/// What no viewer can do without, and nothing else, as a process of its own.
struct BareLoop: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bare", abstract: "Receives messages as a viewer does, and shows nothing.",
        shouldDisplay: false)

    /// What QEMU sends of a block of 64x64 on a plain VGA of 1920x1080: whole rows of 32-bit pixels.
    private static let length = 64 * 1920 * 4
    private static let rate: UInt32 = 60

    @Argument(help: "A QMP socket.")
    var monitor: String

    @Option(help: "For how long, in seconds.")
    var seconds = 5.0

    @Option(help: "How often a second QEMU is asked to read its screen.")
    var asks: UInt32 = 40

    func validate() throws {
        guard seconds > 0, seconds <= 3600, asks > 0, asks <= 1000 else {
            throw ValidationError("there are 1 to 1000 asks a second, and up to 3600 seconds")
        }
    }

    func run() throws {
        let count = UInt32(Double(BareLoop.rate) * seconds) + 1
        let spent = swiftvm_bare_frame(monitor, BareLoop.length, BareLoop.rate, asks, count)
        guard spent >= 0 else {
            throw HarnessError("the bare loop could not be set up, or was ended")
        }
        print(spent)
    }
}
