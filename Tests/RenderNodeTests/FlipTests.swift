import CEpoxy
import Dispatch
import DisplayTesting
import Glibc
import GuestDisplay
import Synchronization
import Testing

@testable import GuestDisplayGL
@testable import QEMUSource

extension RenderNodeTests {
    /// A guest that flips between buffers as fast as it may, and windows that draw what comes: what a window shows is always one frame, and never an
    /// older one than before.
    @Suite(.serialized) struct FlipTests {
        private static let size = Size(width: 320, height: 200)

        /// How a window takes its time.
        enum Pace: String, CaseIterable {
            /// It draws what is there, at once.
            case prompt
            /// It draws each picture twice, the second time when the guest has drawn others since.
            case late
        }

        @Test(
            "Every capture is one whole frame, and none goes back",
            arguments: ReleasePolicy.allCases,
            [[Pace.prompt], [.prompt, .prompt], [.late], [.prompt, .late]])
        func order(policy: ReleasePolicy, windows: [Pace]) throws {
            let run = try FlipRun(policy, windows, buffers: 2)
            let captures = try run.flips(120)
            #expect(captures.mixed == 0, "of two frames")
            #expect(captures.backward == 0, "older than the one before")
            #expect(captures.changed == 0, "another than before, of the same picture")
            #expect(captures.count > 0)
            #expect(run.failures == [])
            if policy == .afterDraw, windows == [.prompt] {
                #expect(run.head.counters.direct > 0, "all was copied")
            }
            if policy == .afterCopy { #expect(run.head.counters.direct == 0) }
        }

        /// A picture in hand while the guest flips on: it stays what it is, but where its frame was given back too early.
        @Test(arguments: [false, true]) func pictureInHand(releasesEarly: Bool) throws {
            let run = try FlipRun(.afterDraw, [], buffers: 2, releasesEarly: releasesEarly)
            defer { run.end() }
            let view = try View(WireRig.gpu.get())
            defer { view.close() }
            let window = Size(width: 300, height: 220)
            var held: (picture: Picture, number: Int)?
            for number in 1...8 {
                try run.flip(number)
                let picture = try run.picture()
                let seen = try view.capture(picture, window)
                #expect(seen == (number, number))
                held = (picture, number)
            }
            #expect(run.head.counters.direct > 0)
            let (picture, number) = try #require(held)
            held = nil
            for next in 1...2 { try run.flip(number + next) }
            try run.finishDrawing()
            let seen = try view.capture(picture, window)
            #expect((seen != (number, number)) == releasesEarly, "\(seen) instead of \(number)")
        }

        /// One run of a guest.
        private final class FlipRun {
            let head: IngestHead
            private let ingest: Ingest
            private let rig: WireRig
            private let buffers: [GPUBuffer]
            private let producer: GPURenderer
            private let windows: [Window]

            init(
                _ policy: ReleasePolicy, _ paces: [Pace], buffers: Int, releasesEarly: Bool = false
            ) throws {
                let display = try WireRig.gpu.get()
                ingest = try Ingest(.gl(display), releasePolicy: policy, logger: WireRig.quiet)
                let head = ingest.makeHead()
                self.head = head
                rig = try WireRig(
                    ingest: ingest, head: head, sink: releasesEarly ? EarlySink(head: head) : head)
                let producer = try GPURenderer(node: #require(RenderNode.path))
                self.producer = producer
                self.buffers = try (0..<buffers).map { _ in
                    try producer.makeBuffer(FlipTests.size)
                }
                let drawn = Drawn()
                windows = paces.map { Window($0, of: head, on: display, drawn) }
                self.drawn = drawn
            }

            private let drawn: Drawn

            /// Whether no window waits for the guest.
            private var isPrompt: Bool { windows.allSatisfy { $0.pace == .prompt } }

            var failures: [String] { windows.flatMap(\.failures) }

            /// Draws a frame and shows it; returns when the guest may draw the next.
            func flip(_ number: Int) throws {
                let buffer = buffers[number % buffers.count]
                let colour = UInt32(number)
                try buffer.drawFrame(band: colour, edge: View.edge, middle: colour << 8) {
                    drawn.note(number)
                }
                try buffer.show { try rig.good($0) }
            }

            /// The newest picture, when all was handled.
            func picture() throws -> Picture { try rig.picture() }

            /// Returns when all that the guest has drawn stands in memory.
            func finishDrawing() throws { try producer.finish() }

            func end() { ingest.stop() }

            /// What windows have captured of so many frames.
            func flips(_ count: Int) throws -> Captures {
                for window in windows { window.start() }
                defer {
                    drawn.end()
                    for window in windows { window.finish() }
                    ingest.stop()
                }
                for number in 1...count {
                    try flip(number)
                    // The ingest takes the guest's own buffers once a window draws: the first frames wait for that, however slow the windows
                    // begin. A late one waits for the guest itself.
                    guard number <= 2 * DirectFrames.provenFlips, isPrompt else { continue }
                    for window in windows { try window.waitFor(number) }
                }
                // The last frame comes to every window.
                drawn.end()
                for window in windows { try window.waitFor(count) }
                return windows.reduce(into: Captures()) { $0.add($1.captures) }
            }
        }
    }
}

/// What was seen.
private struct Captures {
    var count = 0
    var mixed = 0
    var backward = 0
    var changed = 0

    mutating func add(_ other: Captures) {
        count += other.count
        mixed += other.mixed
        backward += other.backward
        changed += other.changed
    }
}

/// How far the guest is.
private final class Drawn: Sendable {
    private let state = Mutex((newest: 0, isOver: false))
    private let condition = Condition()

    func note(_ number: Int) {
        state.withLock { $0.newest = number }
        condition.wakeAll()
    }

    func end() {
        state.withLock { $0.isOver = true }
        condition.wakeAll()
    }

    /// Waits until the guest has begun two more frames, and so drawn into either of two buffers, or has ended.
    func waitForTwo() {
        let number = state.withLock { $0.newest } + 2
        condition.wait { state.withLock { $0.newest >= number || $0.isOver } }
    }
}

/// Wakes threads that wait for something to become true.
private final class Condition: @unchecked Sendable {
    private var mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private var condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    func wakeAll() {
        pthread_mutex_lock(mutex)
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }

    func wait(until isTrue: () -> Bool) {
        pthread_mutex_lock(mutex)
        while !isTrue() { pthread_cond_wait(condition, mutex) }
        pthread_mutex_unlock(mutex)
    }
}

/// What a window draws with, and what it then shows. One thread.
private final class View {
    /// How many rows above and below hold the frame's number.
    static let edge = 32
    /// The largest window.
    private static let largest = Size(width: 480, height: 360)

    private let context: GLContext
    private let framebuffer: OffscreenFramebuffer
    private let drawer: PictureDrawer

    init(_ display: EGLDisplayHandle) throws {
        context = try GLContext(display: display)
        try context.makeCurrent()
        framebuffer = try OffscreenFramebuffer(Self.largest)
        drawer = try PictureDrawer()
    }

    /// The numbers above and below in a window of that size.
    func capture(_ picture: Picture, _ window: Size) throws -> (top: Int, bottom: Int) {
        try context.makeCurrent()
        try drawer.draw(picture, layers: [], frame: Rect(window), window: window)
        let pixels = try framebuffer.read()
        func number(_ y: Int) -> Int {
            // The framebuffer is higher than the window, whose last row is GL's first.
            let row = Self.largest.height - window.height + y
            return Int(pixels[row * Self.largest.width + window.width / 2] & 0xff_ffff)
        }
        return (number(2), number(window.height - 3))
    }

    func close() {
        try? context.makeCurrent()
        drawer.close()
        framebuffer.delete()
        context.destroy()
    }
}

/// A window of a test's own, on a thread of its own: of another size at each draw, as one that is being resized.
private final class Window: @unchecked Sendable {
    let pace: RenderNodeTests.FlipTests.Pace
    private let head: IngestHead
    private let display: EGLDisplayHandle
    private let drawn: Drawn
    private let changed = Condition()
    private let ended = DispatchSemaphore(value: 0)

    private struct State {
        var captures = Captures()
        var last = 0
        var failures: [String] = []
        var isStopped = false
        var wakes = 0
    }

    private let state = Mutex(State())

    init(
        _ pace: RenderNodeTests.FlipTests.Pace, of head: IngestHead, on display: EGLDisplayHandle,
        _ drawn: Drawn
    ) {
        self.pace = pace
        self.head = head
        self.display = display
        self.drawn = drawn
    }

    var captures: Captures { state.withLock { $0.captures } }
    var failures: [String] { state.withLock { $0.failures } }

    func start() {
        // One block, so one thread.
        DispatchQueue(label: "window").async { [self] in
            do {
                try run()
            } catch {
                state.withLock { $0.failures.append("\(error)") }
                changed.wakeAll()
            }
            ended.signal()
        }
    }

    /// Waits until it has shown that frame.
    func waitFor(_ number: Int) throws {
        changed.wait {
            state.withLock { $0.last >= number || !$0.failures.isEmpty }
        }
        try #require(failures == [])
    }

    func finish() {
        state.withLock { $0.isStopped = true }
        changed.wakeAll()
        ended.wait()
    }

    private func note(
        _ capture: (top: Int, bottom: Int), after first: (top: Int, bottom: Int)? = nil
    ) {
        state.withLock { state in
            state.captures.count += 1
            if capture.top != capture.bottom { state.captures.mixed += 1 }
            if capture.top < state.last { state.captures.backward += 1 }
            if let first, first != capture { state.captures.changed += 1 }
            state.last = max(capture.top, state.last)
        }
    }

    private func run() throws {
        let view = try View(display)
        defer { view.close() }
        let observation = head.observe { [self] in
            state.withLock { $0.wakes += 1 }
            changed.wakeAll()
        }
        defer { observation.cancel() }
        // The first time without a wake: something may have come before.
        var (seen, round) = (-1, 0)
        while true {
            changed.wait { state.withLock { $0.wakes > seen || $0.isStopped } }
            if state.withLock({ $0.isStopped }) { return }
            seen = state.withLock { $0.wakes }
            guard case .picture(let picture) = head.content else { continue }
            round += 1
            let size = Size(width: 200 + round * 7 % 280, height: 160 + round * 5 % 200)
            let first = try view.capture(picture, size)
            note(first)
            // A picture in hand stays what it is, whatever the guest does meanwhile.
            if pace == .late {
                drawn.waitForTwo()
                note(try view.capture(picture, size), after: first)
            }
            changed.wakeAll()
        }
    }
}

/// Gives every frame back before a window has it.
private final class EarlySink: HeadSink {
    private let head: IngestHead

    init(head: IngestHead) { self.head = head }

    func receive(_ event: DisplayEvent) throws(SurfaceError) {
        if case .update(.inPlace(let rect, let release)) = event {
            release?.release()
            return try head.receive(.update(.inPlace(rect, release: nil)))
        }
        try head.receive(event)
    }
}
