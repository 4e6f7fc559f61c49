internal import GuestDisplay
internal import SystemPackage

/// Reads the calls that hand over a picture in a GPU. Every descriptor is owned from the first line on, and closed when its call is refused.
enum BufferArguments {
    /// `ScanoutDMABUF`: one plane, all of which is shown.
    static func scanout(
        _ message: DBusMessage, accepting acceptance: DMABuffer.Acceptance
    ) throws(DBusFault) -> GLScanout {
        let (index, size, stride, fourcc, modifier, y0Top) = try message.read("huuuutb") {
            (reader) throws(DBusWireError) in
            (
                try reader.uint32("dmabuf"),
                Size(
                    width: Int(try reader.uint32("width")),
                    height: Int(try reader.uint32("height"))),
                try reader.uint32("stride"), try reader.uint32("fourcc"),
                try reader.uint64("modifier"), try reader.boolean("y0_top")
            )
        }
        let planes = try planes(of: message, [index], offsets: [0], strides: [stride])
        do throws(SurfaceError) {
            let buffer = try DMABuffer(
                planes: planes, fourcc: FourCC(rawValue: fourcc),
                modifier: DRMModifier(rawValue: modifier), size: size, accepting: acceptance)
            return try GLScanout(
                storage: .dmaBuffer(buffer), backingSize: size, crop: Rect(size),
                isTopDown: isTopDown(y0Top: y0Top))
        } catch {
            throw .invalidArguments(error.description)
        }
    }

    /// `ScanoutDMABUF2`: up to four planes, of which a part is shown.
    static func scanout2(
        _ message: DBusMessage, accepting acceptance: DMABuffer.Acceptance
    ) throws(DBusFault) -> GLScanout {
        let most = DMABuffer.maximumPlanes
        var crop = Rect.zero
        var size = Size.zero
        let (indexes, offsets, strides, count, fourcc, modifier, y0Top) = try message.read(
            "ahuuuuauauuuuutb"
        ) { (reader) throws(DBusWireError) in
            let indexes = try reader.uint32Array("dmabuf", atMost: most)
            crop.x = Int(try reader.uint32("x"))
            crop.y = Int(try reader.uint32("y"))
            crop.width = Int(try reader.uint32("width"))
            crop.height = Int(try reader.uint32("height"))
            let offsets = try reader.uint32Array("offset", atMost: most)
            let strides = try reader.uint32Array("stride", atMost: most)
            let count = try reader.uint32("num_planes")
            let fourcc = try reader.uint32("fourcc")
            size.width = Int(try reader.uint32("backing_width"))
            size.height = Int(try reader.uint32("backing_height"))
            return (
                indexes, offsets, strides, count, fourcc, try reader.uint64("modifier"),
                try reader.boolean("y0_top")
            )
        }
        guard count >= 1, count <= most else {
            throw .invalidArguments("num_planes: \(count), expected 1 to \(most)")
        }
        for (name, values) in [("offset", offsets), ("stride", strides)] {
            guard values.count == count else {
                throw .invalidArguments("\(name): \(values.count) entries, expected \(count)")
            }
        }
        // QEMU sends one descriptor where its driver exported all planes in one buffer (EGL_MESA_image_dma_buf_export: the others are -1 then).
        guard indexes.count == count || indexes.count == 1 else {
            throw .invalidArguments(
                "dmabuf: \(indexes.count) descriptors, expected \(count), or 1 for all planes")
        }
        let planes = try planes(of: message, indexes, offsets: offsets, strides: strides)
        do throws(SurfaceError) {
            let buffer = try DMABuffer(
                planes: planes, fourcc: FourCC(rawValue: fourcc),
                modifier: DRMModifier(rawValue: modifier), size: size, accepting: acceptance)
            return try GLScanout(
                storage: .dmaBuffer(buffer), backingSize: size, crop: crop,
                isTopDown: isTopDown(y0Top: y0Top))
        } catch {
            throw .invalidArguments(renamed(error).description)
        }
    }

    /// Whether the first row in memory is the top of the picture. This is the one place that decides it.
    ///
    /// The flag's name says the opposite: virglrenderer stores a resource with VIRTIO_GPU_RESOURCE_FLAG_Y_0_TOP with its lowest row first (seen with 7.2), and
    /// QEMU passes the flag on. Its own surfaces with `gl=on` have their first row at the top and come with false (ui/dbus-listener.c,
    /// `dbus_gl_gfx_switch`).
    private static func isTopDown(y0Top: Bool) -> Bool {
        !y0Top
    }

    // What is the buffer's size is called otherwise in this call, and the crop has four fields.
    private static func renamed(_ error: SurfaceError) -> SurfaceError {
        let names = [
            "width": "backing_width", "height": "backing_height",
            "width, height": "backing_width, backing_height", "crop": "x, y, width, height",
        ]
        return SurfaceError(field: names[error.field] ?? error.field, reason: error.reason)
    }

    // As many planes as there are offsets.
    private static func planes(
        of message: DBusMessage, _ indexes: [UInt32], offsets: [UInt32], strides: [UInt32]
    ) throws(DBusFault) -> [DMABuffer.Plane] {
        guard message.descriptors.count == indexes.count else {
            throw .invalidArguments(
                "dmabuf: \(indexes.count) named, but \(message.descriptors.count) descriptors came")
        }
        var planes: [DMABuffer.Plane] = []
        for (number, (offset, stride)) in zip(offsets, strides).enumerated() {
            planes.append(
                DMABuffer.Plane(
                    descriptor: try number < indexes.count
                        ? message.takeDescriptor(indexes[number], "dmabuf")
                        : copy(of: planes[0].descriptor),
                    offset: Int(offset), stride: Int(stride)))
        }
        return planes
    }

    private static func copy(
        of descriptor: borrowing OwnedDescriptor
    ) throws(DBusFault) -> OwnedDescriptor {
        do throws(Errno) {
            return try descriptor.duplicate()
        } catch {
            throw .failed("dmabuf: fcntl: \(error)")
        }
    }
}
