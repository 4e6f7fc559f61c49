internal import Glibc

/// Where the programs and guests of the tests are: the environment that `make test` sets, or what a plain `swift test` finds.
public enum TestEnvironment {
    /// A variable of the environment; nil when unset or empty.
    public static func variable(_ name: String) -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(cString: value)
    }

    /// The package's root: tests run there.
    public static let root: String = {
        let path = getcwd(nil, 0)!
        defer { free(path) }
        return String(cString: path)
    }()

    /// The folder with the programs: that of this one, unless the environment says another. So a release's benchmarks measure that release.
    public static let programs = variable("SWIFTVM_BIN") ?? ownFolder

    private static let ownFolder: String = {
        guard let resolved = realpath("/proc/self/exe", nil) else { return root + "/.build/debug" }
        defer { free(resolved) }
        let path = String(cString: resolved)
        return String(path[..<path.lastIndex(of: "/")!])
    }()

    /// The demo guest's ELF file.
    public static let demoGuest =
        variable("SWIFTVM_DEMO_GUEST") ?? root + "/.build/demo-guest/demo-guest.elf"

    /// Debian's memtest86+.
    public static let memtest = "/boot/memtest86+x64.bin"

    /// One of our programs.
    public static func program(_ name: String) -> String { programs + "/" + name }
}

/// A viewer that the tests run.
public enum ViewerProgram: String, CaseIterable, Sendable, CustomStringConvertible {
    case gtk = "swiftvm-gtk"
    case sdl = "swiftvm-sdl"

    /// Its name.
    public var description: String { rawValue }
}

/// A QEMU that the tests run with.
public enum QEMUVersion: String, CaseIterable, Sendable, CustomStringConvertible {
    case seven = "7.2"
    case ten = "10.0"

    /// The program.
    public var binary: String {
        switch self {
        case .seven: TestEnvironment.variable("SWIFTVM_QEMU_7") ?? "/usr/bin/qemu-system-x86_64"
        case .ten:
            TestEnvironment.variable("SWIFTVM_QEMU_10")
                ?? TestEnvironment.root + "/.build/qemu-10/qemu-system-x86_64"
        }
    }

    /// What `/` is to its packages: 10.0 is unpacked beside the system's.
    public var root: String {
        switch self {
        case .seven: ""
        case .ten:
            binary.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
                separator: "/") + "/root"
        }
    }

    /// Its name.
    public var description: String { "QEMU \(rawValue)" }
}

/// A renderer that `--renderer` forces.
public enum RendererOption: String, CaseIterable, Sendable, CustomStringConvertible {
    case gl
    case software

    /// Its name.
    public var description: String { rawValue }
}
