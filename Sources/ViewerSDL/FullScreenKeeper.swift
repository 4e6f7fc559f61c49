internal import CShimsSDL
internal import GuestDisplay
internal import Viewer

/// Keeps full-screen windows on their Wayland monitors. SDL 2.26 minimizes the window that fills a monitor as soon as another full-screen one
/// touches that monitor (`Wayland_move_window` in SDL_waylandwindow.c), which compositors let a surface do for a moment while it comes to
/// the screen. A Wayland window cannot ask to be shown again, so it is mapped anew.
@MainActor
final class FullScreenKeeper {
    private let monitors: SDLMonitors
    /// For each window, by SDL's number: where SDL took it to be last, and whether SDL minimized it.
    private var places: [UInt32: Monitor] = [:]
    private var minimized: Set<UInt32> = []
    // A compositor that lets windows touch each other's monitors each time must not keep us at it.
    private var tries: [UInt32: Int] = [:]

    init(monitors: SDLMonitors) {
        self.monitors = monitors
        swiftvm_sdl_watch_moves()
    }

    /// Follows SDL's steps since the last time, and puts right what it did to full-screen windows. Called after SDL's events are handled.
    func keep(_ windows: [HeadWindow]) {
        var (number, x, y): (UInt32, Int32, Int32) = (0, 0, 0)
        while swiftvm_sdl_next_move(&number, &x, &y) {
            let place = monitors.all.first { $0.frame.x == x && $0.frame.y == y }
            places[number] = place
            guard let place, windows.contains(where: { $0.identifier == number && $0.isFullScreen })
            else { continue }
            for other in windows where other.identifier != number && other.fills(place) {
                minimized.insert(other.identifier)
            }
        }
        for window in windows where !window.isFullScreen {
            minimized.remove(window.identifier)
            tries[window.identifier] = nil
        }
        for window in windows where minimized.contains(window.identifier) {
            // One that stays on its monitor is there because somebody moved it.
            let isCovered = windows.contains {
                $0 !== window && $0.isFullScreen
                    && places[$0.identifier].map(window.fills) == true
            }
            if isCovered { continue }
            minimized.remove(window.identifier)
            tries[window.identifier, default: 0] += 1
            if tries[window.identifier]! <= 3 { window.mapAnew() }
        }
    }

    /// The window is closed.
    func forget(_ window: HeadWindow) {
        places[window.identifier] = nil
        minimized.remove(window.identifier)
        tries[window.identifier] = nil
    }
}
