import DisplayTesting
import GuestDisplay

/// What a guest that flips does with each of its buffers.
extension GPUBuffer {
    /// Draws a frame in three parts, each sent to the GPU by itself: a band above, the rest, and the same band below. A capture with two different
    /// bands is one of two frames.
    func drawFrame(
        band: UInt32, edge: Int, middle: UInt32, whenBegun: () -> Void = {}
    ) throws {
        let (width, height) = (size.width, size.height)
        try draw([(Rect(x: 0, y: 0, width: width, height: edge), band)])
        whenBegun()
        try draw([(Rect(x: 0, y: edge, width: width, height: height - 2 * edge), middle)])
        try draw([(Rect(x: 0, y: height - edge, width: width, height: edge), band)])
    }

    /// Gives `call` what shows it: ScanoutDMABUF and UpdateDMABUF.
    func show(_ call: (WireMessage) throws -> Void) throws {
        let plane = try planes()[0]
        try call(
            .scanoutBuffer(
                plane.descriptor.rawValue, UInt32(size.width), UInt32(size.height),
                stride: UInt32(plane.stride), fourcc: fourcc, modifier: modifier, y0Top: false))
        try call(.updateBuffer(Rect(size)))
    }
}
