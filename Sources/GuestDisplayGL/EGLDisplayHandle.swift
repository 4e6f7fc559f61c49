internal import CEpoxy
internal import Glibc

/// An initialized EGL display. EGL gives the same one for the same native display, so what the toolkit uses on its display is this
/// one too; it is never terminated. Any thread.
public struct EGLDisplayHandle: @unchecked Sendable {
    let display: EGLDisplay
    /// `EGL_VERSION`, for example `1.5`.
    public let version: String
    /// `EGL_VENDOR`, for example `Mesa Project`.
    public let vendor: String
    /// The extensions of this display (`EGL_EXTENSIONS`).
    public let extensions: Set<String>
    /// `surfaceless`, `X11` or `Wayland`.
    public let platform: String

    /// For a user to read: `EGL 1.5 surfaceless`.
    public var description: String { "EGL \(version) \(platform)" }

    /// Mesa's display without windows (EGL_MESA_platform_surfaceless). Throws when EGL or the extension is missing.
    public static func surfaceless() throws(GLError) -> EGLDisplayHandle {
        try EGLDisplayHandle(
            platform: EGLenum(EGL_PLATFORM_SURFACELESS_MESA), name: "surfaceless",
            extensions: ["EGL_MESA_platform_surfaceless"], native: nil)
    }

    /// The display of an Xlib connection (`Display *`), which must live as long as the process uses EGL. Throws when EGL or the
    /// platform is missing.
    public static func x11(_ display: UnsafeMutableRawPointer) throws(GLError) -> EGLDisplayHandle {
        try EGLDisplayHandle(
            platform: EGLenum(EGL_PLATFORM_X11_KHR), name: "X11",
            extensions: ["EGL_KHR_platform_x11", "EGL_EXT_platform_x11"], native: display)
    }

    /// The display of a Wayland connection (`wl_display *`), which must live as long as the process uses EGL. Throws when EGL or the
    /// platform is missing.
    public static func wayland(
        _ display: UnsafeMutableRawPointer
    ) throws(GLError) -> EGLDisplayHandle {
        try EGLDisplayHandle(
            platform: EGLenum(EGL_PLATFORM_WAYLAND_KHR), name: "Wayland",
            extensions: ["EGL_KHR_platform_wayland", "EGL_EXT_platform_wayland"], native: display)
    }

    /// `extensions` are names of one client extension, newest first; one of them must be there.
    private init(
        platform: EGLenum, name: String, extensions names: [String],
        native: UnsafeMutableRawPointer?
    ) throws(GLError) {
        let operation = "EGL display (\(name))"
        // epoxy ends the process when a library it is asked for is missing, so ask first.
        guard epoxy_has_egl() else {
            throw GLError(
                operation: operation,
                reason: "libEGL.so.1 is missing; install libegl1 or use the software renderer")
        }
        guard ["libOpenGL.so.0", "libGL.so.1", "libGLESv2.so.2"].contains(where: canLoad) else {
            throw GLError(
                operation: operation,
                reason: "libGL.so.1 is missing; install libgl1 or use the software renderer")
        }
        let client = EGLDisplayHandle.words(epoxy_eglQueryString(nil, EGL_EXTENSIONS))
        guard client.contains("EGL_EXT_platform_base") else {
            throw .missing("EGL_EXT_platform_base", for: operation)
        }
        guard names.contains(where: client.contains) else {
            throw .missing(names[0], for: operation)
        }
        guard let display = epoxy_eglGetPlatformDisplayEXT(platform, native, nil) else {
            throw .egl("eglGetPlatformDisplay (\(name))")
        }
        guard epoxy_eglInitialize(display, nil, nil) != 0 else {
            throw .egl("eglInitialize (\(name))")
        }
        self.display = display
        self.platform = name
        // "1.5 (optional text)", EGL 1.5 section 3.3.
        let text = epoxy_eglQueryString(display, EGL_VERSION).map { String(cString: $0) } ?? "?"
        version = text.split(separator: " ").first.map(String.init) ?? "?"
        vendor = epoxy_eglQueryString(display, EGL_VENDOR).map { String(cString: $0) } ?? "?"
        extensions = EGLDisplayHandle.words(epoxy_eglQueryString(display, EGL_EXTENSIONS))
    }

    /// Throws the first of `names` that the display has not.
    func require(_ names: [String], for operation: String) throws(GLError) {
        for name in names where !extensions.contains(name) {
            throw .missing(name, for: operation)
        }
    }

    private static func words(_ text: UnsafePointer<CChar>?) -> Set<String> {
        guard let text else { return [] }
        return Set(String(cString: text).split(separator: " ").map(String.init))
    }
}

/// Whether a shared library is there. It stays loaded: epoxy needs it next.
private func canLoad(_ library: String) -> Bool {
    dlopen(library, RTLD_LAZY | RTLD_LOCAL) != nil
}
