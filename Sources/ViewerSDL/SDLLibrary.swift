internal import CSDL
internal import CShims
internal import Glibc
internal import GuestDisplay

/// SDL's video, set up for showing a guest.
@MainActor
enum SDLLibrary {
    /// The desktop file's name, by which compositors and docks find the icon.
    static let applicationID = "org.swiftvm.Viewer.SDL"

    /// The video driver in use, as `SDL_VIDEODRIVER` knows it: `x11`, `wayland`, `kmsdrm` … SDL itself writes the last in capitals.
    static var driver: String {
        SDL_GetCurrentVideoDriver().map { String(cString: $0).lowercased() } ?? ""
    }

    /// The display server's kind.
    static var kind: DisplayConnection.Kind {
        switch driver {
        case "wayland": .wayland
        case "x11": .x11
        default: .other
        }
    }

    /// Starts SDL's video. Throws when there is no display server and no screen of our own.
    static func start() throws(DisplayError) {
        setEnvironment()
        setHints()
        // Xlib takes titles in the locale's encoding alone; ours are UTF-8.
        if setlocale(LC_CTYPE, "") == nil || String(cString: nl_langinfo(Int32(CODESET))) != "UTF-8"
        {
            setlocale(LC_CTYPE, "C.UTF-8")
        }
        // Ours is no `main` that SDL wraps.
        SDL_SetMainReady()
        var tried: [String] = []
        for driver in wantedDrivers {
            if SDL_VideoInit(driver) == 0 {
                if driver == "offscreen" || driver == "dummy" { break }
                // Text input would let an input method take keys that are the guest's.
                SDL_StopTextInput()
                return
            }
            tried.append(lastError)
        }
        throw DisplayError(explain(tried))
    }

    /// Goes from Wayland to X11, where there is such a server too and the user has not chosen; false where not.
    static func restartOnX11() -> Bool {
        guard driver == "wayland", variable("SDL_VIDEODRIVER") == nil, variable("DISPLAY") != nil
        else { return false }
        SDL_VideoQuit()
        guard SDL_VideoInit("x11") == 0 else { return false }
        SDL_StopTextInput()
        return true
    }

    /// What SDL said last, in one line.
    static var lastError: String {
        let text = String(cString: SDL_GetError()).replacing("\n", with: " ")
        return text.isEmpty ? "SDL does not say why" : text
    }

    // SDL 2.26 would take X11 first, Xwayland among it; where there is no server at all it is left the bare screen.
    private static var wantedDrivers: [String] {
        if let chosen = variable("SDL_VIDEODRIVER") {
            return chosen.split(separator: ",").map(String.init)
        }
        var drivers: [String] = []
        if variable("WAYLAND_DISPLAY") != nil { drivers.append("wayland") }
        if variable("DISPLAY") != nil { drivers.append("x11") }
        return drivers.isEmpty ? ["kmsdrm"] : drivers
    }

    private static func explain(_ tried: [String]) -> String {
        if let chosen = variable("SDL_VIDEODRIVER") {
            if chosen == "kmsdrm" {
                return "no screen to draw on (\(tried.last ?? "")): SDL_VIDEODRIVER=kmsdrm needs a "
                    + "DRM device with a connected monitor that no display server uses, and the right to open it"
            }
            return
                "SDL's video driver \(chosen) does not start (\(tried.joined(separator: "; "))): "
                + "unset SDL_VIDEODRIVER, or choose x11, wayland or kmsdrm"
        }
        if variable("WAYLAND_DISPLAY") != nil || variable("DISPLAY") != nil {
            return
                "no display server answers (\(tried.joined(separator: "; "))): check DISPLAY and "
                + "WAYLAND_DISPLAY, or use swiftvm-snapshot, which needs none"
        }
        return "no display server, and no screen to draw on without one (\(tried.last ?? "")): set "
            + "DISPLAY or WAYLAND_DISPLAY, or use swiftvm-snapshot, which needs none"
    }

    private static func variable(_ name: String) -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(cString: value)
    }

    private static func setEnvironment() {
        setenv("SDL_VIDEO_X11_WMCLASS", applicationID, 0)
        setenv("SDL_VIDEO_WAYLAND_WMCLASS", applicationID, 0)
        // Input methods would compose and swallow keys, dead ones first: on X11 a server's or Xlib's own, on Wayland libxkbcommon's.
        setenv("XMODIFIERS", "@im=none", 1)
        if let rules = noComposeRules { setenv("XCOMPOSEFILE", rules, 1) }
    }

    // A file without a rule; libxkbcommon complains of one without a byte. It stays open as long as the program runs.
    private static var noComposeRules: String? {
        let file = swiftvm_memfd("swiftvm-compose", false)
        guard file >= 0 else { return nil }
        let text = "# no sequences\n"
        guard write(file, text, text.utf8.count) == text.utf8.count else { return nil }
        return "/proc/self/fd/\(file)"
    }

    private static func setHints() {
        let hints = [
            (SDL_HINT_APP_NAME, "swiftvm"),
            (SDL_HINT_NO_SIGNAL_HANDLERS, "1"),
            // GLX cannot import what a GPU shares.
            (SDL_HINT_VIDEO_X11_FORCE_EGL, "1"),
            (SDL_HINT_VIDEO_X11_NET_WM_BYPASS_COMPOSITOR, "0"),
            // The window surface on X11 is then shared memory, without a GL behind it.
            (SDL_HINT_FRAMEBUFFER_ACCELERATION, "0"),
            (SDL_HINT_VIDEO_ALLOW_SCREENSAVER, "1"),
            (SDL_HINT_VIDEO_MINIMIZE_ON_FOCUS_LOSS, "0"),
            (SDL_HINT_QUIT_ON_LAST_WINDOW_CLOSE, "0"),
            (SDL_HINT_MOUSE_FOCUS_CLICKTHROUGH, "1"),
            (SDL_HINT_TOUCH_MOUSE_EVENTS, "1"),
            // A guest's mouse wants the counts as they come: no factor, no pointer that is put back.
            (SDL_HINT_MOUSE_RELATIVE_SYSTEM_SCALE, "0"),
            (SDL_HINT_MOUSE_RELATIVE_SCALING, "0"),
            (SDL_HINT_MOUSE_RELATIVE_MODE_WARP, "0"),
            // A key grab takes the window manager's combinations too.
            (SDL_HINT_GRAB_KEYBOARD, "0"),
            (SDL_HINT_ALLOW_ALT_TAB_WHILE_GRABBED, "0"),
        ]
        for (name, value) in hints { SDL_SetHint(name, value) }
    }
}
