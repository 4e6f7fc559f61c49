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

    /// Nanoseconds that its threads have run, also those that have ended.
    public var processorNanoseconds: UInt64 {
        get throws {
            var clock = clockid_t()
            var time = timespec()
            guard clock_getcpuclockid(pid, &clock) == 0, clock_gettime(clock, &time) == 0 else {
                throw HarnessError("\(name) has no clock: it has ended")
            }
            return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
        }
    }

    /// How many descriptors are open.
    public var descriptorCount: Int {
        get throws { try entries(of: "fd").count }
    }

    // The names in a folder of /proc/PID.
    private func entries(of name: String) throws -> [String] {
        guard let folder = opendir("/proc/\(pid)/\(name)") else {
            throw HarnessError("\(self.name) has no \(name): it has ended")
        }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(cString: $0.bindMemory(to: CChar.self).baseAddress!)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
