internal import CSDL
internal import CShimsSDL
internal import Dispatch
internal import GuestDisplay
internal import GuestDisplayGL
internal import Viewer

/// The window of one head. What it shows and what its events mean is its controller's business.
@MainActor
final class HeadWindow {
    /// SDL's window.
    let window: OpaquePointer
    /// SDL's number of it, which events carry.
    let identifier: UInt32
    /// X11's number of it; 0 elsewhere.
    var xWindow: UInt { swiftvm_sdl_x11_window(window) }
    /// Drawn over the picture; takes all input while it is open.
    let menu: OnScreenMenu
    let controller: HeadController<IngestHead>
    unowned let toolkit: SDLToolkit
    /// Keys that were down before the window had the keyboard; their owner hears of their release.
    var foreignKeys: Set<EvdevKey> = []
    /// Keys as the menu sees them, for its own shortcut.
    var menuKeys = KeyboardState()

    private let placement: WindowPlacement
    private let presenter: any Presenter
    // Wayland tells when it wants a frame; elsewhere frames come no faster than the monitor's.
    private let frameWish: OpaquePointer?
    private var nextFrame = DispatchTime(uptimeNanoseconds: 0)
    private var needsDraw = false {
        didSet { if needsDraw { controller.arrivals.forbid() } }
    }
    private var drawsNow = false
    private var complained = false
    private var wasFullScreen = false
    private var isShown = false
    // Full screen, and where, once it is shown.
    private var wish: Monitor??
    private var isClosed = false
    private var cursor = WindowCursor.standard

    init(
        controller: HeadController<IngestHead>, toolkit: SDLToolkit, window: OpaquePointer,
        presenter: any Presenter, placement: WindowPlacement
    ) {
        self.controller = controller
        self.toolkit = toolkit
        self.window = window
        self.presenter = presenter
        self.placement = placement
        identifier = SDL_GetWindowID(window)
        frameWish = swiftvm_sdl_frame_new(window)
        menu = OnScreenMenu { [unowned controller] in controller.menu }
        menu.onChange = { [unowned self] in menuChanged() }
        SDL_SetWindowMinimumSize(window, 160, 120)
    }

    private var flags: UInt32 { toolkit.isGone ? 0 : SDL_GetWindowFlags(window) }

    func has(_ flag: SDL_WindowFlags) -> Bool { flags & flag.rawValue != 0 }

    /// Pixels that one of SDL's units has.
    var pixelRatio: Double {
        let size = logicalSize
        guard size.width > 0, !toolkit.isGone else { return 1 }
        return Double(pixelSize.width) / Double(size.width)
    }

    private var logicalSize: Size {
        var (width, height): (Int32, Int32) = (0, 0)
        SDL_GetWindowSize(window, &width, &height)
        return Size(width: Int(width), height: Int(height))
    }

    private var pixelSize: Size {
        var (width, height): (Int32, Int32) = (0, 0)
        SDL_GetWindowSizeInPixels(window, &width, &height)
        return Size(width: Int(width), height: Int(height))
    }

    /// Whether it is on screen as far as SDL knows.
    private var isVisible: Bool {
        isShown && !isClosed && !has(SDL_WINDOW_HIDDEN) && !has(SDL_WINDOW_MINIMIZED)
    }

    /// Draws if there is something to draw and it is time. Returns after how many milliseconds it will be; nil when only an event can
    /// tell.
    func drawIfDue() -> Int? {
        guard needsDraw, isVisible, !toolkit.isGone else { return nil }
        let now = DispatchTime.now()
        if let elapsed = controller.arrivals.elapsed, elapsed < frameInterval {
            nextFrame = max(nextFrame, now + .nanoseconds(Int(frameInterval - elapsed)))
        }
        if let frameWish, !swiftvm_sdl_frame_is_pending(frameWish) { nextFrame = now }
        if now < nextFrame, !drawsNow {
            let wait = nextFrame.uptimeNanoseconds - now.uptimeNanoseconds
            return Int((wait + 999_999) / 1_000_000)
        }
        needsDraw = false
        drawsNow = false
        guard var frame = controller.frame() else { return nil }
        let size = drawingArea
        if let layer = menu.layer(in: size, scale: scaleFactor) { frame.layers.append(layer) }
        if let frameWish {
            swiftvm_sdl_frame_request(frameWish)
            // A compositor asks for no frame of a window that is out of sight, and may forget to when it comes into sight again.
            nextFrame = now + .seconds(1)
        } else {
            nextFrame = now + .nanoseconds(Int(frameInterval))
        }
        do throws(DisplayError) {
            try presenter.present(frame, window: size)
            if !needsDraw, let show = presenter.showsNext {
                frame.arrivals.allow(interval: frameInterval, show)
            }
        } catch {
            if !complained { toolkit.complain("cannot draw: \(error)") }
            complained = true
            // The guest may be still from here on.
            needsDraw = true
            nextFrame = now + .seconds(1)
            return 1000
        }
        return nil
    }

    /// The time between two of the monitor's frames, in nanoseconds.
    private var frameInterval: UInt64 { UInt64(1_000_000_000 / placement.refreshRate) }

    /// What it showed is lost, or it has another size: draws at once, whatever the compositor says.
    func redraw() {
        presenter.invalidate()
        drawsNow = true
        needsDraw = true
    }

    /// A title bar that libdecor has drawn anew shows with the window's next frame, which a still guest does not bring.
    func redrawDecorations() {
        if frameWish != nil { redraw() }
    }

    /// X11's window manager has changed its state.
    func stateChanged() {
        placement.noteState()
        noteFullScreen()
    }

    /// Follows a change of full screen, which SDL does not tell as an event.
    func noteFullScreen() {
        let isNow = isFullScreen
        guard isNow != wasFullScreen, isShown else { return }
        wasFullScreen = isNow
        controller.fullScreenChanged()
    }

    /// Shows the pointer's shape, when the pointer is in this window.
    func updateCursor() {
        guard !toolkit.isGone, SDL_GetMouseFocus() == window else { return }
        toolkit.cursors.show(
            menu.isOpen ? .standard : cursor, scale: max(1, Int(pixelRatio.rounded(.up))))
    }

    /// Whether it is full screen on that monitor.
    func fills(_ monitor: Monitor) -> Bool { isFullScreen && placement.monitor == monitor }

    /// Takes a full-screen window from the screen and puts it there again.
    func mapAnew() {
        guard isFullScreen, !isClosed, let monitor = placement.monitor else { return }
        placement.setFullScreen(false, monitor: nil)
        SDL_HideWindow(window)
        SDL_ShowWindow(window)
        placement.setFullScreen(true, monitor: monitor)
        noteFullScreen()
        redraw()
    }

    private func menuChanged() {
        if !menu.isOpen {
            menuKeys = KeyboardState()
            // In full screen the guest gets the keyboard back.
            if isActive { controller.input.focusChanged(true) }
        }
        updateCursor()
        queueDraw()
    }
}

extension HeadWindow: ViewerWindow {
    var drawingArea: Size { isShown && !toolkit.isGone ? pixelSize : .zero }

    var scaleFactor: Int { max(1, Int(pixelRatio.rounded(.up))) }

    var isActive: Bool { has(SDL_WINDOW_INPUT_FOCUS) }

    var isFullScreen: Bool { isShown && !toolkit.isGone && placement.isFullScreen }

    func show() {
        guard !toolkit.isGone else { return }
        SDL_ShowWindow(window)
        isShown = true
        if let wish { placement.setFullScreen(true, monitor: wish) }
        wish = nil
        controller.mapped()
        noteFullScreen()
        controller.areaResized()
        redraw()
    }

    func hide() {
        guard !toolkit.isGone else { return }
        isShown = false
        controller.arrivals.forbid()
        toolkit.hide(window)
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        toolkit.remove(self)
        guard !toolkit.isGone else { return }
        controller.arrivals.forbid()
        presenter.close()
        if let frameWish { swiftvm_sdl_frame_free(frameWish) }
        toolkit.discard(window)
    }

    func queueDraw() { needsDraw = true }

    func setTitle(_ title: String) {
        guard !toolkit.isGone else { return }
        SDL_SetWindowTitle(window, title)
        swiftvm_sdl_name_window(window, title)
        redrawDecorations()
    }

    func setCursor(_ cursor: WindowCursor) {
        self.cursor = cursor
        updateCursor()
    }

    func fit(to guest: Size) -> Size {
        guard !toolkit.isGone, !has(SDL_WINDOW_MAXIMIZED) else { return .zero }
        let ratio = pixelRatio
        let size = placement.resize(
            width: Double(guest.width) / ratio, height: Double(guest.height) / ratio,
            isShown: isShown)
        if isShown { controller.areaResized() }
        return Size(
            width: Int((Double(size.width) * ratio).rounded()),
            height: Int((Double(size.height) * ratio).rounded()))
    }

    func setFullScreen(_ on: Bool, monitor: Monitor?) {
        guard !toolkit.isGone else { return }
        guard isShown else {
            wish = on ? .some(monitor) : nil
            return
        }
        placement.setFullScreen(on, monitor: monitor)
        noteFullScreen()
    }

    var monitor: Monitor? { toolkit.isGone ? nil : placement.monitor }

    func millimetres(of size: Size) -> Size {
        toolkit.isGone ? .zero : placement.millimetres(of: size)
    }

    func raise() {
        if isVisible, !toolkit.isGone { SDL_RaiseWindow(window) }
    }

    func openMenu() { menu.open() }

    func menuDidChange() { menu.menuDidChange() }

    func beginGrab(pointer: Bool) -> Bool {
        guard !toolkit.isGone else { return false }
        if pointer {
            guard toolkit.setPointerHeld(true) else { return false }
        }
        SDL_SetWindowKeyboardGrab(window, SDL_TRUE)
        return true
    }

    func endGrab() {
        guard !toolkit.isGone else { return }
        _ = toolkit.setPointerHeld(false)
        SDL_SetWindowKeyboardGrab(window, SDL_FALSE)
    }

    func complain(_ text: String, details: String) {
        ask(text, details: details, answers: [Answer(label: "Close", isDestructive: false) {}])
    }

    func ask(_ question: String, details: String, answers: [Answer]) {
        // The answer's keys are not the guest's.
        controller.input.releaseAll()
        controller.input.endGrab()
        menu.ask(question, details: details, answers: answers)
    }

    func askWhereToSave(suggestedName: String, chosen: @escaping @MainActor (String) -> Void) {
        let path = ScreenshotFolder.unused(suggestedName)
        ask(
            "Save the screenshot?", details: path,
            answers: [
                Answer(label: "Cancel", isDestructive: false) {},
                Answer(label: "Save", isDestructive: false) { chosen(path) },
            ])
    }
}
