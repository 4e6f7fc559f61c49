internal import Glibc

extension TestProcess {
    /// Resident memory in KiB (`VmRSS` of /proc/PID/status).
    public var residentKiB: Int {
        get throws {
            let status = TestProcess.text("/proc/\(pid)/status")
            let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
            guard let words = line?.split(whereSeparator: { $0 == " " || $0 == "\t" }),
                words.count == 3, let value = Int(words[1])
            else { throw HarnessError("\(name) has no VmRSS: it has ended") }
            return value
        }
    }

    /// Nanoseconds that its threads which live have run (the first number of /proc/PID/task/TID/schedstat).
    public var processorNanoseconds: UInt64 {
        get throws {
            guard let folder = opendir("/proc/\(pid)/task") else {
                throw HarnessError("\(name) has no threads: it has ended")
            }
            defer { closedir(folder) }
            var sum: UInt64 = 0
            while let entry = readdir(folder) {
                let thread = withUnsafeBytes(of: &entry.pointee.d_name) {
                    String(cString: $0.bindMemory(to: CChar.self).baseAddress!)
                }
                if thread.hasPrefix(".") { continue }
                // One that has ended meanwhile has no file any more.
                let text = TestProcess.text("/proc/\(pid)/task/\(thread)/schedstat")
                sum += text.split(separator: " ").first.flatMap { UInt64($0) } ?? 0
            }
            return sum
        }
    }

    /// How many descriptors are open.
    public var descriptorCount: Int {
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
