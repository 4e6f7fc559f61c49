import Glibc
import GuestDisplay

/// The nodes to test with.
enum RenderNode {
    /// SWIFTVM_RENDER_NODE: a render node, for example `/dev/dri/renderD128`.
    static let path = variable("SWIFTVM_RENDER_NODE")
    /// SWIFTVM_VGEM_NODE: the card node of vgem, memory that no GPU owns, imported strictly by Mesa's kms_swrast.
    static let vgem = variable("SWIFTVM_VGEM_NODE")
    /// SWIFTVM_VM: in the virtual machine of `make test-vm`.
    static let isTestMachine = variable("SWIFTVM_VM") != nil

    /// The names of the outputs that are connected, sorted, as the kernel's KMS drivers have them.
    static func connectedOutputs() -> [String] {
        guard let folder = opendir("/sys/class/drm") else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            // card0-Virtual-1
            guard name.hasPrefix("card"), let dash = name.firstIndex(of: "-"),
                let file = fopen("/sys/class/drm/\(name)/status", "r")
            else { continue }
            defer { fclose(file) }
            var line = [CChar](repeating: 0, count: 32)
            fgets(&line, 32, file)
            if line.starts(with: "connected\n".utf8.map(CChar.init(bitPattern:))) {
                names.append(String(name[name.index(after: dash)...]))
            }
        }
        return names.sorted()
    }

    /// Whether nothing is drawn into a dma-buf: it can be read at once (dma-buf.rst, "Implicit Fence Poll Support").
    static func isIdle(_ buffer: consuming OwnedDescriptor) -> Bool {
        var waiting = pollfd(fd: buffer.rawValue, events: Int16(POLLIN), revents: 0)
        return poll(&waiting, 1, 0) == 1
    }

    private static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }
}
