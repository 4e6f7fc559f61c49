public import GuestDisplay

/// A QEMU to start: the program, and the arguments that the user gave.
public struct QEMULaunch: Hashable, Sendable {
    /// The program that is started where the user names none.
    public static let defaultBinary = "qemu-system-x86_64"

    /// A path, or a name that is looked for in `PATH`.
    public let binary: String
    /// The user's arguments; the display and the monitors are added to them.
    public let arguments: [String]

    /// Checks the arguments: those that would take the display or the process away from us throw.
    public init(binary: String = QEMULaunch.defaultBinary, arguments: [String])
        throws(DisplayError)
    {
        for argument in arguments {
            // QEMU takes one dash or two.
            switch argument.hasPrefix("--") ? String(argument.dropFirst()) : argument {
            case "-display", "-nographic", "-curses", "-sdl", "-gtk":
                throw DisplayError(
                    "\(argument) must not be among QEMU's arguments: this program adds -display dbus,p2p=yes itself"
                )
            case "-daemonize":
                throw DisplayError(
                    "\(argument) must not be among QEMU's arguments: start QEMU without this program, with -display dbus,p2p=yes and -qmp unix:PATH,server=on,wait=off, and show qmp:PATH"
                )
            default:
                break
            }
        }
        self.binary = binary
        self.arguments = arguments
    }

    /// All arguments: the user's, the display, a monitor that connects to our socket `control`, and one that listens at
    /// `monitor` for whoever comes after us.
    func arguments(control: String, monitor: String) -> [String] {
        arguments + [
            "-display", needsGL ? "dbus,p2p=yes,gl=on" : "dbus,p2p=yes",
            "-chardev", "socket,id=swiftvm-control,path=\(QEMULaunch.escaped(control))",
            "-mon", "chardev=swiftvm-control,mode=control",
            "-chardev",
            "socket,id=swiftvm-monitor,path=\(QEMULaunch.escaped(monitor)),server=on,wait=off",
            "-mon", "chardev=swiftvm-monitor,mode=control",
        ]
    }

    /// Whether a device that draws with the host's GPU is among the arguments: without `gl=on` QEMU refuses it ("opengl is not available").
    private var needsGL: Bool {
        let devices = ["virtio-vga-gl", "virtio-gpu-gl", "-rutabaga"]
        return zip(arguments, arguments.dropFirst()).contains { option, value in
            ["-device", "--device"].contains(option)
                && devices.contains { value.contains($0) }
        }
    }

    /// A value in QEMU's key=value lists: a comma in it is written twice.
    private static func escaped(_ value: String) -> String {
        value.split(separator: ",", omittingEmptySubsequences: false).joined(separator: ",,")
    }
}

/// How a QEMU process ended.
public enum QEMUExit: Hashable, Sendable, CustomStringConvertible {
    /// It exited with that status.
    case exited(Int32)
    /// That signal killed it.
    case killed(signal: Int32)

    /// `exited with status 1`, `was killed by signal 9`.
    public var description: String {
        switch self {
        case .exited(let status): "exited with status \(status)"
        case .killed(let signal): "was killed by signal \(signal)"
        }
    }
}
