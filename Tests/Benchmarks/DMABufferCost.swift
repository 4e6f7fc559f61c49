import ArgumentParser
import DisplayTesting
import Foundation
import GuestDisplay

/// Measures the way of a GPU's buffers, on a render node: how soon a guest may draw on, next to a bare copy on the same GPU, and what it costs.
struct DMABufferCost: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dma-bufs",
        abstract: "Measures how a guest's dma-bufs are taken, next to bare copies of them.",
        discussion: "Needs a render node and sway; make bench-vm runs it in a machine with both.")

    @Option(help: "The render node; without it SWIFTVM_RENDER_NODE.")
    var node = TestEnvironment.variable("SWIFTVM_RENDER_NODE") ?? ""

    @Option(help: "How often all is measured.")
    var rounds = 3

    @Option(help: "How many updates there are of each kind in a round.")
    var updates = 40

    @Option(help: "How long windows are watched, in seconds.")
    var seconds = 10.0

    @Option(help: "How often the windows' screen is refreshed a second; fewer than a GPU copies.")
    var refresh = 10

    @Flag(help: "Measure no windows, only a viewer without one.")
    var withoutWindows = false

    @Option(help: "The folder for dma-bufs.json and dma-bufs.md.")
    var output = ".build/benchmarks"

    /// The screen that windows fill, whatever the guest's size is; they show as much of a large picture as has room. A software GPU would
    /// else draw a large one for so long that nothing but that is measured.
    static let screen = DMABufferResults.sizes[0]

    func validate() throws {
        guard !node.isEmpty else { throw ValidationError("no render node is named") }
        guard rounds > 0, updates > 1, refresh > 0 else {
            throw ValidationError("rounds and refresh must be positive, updates more than one")
        }
        // Statistics come once a second.
        guard seconds >= 4 else { throw ValidationError("seconds must be at least 4") }
    }

    func run() throws {
        var results = DMABufferResults(
            date: Date().ISO8601Format(), machine: Machine.description,
            renderer: try GPURenderer(node: node).renderer,
            screen: DMABufferCost.screen.description, refresh: refresh)
        for round in 1...rounds {
            let sizes = DMABufferResults.sizes
            for size in round % 2 == 1 ? sizes : sizes.reversed() {
                results.answers += try answers(size, bareFirst: round % 2 == 0)
                if withoutWindows { continue }
                try windows(size) { results.windows.append($0) }
            }
            print("round \(round) of \(rounds) is done")
            fflush(nil)
        }
        try Report.write(results, markdown: results.markdown, name: "dma-bufs", to: output)
    }

    // MARK: Without a window

    private func answers(_ size: Size, bareFirst: Bool) throws -> [DMABufferResults.Answers] {
        var results: [DMABufferResults.Answers] = []
        try TestRun.run("benchmark-answers-\(size)") { run in
            let (qemu, peer, viewer) = try attach(run, size) { qemu in
                try run.start(
                    TestEnvironment.program("Benchmarks"), ["ingest", node, qemu.monitor],
                    name: "ingest")
            }
            defer { qemu.end() }
            let producer = try BufferProducer(node: node, size: size, peer: peer)
            let path = try eventually("a picture", details: { viewer.standardError }) {
                viewer.standardOutput.contains("\n") ? viewer.standardOutput.trimmed : nil
            }
            try check(path.hasSuffix("imported"), "pictures come as \(path)")
            let bare = try GPUCopy(node: node, of: producer.buffer)
            for damage in DMABufferResults.Damage.allCases {
                let rect = damage.rect(in: size)
                // The first of each compile shaders, and fill caches.
                let middle = (rect.y + rect.height / 2) * size.width + rect.x + rect.width / 2
                for method in GPUCopy.Method.allCases {
                    for _ in 0..<3 { try copy(producer, bare, rect, method) }
                    try check(
                        bare.pixels()[middle] == producer.colour,
                        "\(method.rawValue) copied nothing")
                }
                for _ in 0..<3 { try answer(producer, rect) }
                var result = DMABufferResults.Answers(size: size, damage: damage)
                let bareTurn = {
                    for method in GPUCopy.Method.allCases {
                        let copies = try (0..<updates).map { number in
                            pause(number)
                            return try copy(producer, bare, rect, method)
                        }
                        result.copies[method.rawValue] = .init(
                            times: copies.map(\.seconds),
                            cpu: copies.map(\.cpu).reduce(0, +))
                    }
                }
                if bareFirst { try bareTurn() }
                let usage = try viewer.processorNanoseconds
                result.answers = try (0..<updates).map { number in
                    pause(number)
                    return try answer(producer, rect)
                }
                result.cpu = Double(try viewer.processorNanoseconds - usage) / 1e9
                result.pings = try (0..<updates).map { number in
                    pause(number)
                    return try producer.ping()
                }
                if !bareFirst { try bareTurn() }
                results.append(result)
                print(result.words)
                fflush(nil)
            }
        }
        return results
    }

    // A fence that is looked at every so often is not to find us in step.
    private func pause(_ number: Int) { usleep(UInt32(number * 7919 % 30_000)) }

    // Seconds to the answer.
    @discardableResult
    private func answer(_ producer: BufferProducer, _ rect: Rect) throws -> Double {
        try producer.draw(rect)
        try producer.finish()
        return try producer.update(rect)
    }

    // Seconds to the end of a bare copy, and those that this thread ran meanwhile.
    @discardableResult
    private func copy(
        _ producer: BufferProducer, _ bare: GPUCopy, _ rect: Rect, _ method: GPUCopy.Method
    ) throws -> (seconds: Double, cpu: Double) {
        try producer.draw(rect)
        try producer.finish()
        try bare.makeCurrent()
        let (start, usage) = (now(), DMABufferCost.threadSeconds)
        try bare.copy(rect, by: method)
        return (now() - start, DMABufferCost.threadSeconds - usage)
    }

    private static var threadSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    // MARK: With one

    private func windows(_ size: Size, _ add: (DMABufferResults.Window) -> Void) throws {
        for program in ViewerProgram.allCases {
            try TestRun.run("benchmark-window-\(program)-\(size)") { run in
                let screen = try SwayScreen(
                    run, node: node, size: DMABufferCost.screen, refresh: refresh)
                let file = run.path("statistics")
                let (qemu, peer, viewer) = try attach(run, size) { qemu in
                    try ViewerProcess(
                        run, program, screen,
                        [
                            "--fullscreen", "--scale", "1:1", "--release", "after-copy", "--stats",
                            file, qemu.monitor,
                        ]
                    ).process
                }
                defer { qemu.end() }
                let producer = try BufferProducer(node: node, size: size, peer: peer)
                try eventually(
                    "the picture in a window", details: { viewer.standardError }
                ) {
                    // Drawn again, as a window that is not there yet shows nothing.
                    try producer.update(Rect(size))
                    guard let line = try StatisticsLine.read(file).last, line.shown > 0 else {
                        return false
                    }
                    try check(
                        line.path.hasSuffix("imported"), "pictures as \(line.path)")
                    let screen = DMABufferCost.screen
                    return line.window == "\(screen.width)x\(screen.height)"
                }
                var result = DMABufferResults.Window(viewer: program.rawValue, size: size)
                result.paced = try watch(
                    viewer, file, producer, .block, size, pause: 2 / Double(refresh))
                result.fastBlock = try watch(viewer, file, producer, .block, size)
                result.fastWhole = try watch(viewer, file, producer, .whole, size)
                add(result)
                print(result.words)
                fflush(nil)
            }
        }
    }

    // Has the guest draw, each time when the last change was answered and the pause is over.
    private func watch(
        _ viewer: TestProcess, _ file: String, _ producer: BufferProducer,
        _ damage: DMABufferResults.Damage, _ size: Size, pause: Double = 0
    ) throws -> DMABufferResults.Flow {
        let rect = damage.rect(in: size)
        let known = try StatisticsLine.read(file).count
        let usage = try viewer.processorNanoseconds
        let start = now()
        var answers: [Double] = []
        while now() < start + seconds {
            try producer.draw(rect)
            answers.append(try producer.update(rect))
            let rest = start + Double(answers.count) * pause - now()
            if rest > 0 { usleep(UInt32(rest * 1e6)) }
        }
        let passed = now() - start
        let cpu = Double(try viewer.processorNanoseconds - usage) / 1e9
        let lines = try StatisticsLine.read(file).dropFirst(known)
        guard let first = lines.first, let last = lines.last, last.time > first.time else {
            throw HarnessError("the viewer writes no statistics: \(viewer.standardError)")
        }
        return DMABufferResults.Flow(
            seconds: passed, answers: answers, cpu: cpu,
            shownRate: Double(last.shown - first.shown) / (last.time - first.time))
    }

    // A scripted QEMU, what `start` starts to show it, and the end of its listener.
    private func attach(
        _ run: TestRun, _ size: Size, _ start: (ScriptedQEMU) throws -> TestProcess
    ) throws -> (ScriptedQEMU, ScriptedListenerPeer, TestProcess) {
        let qemu = try ScriptedQEMU(
            name: "buffers", consoles: [.init(width: size.width, height: size.height)])
        do {
            let viewer = try start(qemu)
            let peer = try eventually("a listener", details: { viewer.standardError }) {
                try check(viewer.exitStatus == nil, "it has ended: \(viewer.standardError)")
                return try? qemu.nextListener(of: 0)
            }
            return (qemu, peer, viewer)
        } catch {
            qemu.end()
            throw error
        }
    }
}
