import DisplayTesting
import Glibc

extension TestProcess {
    /// Resident memory in KiB (`VmRSS` of /proc/PID/status).
    var residentKiB: Int {
        get throws {
            let status = TestProcess.text("/proc/\(pid)/status")
            let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
            guard let words = line?.split(whereSeparator: { $0 == " " || $0 == "\t" }),
                words.count == 3, let value = Int(words[1])
            else { throw HarnessError("\(name) has no VmRSS: it has ended") }
            return value
        }
    }

    /// How many descriptors are open.
    var descriptorCount: Int {
        get throws {
            guard let folder = opendir("/proc/\(pid)/fd") else {
                throw HarnessError("\(name) has no descriptors: it has ended")
            }
            defer { closedir(folder) }
            var count = 0
            while let entry = readdir(folder) {
                // Not `.` and `..`.
                if entry.pointee.d_name.0 != 46 { count += 1 }
            }
            return count
        }
    }
}
