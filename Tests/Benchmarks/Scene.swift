import CShimsTesting
import DisplayTesting
import Glibc
import GuestDisplay

/// What the guest does while a viewer is measured.
enum Activity: String, CaseIterable, Sendable {
    /// Every pixel changes.
    case full
    /// A block of 64x64 changes where it stands.
    case small
    /// Nothing, until a key is pressed.
    case still

    /// The demo guest's words.
    var words: String {
        switch self {
        case .full: "moving rate=60 full"
        case .small: "moving rate=60 block"
        case .still: "still"
        }
    }
}

/// The machine whose screen is looked at.
struct Stage: Sendable {
    /// A usual screen of a plain VGA.
    static func usual(_ version: QEMUVersion) -> Stage {
        Stage(version: version, device: ["-vga", "std"], size: Size(width: 1920, height: 1080))
    }

    let version: QEMUVersion
    /// QEMU's options for its display device.
    let device: [String]
    /// The guest's screen.
    let size: Size

    /// The demo guest on it.
    func guest(_ activity: Activity) -> GuestContent {
        .demo("\(size.width)x\(size.height) \(activity.words)")
    }
}

/// One viewer with one guest on one screen, ready to be measured.
final class Scene {
    let contender: Contender
    let guest: GuestMachine
    /// The viewer's process; nil where it is QEMU's.
    let viewer: TestProcess?
    /// From the viewer's start to the first whole picture on the screen, in seconds.
    let firstPicture: Double
    private let activity: Activity
    private let size: Size
    private let run: TestRun
    private let screen: XServer
    private let memory: ScreenMemory
    private var corner: (x: Int, y: Int)

    /// Starts the guest, then the viewer, one of ours with these options, and waits for the picture.
    init(
        _ run: TestRun, _ contender: Contender, _ activity: Activity, of stage: Stage,
        on screen: XServer, options: [String]
    ) throws {
        self.contender = contender
        self.activity = activity
        size = stage.size
        self.run = run
        self.screen = screen
        memory = try screen.memory()
        guest = try GuestMachine(
            run, stage.version, stage.guest(activity), display: contender.display(run),
            options: stage.device, environment: screen.environment)
        // A display that nobody looks at is not refreshed: without this, what attaches first gets an old picture.
        if !contender.isInProcess { try guest.refresh() }
        let start = now()
        viewer = try contender.start(run, guest, screen, options: options)
        let (process, memory) = (viewer ?? guest.process, memory)
        corner = try eventually(
            "\(contender.rawValue) shows the guest", details: { process.standardError }
        ) {
            try check(process.exitStatus == nil, "it has ended: \(process.standardError)")
            return memory.cardCorner(width: stage.size.width, height: stage.size.height)
        }
        firstPicture = now() - start
        try settle()
    }

    // A window that is still being placed, or grows, moves its picture: goes on when it has been at one place for half a second. While a
    // picture is being drawn there is no whole one to find.
    private func settle() throws {
        var since = now()
        try eventually("\(contender.rawValue)'s window stays where it is") {
            if let place = memory.cardCorner(width: size.width, height: size.height),
                place != corner
            {
                (corner, since) = (place, now())
            }
            return now() - since > 0.5
        }
    }

    /// Ends viewer and guest.
    func end() {
        if let viewer { run.end(viewer) }
        run.end(guest.process)
    }

    /// What one run of moving pictures cost.
    struct Motion: Encodable, Sendable {
        /// How long it was watched, in seconds.
        var seconds = 0.0
        /// Different frames that stood on the screen.
        var frames = 0
        /// Seconds that the viewer's threads ran; nil within QEMU.
        var viewerCPU: Double?
        /// Seconds that the X server's threads ran.
        var serverCPU = 0.0
        /// The viewer's resident memory afterwards, in KiB.
        var residentKiB: Int?

        var rate: Double { Double(frames) / seconds }
    }

    /// The number of the frame on the screen; nil while it is being drawn.
    private var frame: UInt32? {
        activity == .small
            ? memory.blockFrame(ofCardAt: corner) : memory.frame(ofCardAt: corner)
    }

    /// Between two looks at a screen whose frames are counted, in microseconds: no frame of 60 a second is missed, and what is measured is
    /// left alone.
    static let glance: UInt32 = 1000

    /// Counts frames for that long.
    func watch(seconds: Double) throws -> Motion {
        var result = Motion()
        let usage = try (viewer?.processorNanoseconds, screen.process.processorNanoseconds)
        let start = now()
        var last = frame
        while now() < start + seconds {
            if let frame, frame != last {
                if last != nil { result.frames += 1 }
                last = frame
            }
            rest(Scene.glance)
        }
        result.seconds = now() - start
        let later = try (viewer?.processorNanoseconds, screen.process.processorNanoseconds)
        if let first = usage.0, let second = later.0 {
            result.viewerCPU = Double(second - first) / 1e9
        }
        result.serverCPU = Double(later.1 - usage.1) / 1e9
        result.residentKiB = try viewer?.residentKiB
        return result
    }

    /// Presses a key that often, each time when the last one has been answered, and returns the seconds to the picture's answer.
    func keys(presses: Int) throws -> [Double] {
        guard let hands = swiftvm_hands_open(screen.display) else {
            throw HarnessError("the X server lets nobody press its keys")
        }
        defer { swiftvm_hands_close(hands) }
        let letter: UInt32 = 38
        // The window has the keyboard when a key arrives. Until then none is counted.
        try eventually("\(contender.rawValue) takes keys") {
            try send(letter, hands, within: 1) != nil
        }
        return try (0..<presses).map { number in
            // Not in step with the refreshes.
            usleep(UInt32(20_000 + number * 7919 % 30_000))
            guard let seconds = try send(letter, hands, within: 5) else {
                throw HarnessError("\(contender.rawValue): a key never arrived")
            }
            return seconds
        }
    }

    // Presses and releases; how long after the press its byte was seen, or nil.
    private func send(
        _ key: UInt32, _ hands: UnsafeMutableRawPointer, within seconds: Double
    ) throws -> Double? {
        guard let before = memory.keyCount(ofCardAt: corner) else { return nil }
        let start = now()
        swiftvm_hands_key(hands, key, true)
        defer { swiftvm_hands_key(hands, key, false) }
        guard let pressed = waitForCount(above: before, until: start + seconds) else { return nil }
        let answer = now() - start
        swiftvm_hands_key(hands, key, false)
        _ = waitForCount(above: pressed, until: now() + seconds)
        return answer
    }

    private func waitForCount(above old: UInt32, until deadline: Double) -> UInt32? {
        while now() < deadline {
            if let count = memory.keyCount(ofCardAt: corner), count > old { return count }
            rest()
        }
        return nil
    }
}

/// Between two looks, in microseconds: often enough for a tenth of a millisecond or so, without taking a processor.
func rest(_ microseconds: UInt32 = 150) { usleep(microseconds) }
