import Glibc

/// Where the programs and guests of the tests are: the environment that `make test` sets, or what a plain `swift test` finds.
enum TestEnvironment {
    /// A variable of the environment; nil when unset or empty.
    static func variable(_ name: String) -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(cString: value)
    }

    /// The package's root: tests run there.
    static let root: String = {
        let path = getcwd(nil, 0)!
        defer { free(path) }
        return String(cString: path)
    }()

    /// The folder with the programs.
    static let programs = variable("SWIFTVM_BIN") ?? root + "/.build/debug"

    /// The demo guest's ELF file.
    static let demoGuest =
        variable("SWIFTVM_DEMO_GUEST") ?? root + "/.build/demo-guest/demo-guest.elf"

    /// Debian's memtest86+.
    static let memtest = "/boot/memtest86+x64.bin"

    /// One of our programs.
    static func program(_ name: String) -> String { programs + "/" + name }
}

/// A viewer that the tests run.
enum ViewerProgram: String, CaseIterable, Sendable, CustomStringConvertible {
    case gtk = "swiftvm-gtk"
    case sdl = "swiftvm-sdl"

    var description: String { rawValue }
}

/// A QEMU that the tests run with.
enum QEMUVersion: String, CaseIterable, Sendable, CustomStringConvertible {
    case seven = "7.2"
    case ten = "10.0"

    /// The program.
    var binary: String {
        switch self {
        case .seven: TestEnvironment.variable("SWIFTVM_QEMU_7") ?? "/usr/bin/qemu-system-x86_64"
        case .ten:
            TestEnvironment.variable("SWIFTVM_QEMU_10")
                ?? TestEnvironment.root + "/.build/qemu-10/qemu-system-x86_64"
        }
    }

    var description: String { "QEMU \(rawValue)" }
}

/// A renderer that `--renderer` forces.
enum RendererOption: String, CaseIterable, Sendable, CustomStringConvertible {
    case gl
    case software

    var description: String { rawValue }
}
