public import ArgumentParser
internal import Glibc
internal import GuestDisplay
public import Logging

/// Exit statuses of all programs.
public enum ProgramStatus {
    /// The guest or the user ended it.
    public static let ended: Int32 = 0
    /// It failed; one line on standard error says what and what to do.
    public static let failed: Int32 = 1
    /// The command line was wrong.
    public static let usage: Int32 = 2
}

/// What the thin mains share: parsing, errors, log.
public enum ProgramMain {
    /// The version that `--version` prints.
    public static let version = "0.1.0"

    /// Parses the command line and runs the command; never returns. Help and version go to standard output with status 0, a wrong
    /// command line to standard error with status 2, an error of the run as one line with status 1.
    public static func run<Command: ParsableCommand>(_ type: Command.Type) -> Never {
        do {
            var command = try Command.parseAsRoot()
            try command.run()
            exit(ProgramStatus.ended)
        } catch let error as DisplayError {
            complain(Command._commandName, error.description)
            exit(ProgramStatus.failed)
        } catch let status as ExitCode {
            exit(status.rawValue)
        } catch {
            let message = Command.fullMessage(for: error)
            if Command.exitCode(for: error).isSuccess {
                print(message)
                exit(ProgramStatus.ended)
            }
            StandardError.write(message + "\n")
            exit(ProgramStatus.usage)
        }
    }

    /// One line on standard error, with the program's name before it.
    public static func complain(_ program: String, _ message: String) {
        StandardError.write("\(program): \(message)\n")
    }

    /// The log of a program: warnings and errors on standard error, with `--verbose` also what is done and how.
    public static func logger(_ program: String, verbose: Bool) -> Logger {
        Logger(label: program) { label in
            var handler = LineLogHandler(program: label)
            handler.logLevel = verbose ? .debug : .warning
            return handler
        }
    }
}

/// Writes `program: message` lines to standard error.
struct LineLogHandler: LogHandler {
    let program: String
    var logLevel = Logger.Level.warning
    var metadata = Logger.Metadata()

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let metadata = self.metadata.merging(event.metadata ?? [:]) { $1 }
        let details = metadata.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        StandardError.write("\(program): \(event.message)\(details)\n")
    }
}

/// Standard error without the C library's buffer, so that lines of several threads do not mix.
enum StandardError {
    static func write(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while !rest.isEmpty {
                let written = Glibc.write(STDERR_FILENO, rest.baseAddress, rest.count)
                if written <= 0 { return }
                rest = UnsafeRawBufferPointer(rebasing: rest[written...])
            }
        }
    }
}
