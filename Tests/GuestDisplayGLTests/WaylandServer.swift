import Glibc
import GuestDisplay
import Testing

@testable import GuestDisplayGL

/// A Weston of a test's own that shows nothing anywhere, and surfaces on it. The Wayland libraries are loaded at run time: nothing else here
/// needs them.
final class WaylandServer {
    typealias Proxy = UnsafeMutableRawPointer

    let display: Proxy
    private var process: pid_t = 0
    private let folder: String
    private let client: UnsafeMutableRawPointer
    private let egl: UnsafeMutableRawPointer
    private let compositor: Proxy

    /// Whether there is a Weston to start.
    static let isInstalled = ["/usr/bin/weston", "/usr/local/bin/weston"].contains {
        (path: String) in access(path, X_OK) == 0
    }

    init() throws {
        var template = Array("/tmp/swiftvm-test-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        folder = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        process = try WaylandServer.start(folder)
        let client = try #require(dlopen("libwayland-client.so.0", RTLD_NOW))
        self.client = client
        egl = try #require(dlopen("libwayland-egl.so.1", RTLD_NOW))
        let path = "\(folder)/wayland-test"
        // The socket is there when Weston listens; nothing tells of it.
        for _ in 0..<600 where access(path, F_OK) != 0 { usleep(100_000) }
        typealias Connect = @convention(c) (UnsafePointer<CChar>) -> Proxy?
        let connect = unsafeBitCast(
            try #require(dlsym(client, "wl_display_connect")), to: Connect.self)
        display = try #require(connect(path), "Weston answers")
        compositor = try WaylandServer.bindCompositor(display, client)
    }

    /// Ends the server; the display's connection stays, as EGL's display refers to it.
    func stop() {
        kill(process, SIGTERM)
        var status: CInt = 0
        waitpid(process, &status, 0)
        for name in ["wayland-test", "wayland-test.lock", "log"] { unlink("\(folder)/\(name)") }
        rmdir(folder)
    }

    /// Runs `body` with a `wl_egl_window *` on a surface of its own, which has no role and is nowhere on a screen.
    func withWindow(_ size: Size, _ body: (UnsafeMutableRawPointer) throws -> Void) throws {
        // wl_compositor.create_surface is request 0. The surface goes with the connection.
        let surface = try WaylandServer.construct(
            client, compositor, 0, [0], "wl_surface_interface")
        typealias Create = @convention(c) (Proxy, CInt, CInt) -> UnsafeMutableRawPointer?
        typealias Destroy = @convention(c) (UnsafeMutableRawPointer) -> Void
        let create = unsafeBitCast(
            try #require(dlsym(egl, "wl_egl_window_create")), to: Create.self)
        let destroy = unsafeBitCast(
            try #require(dlsym(egl, "wl_egl_window_destroy")), to: Destroy.self)
        let window = try #require(create(surface, CInt(size.width), CInt(size.height)))
        defer { destroy(window) }
        try body(window)
        try roundtrip()
    }

    /// Gives a window of ``withWindow(_:_:)`` another size.
    func resize(_ window: UnsafeMutableRawPointer, to size: Size) throws {
        typealias Resize =
            @convention(c) (UnsafeMutableRawPointer, CInt, CInt, CInt, CInt) -> Void
        let resize = unsafeBitCast(
            try #require(dlsym(egl, "wl_egl_window_resize")), to: Resize.self)
        resize(window, CInt(size.width), CInt(size.height), 0, 0)
    }

    /// Waits until the server has done all that was asked; fails if it complains.
    func roundtrip() throws {
        typealias Call = @convention(c) (Proxy) -> CInt
        let roundtrip = unsafeBitCast(
            try #require(dlsym(client, "wl_display_roundtrip")), to: Call.self)
        try #require(roundtrip(display) >= 0, "no protocol error")
    }

    private static func start(_ folder: String) throws -> pid_t {
        let words = [
            "weston", "--backend=headless-backend.so", "--socket=wayland-test", "--idle-time=0",
            "--no-config", "--log=\(folder)/log",
        ]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var environment: [UnsafeMutablePointer<CChar>?] = [strdup("XDG_RUNTIME_DIR=\(folder)")]
        for name in ["PATH", "HOME", "LD_LIBRARY_PATH"] {
            if let value = getenv(name) {
                environment.append(strdup("\(name)=\(String(cString: value))"))
            }
        }
        environment.append(nil)
        defer { for entry in environment { free(entry) } }
        // Dispatch's threads block signals, and a child would inherit that and never hear SIGTERM.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, CShort(POSIX_SPAWN_SETSIGMASK))
        var process: pid_t = 0
        try #require(
            posix_spawnp(&process, "weston", nil, &attributes, &arguments, environment) == 0)
        return process
    }

    /// A request that makes an object, with its arguments as words (`union wl_argument`).
    private static func construct(
        _ client: UnsafeMutableRawPointer, _ proxy: Proxy, _ request: UInt32, _ words: [UInt],
        _ interface: String, version: UInt32 = 1
    ) throws -> Proxy {
        typealias Construct =
            @convention(c) (
                Proxy, UInt32, UnsafeMutablePointer<UInt>, UnsafeMutableRawPointer, UInt32
            ) -> Proxy?
        let construct = unsafeBitCast(
            try #require(dlsym(client, "wl_proxy_marshal_array_constructor_versioned")),
            to: Construct.self)
        var words = words
        let description = try #require(dlsym(client, interface))
        return try #require(construct(proxy, request, &words, description, version))
    }

    private static func bindCompositor(
        _ display: Proxy, _ client: UnsafeMutableRawPointer
    ) throws -> Proxy {
        // wl_display.get_registry is request 1.
        let registry = try construct(client, display, 1, [0], "wl_registry_interface")
        typealias Global =
            @convention(c) (
                UnsafeMutableRawPointer?, Proxy, UInt32, UnsafePointer<CChar>, UInt32
            ) -> Void
        typealias Remove = @convention(c) (UnsafeMutableRawPointer?, Proxy, UInt32) -> Void
        let global: Global = { data, _, name, interface, _ in
            if strcmp(interface, "wl_compositor") == 0 {
                data!.storeBytes(of: name, as: UInt32.self)
            }
        }
        let remove: Remove = { _, _, _ in }
        let listener = UnsafeMutablePointer<UnsafeRawPointer>.allocate(capacity: 2)
        defer { listener.deallocate() }
        listener[0] = unsafeBitCast(global, to: UnsafeRawPointer.self)
        listener[1] = unsafeBitCast(remove, to: UnsafeRawPointer.self)
        let name = UnsafeMutablePointer<UInt32>.allocate(capacity: 1)
        name.initialize(to: 0)
        defer { name.deallocate() }
        typealias Listen =
            @convention(c) (
                Proxy, UnsafeMutableRawPointer, UnsafeMutableRawPointer
            ) -> CInt
        let listen = unsafeBitCast(
            try #require(dlsym(client, "wl_proxy_add_listener")), to: Listen.self)
        try #require(listen(registry, listener, name) == 0)
        typealias Call = @convention(c) (Proxy) -> CInt
        let roundtrip = unsafeBitCast(
            try #require(dlsym(client, "wl_display_roundtrip")), to: Call.self)
        try #require(roundtrip(display) >= 0 && name.pointee != 0, "a compositor")
        defer {
            typealias Destroy = @convention(c) (Proxy) -> Void
            if let destroy = dlsym(client, "wl_proxy_destroy") {
                unsafeBitCast(destroy, to: Destroy.self)(registry)
            }
        }
        // wl_registry.bind is request 0: name, interface, version, the new object.
        return try "wl_compositor".withCString { interface in
            try construct(
                client, registry, 0,
                [UInt(name.pointee), UInt(bitPattern: interface), 1, 0],
                "wl_compositor_interface")
        }
    }
}
