internal import ArgumentParser
internal import GuestDisplay
internal import SourceChoice
internal import Viewer
internal import ViewerHeadless

/// `swiftvm-snapshot`: joins QEMU's display and the headless viewer.
struct SwiftvmSnapshot: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "swiftvm-snapshot",
        abstract: "Write a virtual machine's screen to a PNG.",
        usage: """
            swiftvm-snapshot [<options>] <target> <out.png>
            swiftvm-snapshot [<options>] <out.png> -- <qemu-arguments>
            """,
        discussion: """
            TARGET is qmp:PATH or the path of a QEMU monitor socket, dbus: for QEMU's display on the \
            session bus, or dbus:ADDRESS for another bus. After '--', a QEMU is started with these \
            arguments, and ended when the picture is taken. With - for OUT.png, the picture goes to \
            standard output. Neither a display server nor a GPU is needed.
            """,
        version: ProgramMain.version)

    @OptionGroup var shared: SharedOptions

    @Option(
        help: ArgumentHelp(
            "Take this head; without it, the first graphic one.", valueName: "n"))
    var head: Int?

    @Flag(help: "Wait until no pixel has changed for half a second.")
    var waitStable = false

    @Option(
        help: ArgumentHelp(
            "Wait so many seconds after the first picture.", valueName: "s"))
    var delay = 0.0

    @Option(help: ArgumentHelp("Give up after so many seconds.", valueName: "s"))
    var timeout: Double = 30

    @Option(
        help: ArgumentHelp(
            "Use the GPU of this node, /dev/dri/renderD128 for example; without it, the first that works, or none.",
            valueName: "path"))
    var renderNode: String?

    @Option(
        help: ArgumentHelp(
            "Show these over the guest's picture, with commas between them: \(SnapshotLayer.list). Without it, none.",
            valueName: "names"))
    var layers: String?

    // Two names that mean what their number makes of them: ArgumentParser allows no array before the QEMU arguments.
    @Argument(
        help: ArgumentHelp(
            "Where the guest is, and the file to write; the file alone, where a guest is started.",
            valueName: "target"))
    var first: String?

    @Argument(help: ArgumentHelp("The file to write; - is standard output.", valueName: "out.png"))
    var second: String?

    @Argument(parsing: .postTerminator, help: "Arguments for a QEMU to start.")
    var qemuArguments: [String] = []

    func validate() throws {
        // A week: beyond it, the sum with the clock would not hold; nobody waits that long for a picture.
        guard timeout > 0, timeout <= 604_800 else {
            throw ValidationError("--timeout must be more than 0 and at most 604800 seconds")
        }
        guard delay >= 0, delay < timeout else {
            throw ValidationError("--delay must be 0 or more seconds, and less than --timeout")
        }
        if renderNode != nil, shared.renderer == .software {
            throw ValidationError("--render-node is for GL: leave --renderer software out")
        }
        _ = try chosenLayers()
        _ = try split()
    }

    private func chosenLayers() throws -> Set<SnapshotLayer> {
        guard let layers else { return [] }
        do throws(DisplayError) {
            return try SnapshotLayer.parse(layers)
        } catch {
            throw ValidationError("--layers: \(error)")
        }
    }

    func run() throws {
        let logger = ProgramMain.logger("swiftvm-snapshot", verbose: shared.verbose)
        let (guest, output) = try split()
        let source = try SourceChoice.source(
            for: guest, controlsMachine: false, takesOver: shared.takeOver, refreshRate: 0,
            logger: logger)
        if shared.listHeads {
            try HeadList.print(source)
            return
        }
        let job = SnapshotJob(source: source, logger: logger)
        try job.run(
            SnapshotOptions(
                head: head, waitsUntilStable: waitStable, delay: delay, timeout: timeout,
                output: output,
                renderer: shared.renderer, renderNode: renderNode, layers: chosenLayers()))
    }

    /// The guest and the file: the last name is the file, the one before it the target. `--list-heads` needs no file.
    private func split() throws -> (GuestChoice, String) {
        let terminator = CommandLine.arguments.contains("--")
        var names = [first, second].compactMap { $0 }
        var output = ""
        if !shared.listHeads || names.count == (terminator ? 1 : 2) {
            guard let last = names.popLast() else {
                throw ValidationError("no file: name the PNG to write, or - for standard output")
            }
            output = last
        }
        if names.isEmpty, !terminator, !shared.listHeads {
            throw ValidationError(
                "give a TARGET and a file, TARGET OUT.png, or OUT.png -- QEMU-ARGUMENTS")
        }
        let guest = try GuestChoice.decide(
            target: names.first, qemuArguments: qemuArguments, qemu: shared.qemu,
            terminatorWasGiven: terminator)
        return (guest, output)
    }
}
