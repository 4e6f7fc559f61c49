internal import CSDL
internal import CShimsSDL
internal import GuestDisplay
internal import Viewer

/// Where a window is, and how large it may be: on which monitor, in windows and full screen. Sizes are SDL's: pixels on X11, logical ones on
/// Wayland.
@MainActor
final class WindowPlacement {
    private let window: OpaquePointer
    private let monitors: SDLMonitors
    private let kind: DisplayConnection.Kind
    // How many windows there were before it: each has a place of its own.
    private let index: Int
    // The monitor that it was told to fill; Wayland does not tell where windows are.
    private var filled: Monitor?
    // What X11's window manager says; without one, where the window was before it filled its monitor.
    private var isFullOnX11 = false
    private var frameBefore: Rect?

    init(window: OpaquePointer, monitors: SDLMonitors, kind: DisplayConnection.Kind, index: Int) {
        self.window = window
        self.monitors = monitors
        self.kind = kind
        self.index = index
    }

    /// The window's monitor; nil when unknown.
    var monitor: Monitor? {
        switch kind {
        case .x11: return monitors.monitor(showing: frame)
        case .wayland: return isFullScreen ? filled : nil
        case .other: return monitors.monitor(displayIndex)
        }
    }

    /// Frames a second of the window's monitor.
    var refreshRate: Double {
        var mode = SDL_DisplayMode()
        guard SDL_GetDesktopDisplayMode(displayIndex, &mode) == 0, mode.refresh_rate > 0 else {
            return 60
        }
        return Double(mode.refresh_rate)
    }

    /// Makes the window's area that large, or as large as its monitor allows in the same aspect. Returns the size that it then has.
    func resize(width: Double, height: Double, isShown: Bool) -> Size {
        let limit = largestArea
        let factor = min(1, Double(limit.width) / width, Double(limit.height) / height)
        let size = Size(
            width: max(1, Int((width * factor).rounded(.up))),
            height: max(1, Int((height * factor).rounded(.up))))
        SDL_SetWindowSize(window, Int32(clamping: size.width), Int32(clamping: size.height))
        place(size, isShown: isShown)
        return size
    }

    /// Begins or ends full screen. Without a monitor it is the display server's choice.
    func setFullScreen(_ on: Bool, monitor: Monitor?) {
        guard kind != .other else { return }
        if kind == .x11 { return fillOnX11(on, monitor: monitor) }
        if on, isFullScreen, let monitor, monitor != self.monitor {
            // SDL leaves a full-screen window where it is.
            SDL_SetWindowFullscreen(window, 0)
        }
        filled = on ? monitor : nil
        guard on else {
            SDL_SetWindowFullscreen(window, 0)
            return
        }
        if let monitor {
            move(to: monitor)
        } else if swiftvm_sdl_fill_any_monitor(window) {
            return
        }
        SDL_SetWindowFullscreen(window, SDL_WINDOW_FULLSCREEN_DESKTOP.rawValue)
    }

    /// How large a picture of that many pixels is on the window's monitor; zero when the monitor does not say.
    func millimetres(of size: Size) -> Size {
        guard let monitor = monitor ?? monitors.monitor(displayIndex),
            !monitor.millimetres.isEmpty, !monitor.pixelSize.isEmpty
        else { return .zero }
        return Size(
            width: size.width * monitor.millimetres.width / monitor.pixelSize.width,
            height: size.height * monitor.millimetres.height / monitor.pixelSize.height)
    }

    /// Whether the window is full screen.
    var isFullScreen: Bool {
        kind == .x11
            ? isFullOnX11 : SDL_GetWindowFlags(window) & SDL_WINDOW_FULLSCREEN.rawValue != 0
    }

    /// X11's window manager has changed the window's state.
    func noteState() {
        isFullOnX11 = frameBefore != nil || swiftvm_sdl_x11_is_full(window)
    }

    // Window managers make a window full screen on the monitor that it is on, as far as they know, and leave a full-screen one where it is. They
    // take what they are asked for in its order.
    private func fillOnX11(_ on: Bool, monitor: Monitor?) {
        if on, isFullScreen, let monitor, monitor != self.monitor { askOnX11(false, monitor: nil) }
        if on, let monitor { move(to: monitor) }
        askOnX11(on, monitor: monitor ?? self.monitor)
    }

    private func askOnX11(_ on: Bool, monitor: Monitor?) {
        if swiftvm_sdl_x11_fill(window, on) { return }
        // Nobody manages windows: a place and a size is all there is to it.
        guard let place = on ? monitor?.frame : frameBefore else { return }
        frameBefore = on ? frameBefore ?? frame : nil
        SDL_SetWindowPosition(window, Int32(clamping: place.x), Int32(clamping: place.y))
        SDL_SetWindowSize(window, Int32(clamping: place.width), Int32(clamping: place.height))
        noteState()
    }

    private var displayIndex: Int32 { max(0, SDL_GetWindowDisplayIndex(window)) }

    private var frame: Rect {
        var (x, y, width, height): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
        SDL_GetWindowPosition(window, &x, &y)
        SDL_GetWindowSize(window, &width, &height)
        return Rect(x: Int(x), y: Int(y), width: Int(width), height: Int(height))
    }

    // On Wayland SDL asks for the monitor of the place that it believes the window to be at.
    private func move(to monitor: Monitor) {
        if kind == .x11 {
            let size = frame.size
            let x = monitor.frame.x + max(0, (monitor.frame.width - size.width) / 2)
            let y = monitor.frame.y + max(0, (monitor.frame.height - size.height) / 2)
            SDL_SetWindowPosition(window, Int32(clamping: x), Int32(clamping: y))
        } else if let number = monitors.number(of: monitor) {
            // SDL_WINDOWPOS_CENTERED_DISPLAY, a macro.
            let centred = 0x2fff_0000 | number
            SDL_SetWindowPosition(window, centred, centred)
        }
    }

    // The monitor's work area less a title bar and borders.
    private var largestArea: Size {
        guard let bounds = workArea else { return Size(width: 1024, height: 768) }
        let edges = borders
        return Size(
            width: max(bounds.width - edges.left - edges.right, 320),
            height: max(bounds.height - edges.top - edges.bottom, 200))
    }

    // Puts a window of that size where all of it can be seen: in the middle of the monitor's work area, each next one a little lower; one that
    // is shown only as far as it must move. On Wayland places are the compositor's business.
    private func place(_ size: Size, isShown: Bool) {
        guard kind == .x11, !isFullScreen, let bounds = workArea else { return }
        let now = frame
        var (x, y) = (now.x, now.y)
        if !isShown {
            x = bounds.x + (bounds.width - size.width) / 2 + index * 40
            y = bounds.y + (bounds.height - size.height) / 2 + index * 40
        }
        let edges = borders
        x = max(bounds.x + edges.left, min(x, bounds.maxX - edges.right - size.width))
        y = max(bounds.y + edges.top, min(y, bounds.maxY - edges.bottom - size.height))
        if !isShown || (x, y) != (now.x, now.y) {
            SDL_SetWindowPosition(window, Int32(clamping: x), Int32(clamping: y))
        }
    }

    // What of the monitor no panel covers. SDL may take several monitors of X11 for one.
    private var workArea: Rect? {
        var bounds = SDL_Rect()
        guard SDL_GetDisplayUsableBounds(displayIndex, &bounds) == 0 else { return nil }
        let area = Rect(
            x: Int(bounds.x), y: Int(bounds.y), width: Int(bounds.w), height: Int(bounds.h))
        guard kind == .x11, let monitor = monitor ?? monitors.all.first else { return area }
        let common = area.intersection(monitor.frame)
        return common.isEmpty ? monitor.frame : common
    }

    private var borders: (top: Int, left: Int, bottom: Int, right: Int) {
        var (top, left, bottom, right): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
        SDL_GetWindowBordersSize(window, &top, &left, &bottom, &right)
        // Before the window is shown nothing is known of them; a title bar is likely, and the rest narrow.
        return (top == 0 ? 40 : Int(top), Int(left), Int(bottom), Int(right))
    }
}
