internal import CSDL
internal import CShimsSDL
internal import GuestDisplay
internal import GuestDisplayGL
internal import Logging
internal import Viewer

/// SDL, for one program.
@MainActor
final class SDLToolkit: ViewerToolkit {
    let cursors: CursorShapes
    /// Whether a held pointer's counts do not come as SDL's events.
    var hasRawMotion: Bool { rawMotion != nil }
    private let logger: Logger
    private let rendering: Rendering
    private let monitorList: SDLMonitors
    private let rawMotion: OpaquePointer?
    private let keeper: FullScreenKeeper?
    private var windows: [HeadWindow] = []
    private var isPointerHeld = false
    // Milliseconds until a window draws; nil when an event must come first.
    private var nextDraw: Int? = 0

    init(_ options: ViewerOptions, logger: Logger) throws(DisplayError) {
        self.logger = logger
        rendering = try Rendering(options, logger: logger)
        cursors = CursorShapes(connection: rendering.connection)
        monitorList = SDLMonitors(kind: rendering.connection.kind, logger: logger)
        if rendering.connection.kind == .x11 { swiftvm_sdl_x11_pass_events() }
        keeper =
            rendering.connection.kind == .wayland ? FullScreenKeeper(monitors: monitorList) : nil
        rawMotion =
            rendering.connection.kind == .x11
            ? swiftvm_sdl_motion_open(rendering.connection.native!) : nil
    }

    /// Logs what failed.
    func complain(_ text: String) { logger.error("\(text)") }

    /// Whether the display server has gone away; SDL must not be asked for anything then.
    var isGone: Bool { rendering.connection.hasEnded }

    /// On bare KMS, SDL's windows would wait for each other.
    var windowLimit: Int? { rendering.connection.kind == .other ? 1 : nil }

    var rendererDescription: String { rendering.description }

    func makePictures() -> IngestHead { rendering.ingest.makeHead() }

    func makeWindow(for controller: HeadController<IngestHead>) throws(DisplayError)
        -> any ViewerWindow
    {
        let window = try rendering.makeWindow()
        let head = HeadWindow(
            controller: controller, toolkit: self, window: window.window,
            presenter: window.presenter,
            placement: WindowPlacement(
                window: window.window, monitors: monitorList, kind: rendering.connection.kind,
                index: windows.count))
        windows.append(head)
        return head
    }

    var monitors: [Monitor] { monitorList.all }

    /// Called when monitors came, went or changed.
    func onMonitorChange(_ body: @escaping @MainActor () -> Void) { monitorList.onChange = body }

    /// A window is closed.
    func remove(_ window: HeadWindow) {
        windows.removeAll { $0 === window }
        keeper?.forget(window)
    }

    /// Takes a window of SDL's from the screen.
    func hide(_ window: OpaquePointer) { rendering.hide(window) }

    /// Ends a closed window of SDL's.
    func discard(_ window: OpaquePointer) { rendering.discard(window) }

    func setIdleInhibited(_ on: Bool, by window: any ViewerWindow) {
        guard !isGone else { return }
        on ? SDL_DisableScreenSaver() : SDL_EnableScreenSaver()
    }

    /// Hides the pointer and takes its motion as counts, or no longer; false when the display server cannot.
    func setPointerHeld(_ on: Bool) -> Bool {
        guard on != isPointerHeld else { return true }
        guard SDL_SetRelativeMouseMode(on ? SDL_TRUE : SDL_FALSE) == 0 else {
            logger.debug("the pointer cannot be held: \(SDLLibrary.lastError)")
            return false
        }
        isPointerHeld = on
        if let rawMotion { swiftvm_sdl_motion_set(rawMotion, on) }
        return true
    }

    /// Frees all; after the windows are closed.
    func stop() {
        cursors.close()
        rendering.stop()
    }
}

// MARK: - Events

extension SDLToolkit {
    /// Waits for something to do, then handles what SDL has, does the main queue's work, and draws what is due.
    func runOnce() {
        rendering.connection.wait(
            milliseconds: nextDraw, other: rawMotion.map { swiftvm_sdl_motion_descriptor($0) })
        rendering.connection.runMainQueue()
        nextDraw = nil
        var event = SDL_Event()
        while !isGone, SDL_PollEvent(&event) != 0 {
            // What came before a press, on the other connection, is told before it.
            passMotion()
            handle(event)
        }
        passMotion()
        if !isGone { keeper?.keep(windows) }
        for window in windows where !isGone {
            if let due = window.drawIfDue() { nextDraw = min(nextDraw ?? due, due) }
        }
    }

    private func passMotion() {
        guard isPointerHeld, !isGone, let rawMotion else { return }
        var (dx, dy) = (0.0, 0.0)
        while isPointerHeld, swiftvm_sdl_motion_next(rawMotion, &dx, &dy) {
            windows.first { $0.controller.input.holdsPointer }?.moved(dx: dx, dy: dy)
        }
    }

    private func handle(_ event: SDL_Event) {
        switch event.type {
        case SDL_DISPLAYEVENT.rawValue: monitorList.changeSoon()
        case SDL_SYSWMEVENT.rawValue: passChange(event)
        case SDL_WINDOWEVENT.rawValue: window(event.window.windowID)?.handle(event.window)
        case SDL_KEYDOWN.rawValue, SDL_KEYUP.rawValue:
            window(event.key.windowID)?.handle(event.key)
        case SDL_MOUSEMOTION.rawValue: window(event.motion.windowID)?.handle(event.motion)
        case SDL_MOUSEBUTTONDOWN.rawValue, SDL_MOUSEBUTTONUP.rawValue:
            window(event.button.windowID)?.handle(event.button)
        case SDL_MOUSEWHEEL.rawValue: window(event.wheel.windowID)?.handle(event.wheel)
        default: break
        }
    }

    private func passChange(_ event: SDL_Event) {
        let change = withUnsafePointer(to: event) { swiftvm_sdl_x11_change_of($0) }
        guard change.kind != SWIFTVM_SDL_X11_NONE else { return }
        let window = windows.first { $0.xWindow == change.window }
        if change.kind == SWIFTVM_SDL_X11_DESTROYED {
            window?.controller.windowLost()
        } else {
            window?.stateChanged()
        }
    }

    private func window(_ identifier: UInt32) -> HeadWindow? {
        windows.first { $0.identifier == identifier }
    }
}
