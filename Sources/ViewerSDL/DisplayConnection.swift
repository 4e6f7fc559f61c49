internal import CSDL
internal import CShims
internal import CShimsSDL
internal import Dispatch
internal import Glibc

/// The display server's connection under SDL, and the main loop's one wait: for the server, for work on the main queue, or for a time.
@MainActor
struct DisplayConnection {
    /// The server's kind.
    enum Kind: Hashable {
        case x11, wayland
        /// No server: bare KMS.
        case other
    }

    let kind: Kind
    /// `Display *` or `wl_display *`; on bare KMS `struct gbm_device *`.
    let native: UnsafeMutableRawPointer?
    private let connection: swiftvm_sdl_connection
    // Puts `@MainActor` on SDL's loop: neither runs the other by itself.
    private let queue = _dispatch_get_main_queue_handle_4CF()

    /// The connection of a window.
    init(of window: OpaquePointer) {
        connection = swiftvm_sdl_connection_of(window)
        native = connection.display
        switch connection.kind {
        case SWIFTVM_SDL_X11:
            kind = .x11
            swiftvm_sdl_note_x11_end(connection.display!)
        case SWIFTVM_SDL_WAYLAND: kind = .wayland
        default: kind = .other
        }
    }

    /// Whether the server is gone; nothing may be asked of it then.
    var hasEnded: Bool { swiftvm_sdl_has_ended(connection) }

    /// Waits until there may be something to do, also on the descriptor `other`, at most `milliseconds` (nil: without end).
    func wait(milliseconds: Int?, other: Int32?) {
        var limit = milliseconds
        // Input is read only when SDL is asked for it: on bare KMS nothing else wakes.
        if kind == .other { limit = min(limit ?? 4, 4) }
        // SDL repeats a key that is held on Wayland itself, when it is asked for events.
        if kind == .wayland, isAnyKeyHeld { limit = min(limit ?? 10, 10) }
        // On X11 SDL keeps the screen awake by saying so twice a minute.
        if kind == .x11, SDL_IsScreenSaverEnabled() == SDL_FALSE {
            limit = min(limit ?? 10_000, 10_000)
        }
        swiftvm_sdl_wait(
            connection, queue, other ?? -1, limit.map { Int32(clamping: $0) } ?? -1)
    }

    /// Does the work that waits on the main queue.
    func runMainQueue() {
        var waiting = pollfd(fd: queue, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, 0) > 0 else { return }
        var count: UInt64 = 0
        read(queue, &count, MemoryLayout.size(ofValue: count))
        _dispatch_main_queue_callback_4CF(nil)
    }

    private var isAnyKeyHeld: Bool {
        var count: Int32 = 0
        guard let keys = SDL_GetKeyboardState(&count) else { return false }
        return UnsafeBufferPointer(start: keys, count: Int(count)).contains { $0 != 0 }
    }
}
