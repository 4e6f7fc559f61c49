import Testing

/// What needs a real GPU's nodes: `make test-vm` runs it in a virtual machine that has them, `make test-gpu` on this one. One after
/// the other: there is one GPU.
@Suite(
    .serialized, .enabled(if: RenderNode.path != nil, "SWIFTVM_RENDER_NODE names no render node"))
struct RenderNodeTests {
    @Test func nodeOpens() throws {
        let node = try #require(RenderNode.path)
        _ = try RenderNode.open(node)
    }
}
