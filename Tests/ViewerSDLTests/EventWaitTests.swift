import CSDL
import CShimsSDL
import Dispatch
import Synchronization
import SystemPackage
import Testing

/// The wait of the main loop and SDL's own queue of events.
@MainActor
struct EventWaitTests {
    /// A descriptor that ends a wait which nothing else ends.
    private final class Ending: Sendable {
        let descriptor: FileDescriptor
        private let other: FileDescriptor
        private let isOver = Mutex(false)

        var hasCome: Bool { isOver.withLock { $0 } }

        init(after seconds: Double) throws {
            (descriptor, other) = try FileDescriptor.pipe()
            DispatchQueue.global().asyncAfter(deadline: .now() + seconds) { [self] in
                isOver.withLock { $0 = true }
                _ = try? other.writeAll([0])
            }
        }

        deinit {
            try? descriptor.close()
            try? other.close()
        }
    }

    private let connection = swiftvm_sdl_connection(kind: SWIFTVM_SDL_OTHER, display: nil)

    /// Whether the wait ended of itself.
    private func waitEnds(within seconds: Double) throws -> Bool {
        let ending = try Ending(after: seconds)
        swiftvm_sdl_wait(connection, ending.descriptor.rawValue, -1, -1)
        return !ending.hasCome
    }

    @Test("An event that came while another was handled is not waited for")
    func late() throws {
        SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1")
        try #require(SDL_InitSubSystem(SDL_INIT_EVENTS) == 0)
        defer { SDL_Quit() }
        var event = SDL_Event(user: SDL_UserEvent())
        event.type = SDL_USEREVENT.rawValue
        event.user.code = 1
        SDL_PushEvent(&event)
        var seen: [Int32] = []
        func poll() {
            var event = SDL_Event()
            while SDL_PollEvent(&event) != 0 {
                seen.append(event.user.code)
                guard event.user.code == 1 else { continue }
                event.user.code = 2
                SDL_PushEvent(&event)
            }
        }
        poll()
        #expect(seen == [1], "SDL's mark stands between them")
        let isEnded = try waitEnds(within: 20)
        #expect(isEnded)
        poll()
        #expect(seen == [1, 2])
        // The mark itself, which now stands alone, is none.
        SDL_PushEvent(&event)
        #expect(SDL_PollEvent(&event) == 1)
        let isEndedAgain = try waitEnds(within: 0.1)
        #expect(!isEndedAgain)
    }
}
