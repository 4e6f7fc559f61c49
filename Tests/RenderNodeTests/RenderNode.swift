import Glibc
import GuestDisplay
import SystemPackage

/// The nodes to test with.
enum RenderNode {
    /// SWIFTVM_RENDER_NODE: a render node, for example `/dev/dri/renderD128`.
    static let path = variable("SWIFTVM_RENDER_NODE")
    /// SWIFTVM_VGEM_NODE: the card node of vgem, memory that no GPU owns, imported strictly by Mesa's kms_swrast.
    static let vgem = variable("SWIFTVM_VGEM_NODE")

    /// Opens a node for reading and writing.
    static func open(_ path: String) throws(Errno) -> OwnedDescriptor {
        let descriptor = Glibc.open(path, O_RDWR | O_CLOEXEC)
        if descriptor < 0 { throw Errno(rawValue: errno) }
        return OwnedDescriptor(owning: descriptor)
    }

    private static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }
}
