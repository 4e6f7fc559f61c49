import Dispatch
import DisplayTesting
import Glibc
import GuestDisplay
import Synchronization
import Testing
import Viewer

@testable import ViewerHeadless

private let size = Size(width: 43, height: 19)

private func pixels(_ seed: UInt32) -> [UInt32] {
    (0..<UInt32(size.width * size.height)).map { ($0 &+ seed) &* 2_654_435_761 & 0xff_ffff }
}

private func surface(_ pixels: [UInt32]) throws -> DisplaySurface {
    let bytes = pixels.flatMap { pixel in
        (0..<4).map { UInt8(truncatingIfNeeded: pixel >> (8 * $0)) }
    }
    return try DisplaySurface(
        width: size.width, height: size.height, stride: size.width * 4, format: .x8r8g8b8,
        memory: SurfaceBytes(bytes))
}

struct SnapshotJobTests {
    @Test(arguments: [nil, RendererChoice.gl, .software])
    func firstPictureIsWrittenExactly(_ renderer: RendererChoice?) throws {
        let folder = try Folder()
        let source = PlayedSource { source, head in
            try source.emit(.scanout(.surface(surface(pixels(1)))), to: head)
        }
        let path = "\(folder.path)/out.png"
        try SnapshotJob(source: source, logger: quiet).run(
            SnapshotOptions(timeout: 60, output: path, renderer: renderer))
        let png = try readPNG(path)
        #expect(png.size == size)
        #expect(png.pixels == pixels(1))
        #expect(png.pixels != pixels(2), "the comparison can fail")
        #expect(folder.names == ["out.png"])
    }

    @Test func stablePictureIsTheLast() throws {
        let folder = try Folder()
        let source = PlayedSource { source, head in
            for seed in 1...20 as ClosedRange<UInt32> {
                try source.emit(.scanout(.surface(surface(pixels(seed)))), to: head)
                usleep(5_000)
            }
        }
        let path = "\(folder.path)/out.png"
        try SnapshotJob(source: source, logger: quiet).run(
            SnapshotOptions(waitsUntilStable: true, timeout: 60, output: path))
        #expect(try readPNG(path).pixels == pixels(20))
    }

    @Test func delayedPictureIsTheLast() throws {
        let folder = try Folder()
        let source = PlayedSource { source, head in
            try source.emit(.scanout(.surface(surface(pixels(1)))), to: head)
            // Longer than a picture is waited for without a delay.
            usleep(1_000_000)
            try source.emit(.scanout(.surface(surface(pixels(2)))), to: head)
        }
        let path = "\(folder.path)/out.png"
        try SnapshotJob(source: source, logger: quiet).run(
            SnapshotOptions(delay: 5, timeout: 60, output: path))
        #expect(try readPNG(path).pixels == pixels(2))
    }

    /// Updates that change no pixel do not hold a stable picture back.
    @Test func samePixelsAreStable() throws {
        let folder = try Folder()
        let isDone = Atomic(false)
        let source = PlayedSource { source, head in
            while !isDone.load(ordering: .relaxed) {
                guard try source.emit(.scanout(.surface(surface(pixels(3)))), to: head) else {
                    return
                }
                usleep(5_000)
            }
        }
        defer { isDone.store(true, ordering: .relaxed) }
        let path = "\(folder.path)/out.png"
        try SnapshotJob(source: source, logger: quiet).run(
            SnapshotOptions(waitsUntilStable: true, timeout: 60, output: path))
        #expect(try readPNG(path).pixels == pixels(3))
    }

    private func failure(
        _ source: PlayedSource, _ options: SnapshotOptions
    ) -> String {
        do throws(DisplayError) {
            try SnapshotJob(source: source, logger: quiet).run(options)
            return ""
        } catch {
            return error.description
        }
    }

    @Test func movingPictureFailsAtTheTimeout() throws {
        let folder = try Folder()
        let isDone = Atomic(false)
        let source = PlayedSource { source, head in
            var seed: UInt32 = 0
            while !isDone.load(ordering: .relaxed) {
                seed += 1
                guard try source.emit(.scanout(.surface(surface(pixels(seed)))), to: head)
                else { return }
                usleep(5_000)
            }
        }
        defer { isDone.store(true, ordering: .relaxed) }
        let path = "\(folder.path)/out.png"
        let words = failure(
            source, SnapshotOptions(waitsUntilStable: true, timeout: 2, output: path))
        #expect(words.contains("did not become stable within 2 s"))
        #expect(folder.names == [])
    }

    @Test func offAndNothingAreTold() throws {
        let off = PlayedSource { source, head in try source.emit(.scanout(.off), to: head) }
        let options = SnapshotOptions(timeout: 1, output: "-", renderer: .software)
        #expect(failure(off, options).contains("display of head 0 was off within 1 s"))
        let nothing = PlayedSource { _, _ in }
        #expect(failure(nothing, options).contains("head 0 showed no picture within 1 s"))
    }

    @Test func headsAreChosenAndListed() throws {
        let folder = try Folder()
        let heads = [
            Head(id: 0, label: "serial0", kind: .text), Head(id: 3, label: "VGA", kind: .graphic),
        ]
        let path = "\(folder.path)/out.png"
        let graphic = PlayedSource(heads: heads) { source, head in
            #expect(head == 3)
            try source.emit(.scanout(.surface(surface(pixels(1)))), to: head)
        }
        try SnapshotJob(source: graphic, logger: quiet).run(
            SnapshotOptions(timeout: 60, output: path, renderer: .software))
        let text = PlayedSource(heads: heads) { source, head in
            #expect(head == 0)
            try source.emit(.scanout(.surface(surface(pixels(2)))), to: head)
        }
        try SnapshotJob(source: text, logger: quiet).run(
            SnapshotOptions(head: 0, timeout: 60, output: path, renderer: .software))
        #expect(try readPNG(path).pixels == pixels(2))
        let none = PlayedSource(heads: heads) { _, _ in }
        let words = failure(none, SnapshotOptions(head: 7, output: path, renderer: .software))
        #expect(words.contains("no head 7"))
        #expect(words.contains("0 (text, serial0), 3 (graphic, VGA)"))
    }

    @Test func quitIsTold() throws {
        let source = PlayedSource { source, _ in source.end(.guestQuit) }
        let options = SnapshotOptions(timeout: 60, output: "-", renderer: .software)
        #expect(failure(source, options) == "the guest quit before its picture was taken")
        let lost = PlayedSource { source, _ in source.end(.failed("QEMU died")) }
        #expect(failure(lost, options) == "QEMU died")
    }

    @Test(arguments: ["missing/out.png", "", "file/out.png", "."])
    func unwritablePathIsToldBeforeConnecting(_ name: String) throws {
        let folder = try Folder()
        close(open("\(folder.path)/file", O_CREAT | O_WRONLY | O_CLOEXEC, 0o600))
        let source = PlayedSource { _, _ in }
        let words = failure(
            source, SnapshotOptions(output: name.isEmpty ? "" : "\(folder.path)/\(name)"))
        #expect(words.hasPrefix("cannot write "))
        #expect(source.connects.withLock { $0 } == 0)
        #expect(folder.names == ["file"])
    }

    @Test func aFailedSnapshotLeavesTheOldFile() throws {
        let folder = try Folder()
        let path = "\(folder.path)/out.png"
        let file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0o640)
        #expect(write(file, "old", 3) == 3)
        close(file)
        let source = PlayedSource { source, _ in source.end(.guestQuit) }
        _ = failure(source, SnapshotOptions(timeout: 60, output: path, renderer: .software))
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_size == 3)
        let good = PlayedSource { source, head in
            try source.emit(.scanout(.surface(surface(pixels(1)))), to: head)
        }
        #expect(failure(good, SnapshotOptions(output: path, renderer: .software)) == "")
        #expect(try readPNG(path).pixels == pixels(1))
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o640)
        #expect(folder.names == ["out.png"])
    }

    @Test(arguments: [true, false])
    func onlyAStartedGuestIsEnded(_ ownsGuest: Bool) throws {
        let folder = try Folder()
        let source = PlayedSource(ownsGuest: ownsGuest) { source, head in
            try source.emit(.scanout(.surface(surface(pixels(1)))), to: head)
        }
        try SnapshotJob(source: source, logger: quiet).run(
            SnapshotOptions(output: "\(folder.path)/out.png", renderer: .software))
        #expect(source.guestEnds.withLock { $0 } == (ownsGuest ? 1 : 0))
        let silent = PlayedSource(ownsGuest: ownsGuest) { _, _ in }
        _ = failure(silent, SnapshotOptions(timeout: 1, output: "-", renderer: .software))
        #expect(silent.guestEnds.withLock { $0 } == (ownsGuest ? 1 : 0), "also after a failure")
    }
}
