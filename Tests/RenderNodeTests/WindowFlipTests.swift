import Dispatch
import DisplayTesting
import Glibc
import GuestDisplay
import Synchronization
import Testing

@testable import GuestDisplayGL

extension RenderNodeTests.WindowTests {
    /// A guest that flips, in the viewers' own windows on a compositor: what is on the screen is always one frame, and never an older one.
    @Suite(.serialized) struct FlipsInWindowsTests {
        private static let size = Size(width: 320, height: 200)
        private static let captures = 12

        @Test(
            "Every screenshot shows one whole frame, and none goes back, while the window is resized",
            arguments: ViewerProgram.allCases, ReleasePolicy.allCases)
        func order(program: ViewerProgram, policy: ReleasePolicy) throws {
            let node = try #require(RenderNode.path)
            try TestRun.run("node-flips-\(program)-\(policy)") { run in
                let screen = try SwayScreen(run, node: node)
                let qemu = try ScriptedQEMU(
                    name: "flips",
                    consoles: [.init(width: Self.size.width, height: Self.size.height)])
                defer { qemu.end() }
                let viewer = try ViewerProcess(
                    run, program, screen, ["--release", policy.rawValue, qemu.monitor])
                let peer = try qemu.nextListener(of: 0)
                let guest = try FlippingGuest(node: node, size: Self.size, peer: peer)
                guest.start()
                defer { guest.stop() }
                // Not of two frames, and none older than the one before: the newest that was seen.
                var newest = 0
                func look() throws {
                    try check(guest.failure == nil, guest.failure ?? "")
                    guard let (top, bottom) = try screen.capture().frameNumbers else { return }
                    try check(top == bottom, "\(top) above, \(bottom) below")
                    try check(top >= newest, "\(top) after \(newest)")
                    newest = top
                }
                try eventually("the first frame", details: { viewer.log }) {
                    try look()
                    return newest > 0
                }
                for number in 0..<Self.captures {
                    let (width, height) = (360 + number * 37 % 300, 300 + number * 29 % 200)
                    try screen.command("[app_id=\".*\"] resize set \(width) \(height)")
                    let shown = guest.frames
                    try eventually("frame \(shown) or later", details: { viewer.log }) {
                        try look()
                        return newest >= shown
                    }
                }
                guest.stop()
                try eventually("the last frame", details: { viewer.log }) {
                    try look()
                    return newest == guest.frames
                }
                try viewer.expectImports()
                try check(viewer.log.contains("imported, \(policy.rawValue)"), viewer.log)
            }
        }

        /// A compositor may ask for a frame when the last was late, and again when the screen is refreshed: two each time.
        @Test(
            "A window draws at its screen's pace, and the guest at its own",
            arguments: ViewerProgram.allCases)
        func pace(program: ViewerProgram) throws {
            let node = try #require(RenderNode.path)
            let refresh = 2
            try TestRun.run("node-pace-\(program)") { run in
                let screen = try SwayScreen(run, node: node, refresh: refresh)
                let qemu = try ScriptedQEMU(
                    name: "pace",
                    consoles: [.init(width: Self.size.width, height: Self.size.height)])
                defer { qemu.end() }
                let file = run.path("statistics")
                let viewer = try ViewerProcess(
                    run, program, screen, ["--stats", file, qemu.monitor])
                let peer = try qemu.nextListener(of: 0)
                let guest = try FlippingGuest(node: node, size: Self.size, peer: peer)
                guest.start()
                defer { guest.stop() }
                // A line a second.
                func shown() -> [Int] {
                    TestProcess.text(file).split(separator: "\n").compactMap { line in
                        line.split(separator: "\"shown\":").dropFirst().first.flatMap {
                            Int($0.prefix { $0.isNumber })
                        }
                    }
                }
                let known = try eventually("a window", details: { viewer.log }) {
                    let lines = shown()
                    return lines.last.map { $0 > 0 } == true ? lines.count : nil
                }
                let seconds = 8
                let (frames, start) = (guest.frames, now())
                let lines = try eventually("statistics", details: { viewer.log }) {
                    let lines = shown()
                    return lines.count > known + seconds ? lines : nil
                }
                let (drawn, passed) = (guest.frames - frames, now() - start)
                let seen = lines[known + seconds] - lines[known]
                let words = "\(seen) shown in \(seconds) s, \(drawn) drawn in \(passed) s"
                try check(guest.failure == nil, guest.failure ?? "")
                try check(seen >= 3 && seen <= 2 * refresh * (seconds + 2), words)
                try check(drawn >= seen, words)
            }
        }
    }
}

/// Two buffers, drawn and shown in turn as fast as the viewer gives them back. A frame's number stands in a band above and in one below.
private final class FlippingGuest: @unchecked Sendable {
    private static let edge = 40
    private let buffers: [GPUBuffer]
    private let peer: ScriptedListenerPeer
    private let state = Mutex((frames: 0, failure: String?.none, isStopped: false))
    private let ended = DispatchGroup()

    init(node: String, size: Size, peer: ScriptedListenerPeer) throws {
        let renderer = try GPURenderer(node: node)
        self.peer = peer
        buffers = try (0..<2).map { _ in try renderer.makeBuffer(size) }
    }

    /// How many the viewer has given back.
    var frames: Int { state.withLock { $0.frames } }
    /// Why it has ended before it was stopped.
    var failure: String? { state.withLock { $0.failure } }

    /// Begins, on a thread of its own.
    func start() {
        DispatchQueue(label: "flipping-guest").async(group: ended) { [self] in
            do {
                while !state.withLock({ $0.isStopped }) {
                    try flip(frames + 1)
                    state.withLock { $0.frames += 1 }
                }
            } catch {
                state.withLock { $0.failure = "\(error)" }
            }
        }
    }

    /// Ends it after the frame that it is at.
    func stop() {
        state.withLock { $0.isStopped = true }
        ended.wait()
    }

    private func flip(_ number: Int) throws {
        let buffer = buffers[number % buffers.count]
        // It has twelve bits.
        let number = number & 0x0fff
        try buffer.drawFrame(
            band: ScreenPicture.band | UInt32(number), edge: Self.edge, middle: UInt32(number) << 8)
        try buffer.show { message in
            let answer = try peer.call(message)
            try check(answer.errorName == nil, answer.text ?? "refused")
        }
    }
}

extension ScreenPicture {
    /// What the bands' colours begin with, and the number's bits after it; no control of a window has such a colour.
    fileprivate static let band: UInt32 = 0xf0_2000
    private static let numberBits: UInt32 = 0x0fff

    /// The numbers in the upper and in the lower band of a flipping guest's frame; nil when it is not on the screen.
    fileprivate var frameNumbers: (top: Int, bottom: Int)? {
        func isBand(_ pixel: UInt32) -> Bool { pixel & ~Self.numberBits == Self.band }
        guard let first = pixels.firstIndex(where: isBand),
            let last = pixels.lastIndex(where: isBand)
        else { return nil }
        // Well inside: where a scaled band ends its colour is mixed.
        let column = (first % width + last % width) / 2
        let (top, bottom) = (first / width + 4, last / width - 4)
        guard bottom > top else { return nil }
        return (
            Int(pixels[top * width + column] & Self.numberBits),
            Int(pixels[bottom * width + column] & Self.numberBits)
        )
    }
}
