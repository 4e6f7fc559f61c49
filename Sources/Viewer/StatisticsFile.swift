internal import Glibc
public import GuestDisplay

/// A file to which a viewer writes its counters while it runs: a line of JSON (JSON Lines) a head and second.
@MainActor
public final class StatisticsFile: Sendable {
    private let path: String
    private var file: CInt
    private let complain: @MainActor (String) -> Void

    /// Opens it, empty; throws why it cannot be written. `complain` is told once if a later line cannot be written; then no more are tried.
    nonisolated public init(
        path: String, complain: @escaping @MainActor (String) -> Void
    ) throws(DisplayError) {
        self.path = path
        self.complain = complain
        // A reader that goes away is an error like others, as GLib has it in the whole process.
        signal(SIGPIPE, SIG_IGN)
        // A pipe that nobody reads must not hold the viewer, neither now nor later.
        file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0o666)
        guard file >= 0 else {
            throw DisplayError(
                "cannot write statistics to \(path): \(String(cString: strerror(errno))); choose a file that can be written"
            )
        }
    }

    isolated deinit {
        if file >= 0 { close(file) }
    }

    /// Writes what a head's window tells; `seconds` is the time, of a clock that only goes forward.
    func write(_ statistics: Statistics, head: Head.ID, seconds: Double) {
        guard file >= 0 else { return }
        var line = statistics.json(head: head, seconds: seconds) + "\n"
        let code = line.withUTF8 { bytes in
            let count = Glibc.write(file, bytes.baseAddress, bytes.count)
            // Half a line is one that the disk had no room for.
            return count < 0 ? errno : count == bytes.count ? 0 : ENOSPC
        }
        // A reader that is slow misses a line.
        if code == 0 || code == EAGAIN { return }
        complain(
            "no more statistics go to \(path): \(String(cString: strerror(code)))")
        close(file)
        file = -1
    }
}

extension Statistics {
    /// One object of JSON. Counters are since the viewer's start, sizes in pixels, `time` in seconds, `ns` and `longest` of a stage in nanoseconds.
    func json(head: Head.ID, seconds: Double) -> String {
        let numbers: [(String, UInt64)] = [
            ("received", counters.changes), ("updates", counters.updates),
            ("unchanged", counters.unchanged), ("merged", merged),
            ("published", counters.picturesPublished), ("shown", shown), ("dropped", dropped),
            ("refused", counters.refused), ("deferred", counters.deferrals),
            ("failures", counters.failures), ("imports", counters.imports),
            ("direct", counters.direct), ("bytesCopied", counters.bytesCopied),
            ("pixelsUploaded", counters.pixelsUploaded),
        ]
        let texts = [
            ("guest", Statistics.words(geometry.guest)),
            ("window", Statistics.words(geometry.window)),
            ("renderer", renderer), ("path", path), ("policy", policy.rawValue),
        ]
        let times = Stage.allCases.map { stage in
            let time = stages[stage]
            return """
                "\(stage.rawValue)":{"count":\(time.count),"ns":\(time.nanoseconds),\
                "longest":\(time.longest)}
                """
        }
        let members =
            ["\"time\":\(Statistics.decimal(seconds, places: 6))", "\"head\":\(head)"]
            + numbers.map { "\"\($0)\":\($1)" }
            + texts.map { "\"\($0)\":\(Statistics.quoted($1))" }
            + ["\"stages\":{\(times.joined(separator: ","))}"]
        return "{\(members.joined(separator: ","))}"
    }

    private static func words(_ size: Size) -> String { "\(size.width)x\(size.height)" }

    // A string of JSON (RFC 8259, section 7).
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case "\u{0}"..<" ":
                let hexadecimal = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - hexadecimal.count) + hexadecimal
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
