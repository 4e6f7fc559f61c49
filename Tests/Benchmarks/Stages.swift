import ArgumentParser
import CAllocations
import DisplayTesting
import Foundation
import GuestDisplay
import GuestDisplayGL

/// Times each stage of a frame's path by itself, so that a regression can be found, and counts what a frame allocates.
struct Stages: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Times each stage of a frame's path alone, and counts its allocations.")

    @Option(help: "How often each stage runs, at most; the median counts.")
    var repetitions = 200

    @Option(help: "The folder for stages.json.")
    var output = ".build/benchmarks"

    @Flag(help: "Tell where a frame's first allocations come from.")
    var trace = false

    /// What a stage took.
    struct Result: Encodable {
        let name: String
        /// Milliseconds.
        let median: Double
        let lowest: Double
        /// To what its ratio is, and the ratio of the medians: the least that must be done, in the same run.
        var reference: String?
        var ratio: Double?
        /// Times that memory was allocated for each frame, once all is warm; nil where it does not matter.
        var allocations: Double?

        /// A stage that allocates what it gives back, or whose driver does.
        var withoutAllocations: Result {
            var result = self
            result.allocations = nil
            return result
        }
    }

    func validate() throws {
        guard repetitions >= 4 else { throw ValidationError("repetitions must be at least 4") }
    }

    func run() throws {
        let frames = StageFrames()
        var results = try receive(frames)
        results += try pictures(.software, "software", frames)
        results += try conversions()
        do {
            results += try pictures(
                .gl(EGLDisplayHandle.headless(node: nil)), "GL", frames)
        } catch let error as GLError {
            print("GL is not measured: \(error)")
        }
        for result in results { print(words(result)) }
        try write(results)
        #if !DEBUG
        // A build for debugging allocates what the optimizer does away with. A ring that grows or shrinks, because a reader was late, is no habit.
        let wasteful = results.filter { ($0.allocations ?? 0) >= 0.5 }
        guard wasteful.isEmpty else {
            print("a frame must not allocate memory in: \(wasteful.map(\.name))")
            throw ExitCode.failure
        }
        #endif
    }

    // MARK: Stages

    /// From the socket to the sink, against reading the same bytes from a socket into one buffer.
    private func receive(_ frames: StageFrames) throws -> [Result] {
        let sink = NoSink()
        let rig = try StageRig(.software, sink: sink)
        defer { rig.end() }
        // Updates are of a picture.
        try rig.send(frames.first)
        while sink.count == 0 { sched_yield() }
        return try frames.all.map { frame in
            let bare = try BareSocket(size: frame.messages[0].count)
            let reference = try time { turn in try bare.pass(frame.messages[turn % 2]) }
            return try measure("receive, \(frame.name)", to: "recv(2) alone", reference) { turn in
                let before = sink.count
                try rig.send(frame.messages[turn % 2])
                while sink.count == before { sched_yield() }
            }
        }
    }

    /// From the socket to a picture, and from a picture to a window's memory or back.
    private func pictures(
        _ renderer: Ingest.Renderer, _ name: String, _ frames: StageFrames
    ) throws -> [Result] {
        let rig = try StageRig(renderer)
        defer { rig.end() }
        try rig.send(frames.first)
        var picture = rig.picture(after: 0)
        var results: [Result] = []
        let isSoftware = if case .software = renderer { true } else { false }
        let window = WindowMemory(StageRig.size)
        for frame in frames.all {
            let result = try measure(
                "receive and ingest, \(frame.name), \(name)", pause: Stages.apart
            ) { turn in
                let number = picture.number
                try rig.send(frame.messages[turn % 2])
                picture = rig.picture(after: number)
                // As a window does: nothing is free before it has taken the next one.
                if isSoftware { try window.draw(picture) }
            }
            results.append(isSoftware ? result : result.withoutAllocations)
        }
        if isSoftware {
            results.append(
                try measure("draw, all, at its own size") { _ in try window.drawWhole(picture, 1) })
            results.append(
                try measure("draw, all, scaled to 3/2") { _ in
                    try window.drawWhole(picture, 1.5)
                }.withoutAllocations)
        }
        let shown = picture
        results.append(
            try measure("read back, \(name)") { _ in
                try answer { rig.head.readPixels(of: shown, completion: $0) }
            }.withoutAllocations)
        results.append(
            try measure("draw and read back, \(name)") { _ in
                try answer {
                    rig.head.compose(
                        shown, layers: [], frame: Rect(shown.size), size: shown.size, completion: $0
                    )
                }
            }.withoutAllocations)
        return try results + mappings(rig, name, window: isSoftware ? window : nil, picture)
    }

    /// From a guest's drawing into memory that it shares to a picture, against the drawing alone.
    private func mappings(
        _ rig: StageRig, _ name: String, window: WindowMemory?, _ last: Picture
    ) throws -> [Result] {
        let memory = try GuestMemory(StageRig.size)
        var picture = try rig.show(memory, after: last.number)
        return try [
            ("64x64", Rect(x: 48, y: 264, width: 64, height: 64)), ("all", Rect(StageRig.size)),
        ].map { kind, rect in
            let colours: [UInt32] = [0xff_ffff, 0x20_4060]
            let reference = try time { turn in memory.fill(rect, colours[turn % 2]) }
            memory.fill(rect, 0)
            let message = GuestMemory.update(rect)
            let result = try measure(
                "receive and ingest, \(kind) mapped, \(name)", to: "drawing alone", reference
            ) { turn in
                let number = picture.number
                memory.fill(rect, colours[turn % 2])
                try rig.send(message)
                picture = rig.picture(after: number)
                try window?.draw(picture)
            }
            return window == nil ? result.withoutAllocations : result
        }
    }

    /// A whole picture of each kind of format, against copying its bytes.
    private func conversions() throws -> [Result] {
        let rig = try StageRig(.software)
        defer { rig.end() }
        let size = StageRig.size
        let formats: [(String, UInt32, Int)] = [
            ("x8r8g8b8", 0x2002_0888, 4), ("r8g8b8", 0x1802_0888, 3), ("r5g6b5", 0x1002_0565, 2),
        ]
        return try formats.map { name, code, bytes in
            let stride = size.width * bytes
            let surfaces = try [UInt8(1), 2].map { value in
                try DisplaySurface(
                    width: size.width, height: size.height, stride: stride,
                    format: PixelFormat(rawValue: code),
                    memory: SurfaceBytes(
                        [UInt8](repeating: value, count: stride * size.height)))
            }
            let copy = UnsafeMutableRawPointer.allocate(
                byteCount: stride * size.height, alignment: 64)
            defer { copy.deallocate() }
            let reference = try time { turn in
                try surfaces[turn % 2].memory.withBytes {
                    copy.copyMemory(from: $0.baseAddress!, byteCount: $0.count)
                }
            }
            return try measure("convert, all, \(name)", to: "memcpy(3)", reference) { turn in
                try rig.head.receive(.scanout(.surface(surfaces[turn % 2])))
            }.withoutAllocations
        }
    }

    // MARK: Measuring

    /// In microseconds; changes that follow each other sooner are parts of one, whose rest is waited for.
    private static let apart: UInt32 = 3000

    /// Milliseconds of each run; the first quarter does not count.
    private func time(
        pause: UInt32 = 0, _ body: (Int) throws -> Void
    ) throws -> [Double] {
        var times: [Double] = []
        times.reserveCapacity(repetitions)
        for turn in 0..<repetitions + repetitions / 4 {
            if pause > 0 { usleep(pause) }
            let start = now()
            try body(turn)
            if turn >= repetitions / 4 { times.append((now() - start) * 1000) }
        }
        return times
    }

    private func measure(
        _ name: String, to referenceName: String? = nil, _ reference: [Double]? = nil,
        pause: UInt32 = 0, _ body: (Int) throws -> Void
    ) throws -> Result {
        let times = try time(pause: pause, body)
        // Once more for the allocations, so that the clock and the list have no part in them.
        if trace {
            print("\(name):")
            fflush(nil)
            swiftvm_trace_allocations(8)
        }
        let before = swiftvm_allocations()
        // In turn with those before: a frame that shows nothing new is none.
        let first = times.count + repetitions / 4
        for turn in first..<first + repetitions {
            if pause > 0 { usleep(pause) }
            try body(turn)
        }
        let allocations = swiftvm_allocations() - before
        swiftvm_trace_allocations(0)
        let median = Spread.median(times)
        return Result(
            name: name, median: median, lowest: times.min()!, reference: referenceName,
            ratio: reference.map { median / Spread.median($0) },
            allocations: Double(allocations) / Double(repetitions))
    }

    private func words(_ result: Result) -> String {
        var text = "\(result.name): \(decimal(result.median, 3)) ms"
        if let reference = result.reference, let ratio = result.ratio {
            text += ", \(decimal(ratio, 2)) × \(reference)"
        }
        if let allocations = result.allocations {
            text += ", \(decimal(allocations, 2)) allocations"
        }
        return text
    }

    private func write(_ results: [Result]) throws {
        try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try encoder.encode(results).write(
            to: URL(fileURLWithPath: output).appending(path: "stages.json"))
    }
}
