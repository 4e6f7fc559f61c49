import CEpoxy
import Glibc
import GuestDisplay
import Testing

@testable import GuestDisplayGL

/// An Xvfb of a test's own, and a window on it. The X library is loaded at run time: nothing else here needs it.
final class XServer {
    typealias Display = UnsafeMutableRawPointer
    typealias XID = UInt

    let display: Display
    /// What `$DISPLAY` would be.
    let name: String
    private var process: pid_t = 0
    private let library: UnsafeMutableRawPointer

    /// Whether there is an Xvfb to start.
    static let isInstalled = ["/usr/bin/Xvfb", "/usr/local/bin/Xvfb"].contains { (path: String) in
        access(path, X_OK) == 0
    }

    init() throws {
        var ends: [CInt] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer { close(ends[0]) }
        _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
        let words = [
            "Xvfb", "-displayfd", "\(ends[1])", "-screen", "0", "400x300x24", "-nolisten", "tcp",
        ]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        // Dispatch's threads block signals, and a child would inherit that and never hear SIGTERM.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, CShort(POSIX_SPAWN_SETSIGMASK))
        let code = posix_spawnp(&process, "Xvfb", nil, &attributes, &arguments, environ)
        close(ends[1])
        try #require(code == 0)
        // Xvfb writes its number when it listens.
        var name = ":"
        var byte: UInt8 = 0
        while Glibc.read(ends[0], &byte, 1) == 1, byte != UInt8(ascii: "\n") {
            name.append(Character(UnicodeScalar(byte)))
        }
        self.name = name
        library = try #require(dlopen("libX11.so.6", RTLD_NOW))
        typealias Open = @convention(c) (UnsafePointer<CChar>) -> Display?
        let openDisplay = unsafeBitCast(try #require(dlsym(library, "XOpenDisplay")), to: Open.self)
        display = try #require(openDisplay(name))
    }

    /// Ends the server; the display's connection stays, as EGL's display refers to it.
    func stop() {
        kill(process, SIGTERM)
        var status: CInt = 0
        waitpid(process, &status, 0)
    }

    private func function<Function>(_ name: String, as type: Function.Type) throws -> Function {
        unsafeBitCast(try #require(dlsym(library, name)), to: type)
    }

    /// A mapped window of that visual, without a window manager: it is there at once.
    func makeWindow(_ size: Size, x: Int, visualID: UInt) throws -> XID {
        let root = try function(
            "XDefaultRootWindow", as: (@convention(c) (Display) -> XID).self)(display)
        // XVisualInfo: the visual, its id, screen, depth; room for the rest.
        let template = UnsafeMutableRawPointer.allocate(byteCount: 128, alignment: 8)
        defer { template.deallocate() }
        template.storeBytes(of: visualID, toByteOffset: 8, as: UInt.self)
        var count: CInt = 0
        let found = try function(
            "XGetVisualInfo",
            as: (@convention(c) (
                Display, CLong, UnsafeMutableRawPointer, UnsafeMutablePointer<CInt>
            ) -> UnsafeMutableRawPointer?).self)(display, 1, template, &count)
        let info = try #require(found)
        let visual = info.load(as: UnsafeMutableRawPointer.self)
        let depth = info.load(fromByteOffset: 20, as: CInt.self)
        #expect(depth == 24, "an opaque visual")
        let colormap = try function(
            "XCreateColormap",
            as: (@convention(c) (Display, XID, UnsafeMutableRawPointer, CInt) -> XID).self)(
                display, root, visual, 0)
        // XSetWindowAttributes, in words: background pixmap and pixel, border pixmap and pixel, … colormap at 12.
        var attributes = [UInt](repeating: 0, count: 16)
        attributes[12] = colormap
        let window = try function(
            "XCreateWindow",
            as: (@convention(c) (
                Display, XID, CInt, CInt, CUnsignedInt, CUnsignedInt, CUnsignedInt, CInt,
                CUnsignedInt, UnsafeMutableRawPointer, CUnsignedLong, UnsafeMutablePointer<UInt>
            ) -> XID).self)(
                display, root, CInt(x), 0, CUnsignedInt(size.width), CUnsignedInt(size.height), 0,
                depth,
                1, visual, 1 << 13 | 1 << 3, &attributes)
        _ = try function("XMapWindow", as: (@convention(c) (Display, XID) -> CInt).self)(
            display, window)
        try sync()
        return window
    }

    /// The visual of windows that nobody has asked for another.
    var rootVisual: UInt {
        get throws {
            let visual = try function(
                "XDefaultVisual",
                as: (@convention(c) (Display, CInt) -> UnsafeMutableRawPointer).self)(display, 0)
            return try function(
                "XVisualIDFromVisual",
                as: (@convention(c) (UnsafeMutableRawPointer) -> UInt).self)(visual)
        }
    }

    func sync() throws {
        _ = try function("XSync", as: (@convention(c) (Display, CInt) -> CInt).self)(display, 0)
    }

    /// What a window shows, 0x00RRGGBB.
    func read(_ window: XID, size: Size) throws -> Pixels {
        try sync()
        let image = try #require(
            try function(
                "XGetImage",
                as: (@convention(c) (
                    Display, XID, CInt, CInt, CUnsignedInt, CUnsignedInt, CUnsignedLong, CInt
                ) -> UnsafeMutableRawPointer?).self)(
                    display, window, 0, 0, CUnsignedInt(size.width), CUnsignedInt(size.height),
                    .max, 2))
        // XImage: width, height, xoffset, format, data, … bytes_per_line after five more ints.
        let data = image.load(fromByteOffset: 16, as: UnsafeMutableRawPointer.self)
        let stride = Int(image.load(fromByteOffset: 44, as: CInt.self))
        var pixels = Pixels(size: size, values: [])
        for y in 0..<size.height {
            for x in 0..<size.width {
                pixels.values.append(
                    data.load(fromByteOffset: y * stride + x * 4, as: UInt32.self) & 0xff_ffff)
            }
        }
        return pixels
    }
}
