public import ArgumentParser
public import GuestDisplay

/// How pictures are drawn.
public enum RendererChoice: String, ExpressibleByArgument, CaseIterable, Sendable {
    /// With GL; an error where it is missing.
    case gl
    /// With the CPU alone.
    case software
}

extension ScaleMode: ExpressibleByArgument {}

extension ReleasePolicy: ExpressibleByArgument {}

/// The options that all programs share.
public struct SharedOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Draw with gl or software; without it, what suits the machine.",
            valueName: "gl|software"))
    public var renderer: RendererChoice?

    @Option(
        help: ArgumentHelp(
            "The QEMU to start, with '-- QEMU-ARGUMENTS'.", valueName: "path"))
    public var qemu: String = "qemu-system-x86_64"

    @Flag(help: "Take the guest's display from the program that shows it.")
    public var takeOver = false

    @Flag(help: "Print the guest's heads, one a line, and exit.")
    public var listHeads = false

    @Flag(name: [.short, .long], help: "Tell on standard error what is done and how.")
    public var verbose = false

    /// Makes options at their defaults.
    public init() {}
}

/// Where the guest is: a target, or arguments for a QEMU to start.
public enum GuestChoice: Hashable, Sendable {
    /// A TARGET of the command line, not yet parsed.
    case target(String)
    /// Start this QEMU with these arguments.
    case launch(binary: String, arguments: [String])

    /// Decides between a target and the arguments after `--`; throws a `ValidationError` unless there is exactly one of them.
    public static func decide(
        target: String?, qemuArguments: [String], qemu: String, terminatorWasGiven: Bool
    ) throws -> GuestChoice {
        switch (target, qemuArguments.isEmpty && !terminatorWasGiven) {
        case (let target?, true):
            return .target(target)
        case (nil, false):
            return .launch(binary: qemu, arguments: qemuArguments)
        case (_?, false):
            throw ValidationError(
                "give either a TARGET or '-- QEMU-ARGUMENTS', not both")
        case (nil, true):
            throw ValidationError(
                "no guest: give a TARGET such as qmp:PATH or dbus:, or '-- QEMU-ARGUMENTS'")
        }
    }
}

extension Head {
    /// The line that `--list-heads` prints: number, kind, size, name.
    public var listing: String {
        let kind = kind == .graphic ? "graphic" : "text"
        let place = deviceAddress.isEmpty ? "" : "\t\(PlainText.oneLine(deviceAddress))"
        return "\(id)\t\(kind)\t\(size.width)x\(size.height)\t\(PlainText.oneLine(label))\(place)"
    }
}
