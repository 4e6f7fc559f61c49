internal import Glibc

extension DMABuffer {
    /// The kernel's driver that exported it, as far as the kernel tells (`exp_name` of /proc/PID/fdinfo, where some say no more than `drm`). The vendor
    /// of an explicit modifier is in its description.
    public var exporter: String? {
        let path = "/proc/self/fdinfo/\(planes[0].descriptor.rawValue)"
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, CInt(line.count), file) != nil {
            let text = line.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
            guard text.hasPrefix("exp_name:") else { continue }
            let name = text.dropFirst("exp_name:".count).filter { !$0.isWhitespace }
            return name.isEmpty || name == "drm" ? nil : name
        }
        return nil
    }
}
