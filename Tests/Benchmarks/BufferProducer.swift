import DisplayTesting
import GuestDisplay

/// A guest that draws into a buffer of a GPU, and tells a viewer.
final class BufferProducer {
    /// What it draws into.
    let buffer: GPUBuffer
    private let renderer: GPURenderer
    private let peer: ScriptedListenerPeer
    private var frame: UInt32 = 0

    /// What it drew last: 0x00RRGGBB.
    var colour: UInt32 { frame &* 0x9e_3779 & 0xff_ffff }

    /// Shows a buffer of that size to who listens.
    init(node: String, size: Size, peer: ScriptedListenerPeer) throws {
        self.peer = peer
        renderer = try GPURenderer(node: node)
        buffer = try renderer.makeBuffer(size)
        try draw(Rect(size))
        try finish()
        let plane = try buffer.planes()[0]
        try call(
            .scanoutBuffer(
                plane.descriptor.rawValue, UInt32(size.width), UInt32(size.height),
                stride: UInt32(plane.stride), fourcc: buffer.fourcc, modifier: buffer.modifier,
                y0Top: false))
    }

    /// Draws another colour there, without waiting for the GPU.
    func draw(_ rect: Rect) throws {
        frame += 1
        try buffer.draw([(rect, colour)])
    }

    /// Waits until what was drawn is there.
    func finish() throws { try renderer.finish() }

    /// Tells of a change, and returns how long the answer took, in seconds.
    @discardableResult
    func update(_ rect: Rect) throws -> Double {
        let start = now()
        try call(.updateBuffer(rect))
        return now() - start
    }

    /// Says nothing, and returns how long the answer took, in seconds: what messages take.
    func ping() throws -> Double {
        let start = now()
        try call(WireMessage("Ping", interface: "org.freedesktop.DBus.Peer"))
        return now() - start
    }

    private func call(_ message: WireMessage) throws {
        let answer = try peer.call(message)
        try check(answer.errorName == nil, answer.text ?? "refused")
    }
}
