internal import CSDL
internal import CShimsSDL
internal import GuestDisplay
internal import Viewer

extension HeadWindow {
    /// The window itself changed.
    func handle(_ event: SDL_WindowEvent) {
        switch UInt32(event.event) {
        case SDL_WINDOWEVENT_EXPOSED.rawValue, SDL_WINDOWEVENT_SHOWN.rawValue,
            SDL_WINDOWEVENT_RESTORED.rawValue:
            redraw()
        case SDL_WINDOWEVENT_HIDDEN.rawValue, SDL_WINDOWEVENT_MINIMIZED.rawValue:
            controller.arrivals.forbid()
        case SDL_WINDOWEVENT_SIZE_CHANGED.rawValue:
            redraw()
            controller.areaResized()
        case SDL_WINDOWEVENT_DISPLAY_CHANGED.rawValue:
            controller.scaleFactorChanged()
            controller.monitorChanged()
            redraw()
        case SDL_WINDOWEVENT_ENTER.rawValue:
            updateCursor()
        case SDL_WINDOWEVENT_FOCUS_GAINED.rawValue:
            foreignKeys = HeadWindow.heldModifiers
            redrawDecorations()
            if !menu.isOpen { controller.input.focusChanged(true) }
        case SDL_WINDOWEVENT_FOCUS_LOST.rawValue:
            foreignKeys = []
            redrawDecorations()
            menuKeys = KeyboardState()
            controller.input.focusChanged(false)
        case SDL_WINDOWEVENT_CLOSE.rawValue:
            controller.wantsToClose()
        default: break
        }
        noteFullScreen()
    }

    // SDL tells of modifiers that are down already as if they were pressed in the window.
    private static var heldModifiers: Set<EvdevKey> {
        var count: Int32 = 0
        guard let keys = SDL_GetKeyboardState(&count) else { return [] }
        let modifiers = [
            SDL_SCANCODE_LCTRL, SDL_SCANCODE_RCTRL, SDL_SCANCODE_LSHIFT, SDL_SCANCODE_RSHIFT,
            SDL_SCANCODE_LALT, SDL_SCANCODE_RALT, SDL_SCANCODE_LGUI, SDL_SCANCODE_RGUI,
        ]
        return Set(
            modifiers.filter { keys[Int($0.rawValue)] != 0 }.compactMap {
                EvdevKey(sdlScancode: $0.rawValue)
            })
    }

    /// A key of this window went down or up.
    func handle(_ event: SDL_KeyboardEvent) {
        guard let key = EvdevKey(sdlScancode: event.keysym.scancode.rawValue) else { return }
        let isPressed = event.type == SDL_KEYDOWN.rawValue
        if foreignKeys.contains(key) {
            if !isPressed { foreignKeys.remove(key) }
            return
        }
        if menu.isOpen {
            menuKey(key, isPressed: isPressed, isRepeat: event.`repeat` != 0)
        } else {
            _ = controller.input.key(key, isPressed: isPressed)
        }
    }

    private func menuKey(_ key: EvdevKey, isPressed: Bool, isRepeat: Bool) {
        guard isPressed else {
            _ = menuKeys.release(key)
            _ = controller.input.key(key, isPressed: false)
            return
        }
        controller.input.ignore(key)
        let shortcut = Shortcut.matching(key, in: menuKeys)
        if shortcut == .menu, !isRepeat {
            menu.close()
            return
        }
        _ = menuKeys.press(key)
        if shortcut == nil { menu.pressed(key, isRepeat: isRepeat) }
    }

    /// The pointer is at another place of this window.
    func handle(_ event: SDL_MouseMotionEvent) {
        let ratio = pixelRatio
        if controller.input.holdsPointer {
            // On X11 the counts come another way, none of them left out.
            if toolkit.hasRawMotion { return }
            controller.input.pointerMoved(dx: Double(event.xrel), dy: Double(event.yrel))
        } else {
            moved(x: Double(event.x) * ratio, y: Double(event.y) * ratio)
        }
    }

    /// The held pointer moved by so many counts.
    func moved(dx: Double, dy: Double) {
        controller.input.pointerMoved(dx: dx, dy: dy)
    }

    private func moved(x: Double, y: Double) {
        if menu.isOpen {
            menu.pointerMoved(x: x, y: y)
        } else {
            controller.input.pointerMoved(x: x, y: y)
        }
    }

    /// A button went down or up in this window.
    func handle(_ event: SDL_MouseButtonEvent) {
        guard let button = PointerButton(sdl: event.button) else { return }
        let ratio = pixelRatio
        let place = (x: Double(event.x) * ratio, y: Double(event.y) * ratio)
        let isPressed = event.type == SDL_MOUSEBUTTONDOWN.rawValue
        if menu.isOpen {
            if isPressed, button == .left { menu.pressed(x: place.x, y: place.y) }
            return
        }
        if isPressed, !controller.input.holdsPointer {
            controller.input.pointerMoved(x: place.x, y: place.y)
        }
        controller.input.button(button, isPressed: isPressed)
    }

    /// The wheel turned over this window.
    func handle(_ event: SDL_MouseWheelEvent) {
        let flip = event.direction == SDL_MOUSEWHEEL_FLIPPED.rawValue ? -1.0 : 1.0
        // SDL's wheel goes up where a guest's counts down.
        let (dx, dy) = (Double(event.preciseX) * flip, -Double(event.preciseY) * flip)
        if menu.isOpen {
            menu.wheel(dy: dy)
        } else {
            controller.input.wheel(dx: dx, dy: dy)
        }
    }
}
