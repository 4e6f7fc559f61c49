public import ArgumentParser
internal import GuestDisplay
internal import SourceChoice
internal import Viewer
public import ViewerGTK

/// `swiftvm-gtk`: joins QEMU's display and the GTK viewer.
struct SwiftvmGTK: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "swiftvm-gtk",
        abstract: "Show a virtual machine's screens in windows.",
        usage: """
            swiftvm-gtk [<options>] <target>
            swiftvm-gtk [<options>] -- <qemu-arguments>
            """,
        discussion: """
            TARGET is qmp:PATH or the path of a QEMU monitor socket, dbus: for QEMU's display on the \
            session bus, or dbus:ADDRESS for another bus. After '--', a QEMU is started with these \
            arguments and shown. Ctrl+Alt+G grabs and releases keyboard and pointer, Ctrl+Alt+F is full \
            screen, Ctrl+Alt+S toggles the scale, Ctrl+Alt+M opens the menu.
            """,
        version: ProgramMain.version)

    @OptionGroup var shared: SharedOptions

    @OptionGroup var viewing: ViewingOptions

    @Option(
        help: ArgumentHelp(
            "On Wayland, put what GL draws into the window by GTK's GL area, or on a surface of its own.",
            valueName: "auto|glarea|subsurface"))
    var presenter: PresenterOption = .auto

    @Argument(help: "Where the guest is.")
    var target: String?

    @Argument(parsing: .postTerminator, help: "Arguments for a QEMU to start.")
    var qemuArguments: [String] = []

    func run() throws {
        let logger = ProgramMain.logger("swiftvm-gtk", verbose: shared.verbose)
        if viewing.monitors.listMonitors {
            try MainActor.assumeIsolated {
                for monitor in try ViewerApplication.monitors() { print(monitor.listing) }
            }
            return
        }
        let guest = try GuestChoice.decide(
            target: target, qemuArguments: qemuArguments, qemu: shared.qemu,
            terminatorWasGiven: CommandLine.arguments.contains("--"))
        let source = try SourceChoice.source(
            for: guest, controlsMachine: !shared.listHeads, takesOver: shared.takeOver,
            refreshRate: viewing.refreshRate, logger: logger)
        if shared.listHeads {
            try HeadList.print(source)
            return
        }
        let options = try viewing.viewerOptions(shared, logger: logger)
        let presenter = presenter
        // ArgumentParser runs commands on the main thread, where it was called.
        try MainActor.assumeIsolated {
            try ViewerApplication.run(
                source, options: options, presenter: presenter, logger: logger)
        }
    }
}

extension PresenterOption: ExpressibleByArgument {}
