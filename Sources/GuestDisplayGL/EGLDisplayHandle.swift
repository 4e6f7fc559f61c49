internal import CEpoxy
internal import CGBM
internal import Glibc
internal import GuestDisplay

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
    /// Whether its fences are sync files of the kernel, too (EGL_ANDROID_native_fence_sync).
    let hasNativeFences: Bool
    /// Whether its GPU waits for fences by itself (EGL_KHR_wait_sync).
    let hasWaitSync: Bool
    /// `surfaceless`, `X11`, `Wayland`, `GBM` or `device`.
    public let platform: String
    /// Whether its GL is drawn by the processor (EGL_MESA_device_software) and imports no dma-buf: then ``SoftwareDrawer`` shows the same pictures at a
    /// fraction of the cost. (1920x1080 on two cores of 2.5 GHz, Mesa 22.3's llvmpipe: 52 ms of CPU a frame with it, 7 ms without.)
    public let isOnlySoftware: Bool

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

    /// The display of a GBM device (`struct gbm_device *`), which must live as long as the process uses EGL. Throws when EGL or the
    /// platform is missing.
    public static func gbm(_ device: UnsafeMutableRawPointer) throws(GLError) -> EGLDisplayHandle {
        try EGLDisplayHandle(
            platform: EGLenum(EGL_PLATFORM_GBM_KHR), name: "GBM",
            extensions: ["EGL_KHR_platform_gbm", "EGL_MESA_platform_gbm"], native: device)
    }

    /// A GPU without a display server, by its node, `/dev/dri/renderD128` for example: through GBM, or as an EGL device where its driver has no GBM.
    /// The node stays open. Throws what is wrong with the node, or what EGL reports.
    public static func node(_ path: String) throws(GLError) -> EGLDisplayHandle {
        let operation = "render node \(path)"
        let number = open(path, O_RDWR | O_CLOEXEC)
        guard number >= 0 else {
            throw GLError(
                operation: operation, reason: String(cString: strerror(errno)))
        }
        let node = OwnedDescriptor(owning: number)
        if let device = gbm_create_device(node.rawValue) {
            do throws(GLError) {
                let display = try EGLDisplayHandle.gbm(UnsafeMutableRawPointer(device))
                _ = node.take()
                return display
            } catch {
                gbm_device_destroy(device)
            }
        }
        guard let device = EGLDisplayHandle.device(of: path) else {
            throw GLError(
                operation: operation,
                reason:
                    "EGL knows no such device; name one of /dev/dri/renderD*, or use --renderer software"
            )
        }
        return try EGLDisplayHandle(
            platform: EGLenum(EGL_PLATFORM_DEVICE_EXT), name: "device",
            extensions: ["EGL_EXT_platform_device"], native: device)
    }

    /// For a program without a window: the GPU of that node; without one, the first GPU that works, and without any Mesa's surfaceless display. Throws when
    /// the node that was named does not work, or there is no EGL.
    public static func headless(node: String?) throws(GLError) -> EGLDisplayHandle {
        if let node { return try .node(node) }
        for number in 128..<192 {
            let path = "/dev/dri/renderD\(number)"
            guard access(path, R_OK | W_OK) == 0 else { continue }
            if let display = try? EGLDisplayHandle.node(path) { return display }
        }
        return try .surfaceless()
    }

    /// Where drivers of GPUs have their nodes: the kernel's DRM, NVIDIA's own, WSL, and those of phones and boards that have no DRM.
    private static let deviceNodes = [
        "/dev/dri", "/dev/nvidiactl", "/dev/nvidia0", "/dev/dxg", "/dev/mali0", "/dev/kgsl-3d0",
        "/dev/pvrsrvkm", "/dev/galcore",
    ]

    /// Throws where no driver of a GPU has a node, or EGL knows the processor alone (EGL_MESA_device_software), whatever the display. This loads no driver,
    /// which takes Mesa's llvmpipe 75 ms and 54 MB; without a node not even EGL, which takes 15 ms.
    public static func requireGPUDevice() throws(GLError) {
        guard deviceNodes.contains(where: { access($0, F_OK) == 0 }) else {
            throw onlySoftware("without a GPU's node in /dev")
        }
        let devices = allDevices()
        guard !devices.isEmpty, devices.allSatisfy(isSoftware) else { return }
        throw onlySoftware("devices")
    }

    private static func onlySoftware(_ what: String) -> GLError {
        GLError(
            operation: "EGL \(what)",
            reason: "the processor would draw, which does better without GL")
    }

    private static func isSoftware(_ device: EGLDeviceEXT) -> Bool {
        words(epoxy_eglQueryDeviceStringEXT(device, EGL_EXTENSIONS))
            .contains("EGL_MESA_device_software")
    }

    /// EGL's devices (EGL_EXT_device_enumeration); empty where it does not tell them.
    private static func allDevices() -> [EGLDeviceEXT] {
        guard epoxy_has_egl(),
            words(epoxy_eglQueryString(nil, EGL_EXTENSIONS)).contains("EGL_EXT_device_enumeration")
        else { return [] }
        var devices = [EGLDeviceEXT?](repeating: nil, count: 64)
        var count: EGLint = 0
        guard epoxy_eglQueryDevicesEXT(EGLint(devices.count), &devices, &count) != 0 else {
            return []
        }
        return devices.prefix(Int(count)).compactMap { $0 }
    }

    /// EGL's own handle of the device with that node (EGL_EXT_device_drm, EGL_EXT_device_drm_render_node).
    private static func device(of path: String) -> UnsafeMutableRawPointer? {
        // EGL_DRM_RENDER_NODE_FILE_EXT, which epoxy's headers lack.
        let renderNodeFile: Int32 = 0x3377
        return allDevices().first { device in
            [renderNodeFile, EGL_DRM_DEVICE_FILE_EXT].contains { name in
                epoxy_eglQueryDeviceStringEXT(device, EGLint(name)).map {
                    String(cString: $0) == path
                } ?? false
            }
        }
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
        hasNativeFences = extensions.contains("EGL_ANDROID_native_fence_sync")
        hasWaitSync = extensions.contains("EGL_KHR_wait_sync")
        isOnlySoftware =
            !extensions.contains("EGL_EXT_image_dma_buf_import")
            && EGLDisplayHandle.isSoftware(display, client)
    }

    private static func isSoftware(_ display: EGLDisplay, _ client: Set<String>) -> Bool {
        let hasQuery =
            client.contains("EGL_EXT_device_query") || client.contains("EGL_EXT_device_base")
        var device: EGLAttrib = 0
        guard hasQuery,
            epoxy_eglQueryDisplayAttribEXT(display, EGL_DEVICE_EXT, &device) != 0,
            let pointer = EGLDeviceEXT(bitPattern: device)
        else { return false }
        return isSoftware(pointer)
    }

    /// Throws where drawing without GL is better; not for who asked for GL by name.
    public func requireGPU() throws(GLError) {
        if isOnlySoftware { throw EGLDisplayHandle.onlySoftware("display (\(platform))") }
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
