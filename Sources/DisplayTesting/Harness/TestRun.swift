internal import Glibc

/// One test's folder and processes. Whatever happens, no process outlives it; when it failed, its logs and pictures are kept.
public final class TestRun {
    /// The folder, with a short path: a Unix socket's has 108 bytes.
    public let folder: String
    private let name: String
    private var processes: [TestProcess] = []
    private var count = 0
    private var pictures: [(name: String, picture: ScreenPicture)] = []

    private init(name: String) throws {
        self.name = name
        let parent = TestEnvironment.variable("TMPDIR") ?? "/tmp"
        var template = Array("\(parent)/swiftvm-e2e.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw HarnessError("mkdtemp in \(parent): errno \(errno)")
        }
        folder = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    }

    /// Runs a test. A failure leaves the folder's files in `.build/test-failures`, under that name.
    public static func run(_ name: String, _ body: (TestRun) throws -> Void) throws {
        let run = try TestRun(name: name)
        defer {
            run.endAll()
            run.shell("rm -rf -- \"$1\"", [run.folder])
        }
        do {
            try body(run)
        } catch {
            run.endAll()
            throw HarnessError("\(error)\n\(run.keep())")
        }
    }

    /// A path in the folder.
    public func path(_ file: String) -> String { folder + "/" + file }

    /// A number that no other file of the run has in its name.
    public func nextNumber() -> Int {
        count += 1
        return count
    }

    /// Starts a program; it ends with the run at the latest.
    public func start(
        _ program: String, _ arguments: [String], name: String,
        environment: [String: String] = [:], input: CInt? = nil
    ) throws -> TestProcess {
        let count = nextNumber()
        let process = try TestProcess(
            program, arguments, name: name, log: path("\(count)-\(name)"),
            environment: environment, input: input)
        processes.append(process)
        return process
    }

    /// Keeps a picture for the case of a failure.
    public func note(_ name: String, _ picture: ScreenPicture) {
        pictures.removeAll { $0.name == name }
        pictures.append((name, picture))
    }

    /// Ends a process now and removes its output, so that a run of many small programs keeps none of them.
    public func forget(_ process: TestProcess) {
        process.end()
        processes.removeAll { $0 === process }
        process.removeOutput()
    }

    /// Ends a process now.
    public func end(_ process: TestProcess) {
        process.end()
        processes.removeAll { $0 === process }
    }

    private func endAll() {
        for process in processes.reversed() { process.end() }
        processes = []
    }

    // Where the logs and pictures are, and what the programs wrote last.
    private func keep() -> String {
        let place = ".build/test-failures/" + name.map { $0.isLetter || $0.isNumber ? $0 : "-" }
        for (name, picture) in pictures { picture.writePPM(path(name + ".ppm")) }
        shell(
            """
            rm -rf -- "$2" && mkdir -p "$2" && cd "$1" &&
            for f in *.ppm; do [ -f "$f" ] && convert "$f" "${f%.ppm}.png" && rm "$f"; done
            cd - >/dev/null; find "$1" -maxdepth 1 -type f -exec cp -t "$2" {} +
            """, [folder, place])
        return "Logs and pictures: \(place)"
    }

    private func shell(_ script: String, _ arguments: [String]) {
        guard
            let process = try? TestProcess(
                "/bin/sh", ["-c", script, "sh"] + arguments, name: "sh", log: nil)
        else { return }
        _ = try? process.waitForExit()
    }
}
