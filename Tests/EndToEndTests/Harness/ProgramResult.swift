import DisplayTesting

/// What came of running one of our programs to its end.
struct ProgramResult: CustomStringConvertible {
    /// The exit status, or 128 and a signal's number.
    let status: Int32
    let standardOutput: String
    let standardError: String

    /// Runs `swiftvm-gtk` or `swiftvm-snapshot`.
    init(
        _ run: TestRun, _ program: String, _ arguments: [String],
        environment: [String: String] = [:], within seconds: Double = 60
    ) throws {
        let process = try run.start(
            TestEnvironment.program(program), arguments, name: program,
            environment: viewerSurroundings.merging(environment) { $1 })
        status = try process.waitForExit(within: seconds)
        standardOutput = process.standardOutput
        standardError = process.standardError
        run.forget(process)
    }

    var description: String { "status \(status), standard error: \(standardError)" }

    /// The one line of a failure, without the program's name; throws when the status is not `expected` or there is not exactly
    /// one line.
    func complaint(status expected: Int32 = 1) throws -> String {
        try check(status == expected, "expected status \(expected): \(self)")
        let lines = standardError.split(separator: "\n")
        try check(lines.count == 1, "expected one line: \(self)")
        return String(lines[0])
    }
}
