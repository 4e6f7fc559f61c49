internal import GuestDisplay

/// A head's current picture in shared memory that textures are written from, without a copy in between. Under its head's lock only.
struct MappedPicture {
    /// The mapping. Its pixels may change while they are read; damage follows.
    let surface: DisplaySurface
    /// Whether the memory was found gone: it is not read any more until the next scanout.
    var isBroken = false
    /// Whether a picture of it was published.
    var isShown = false

    /// Throws when the memory is gone by now.
    init(_ surface: DisplaySurface) throws(SurfaceError) {
        try surface.memory.check()
        self.surface = surface
    }

    /// Whether a surface's bytes can be a texture's as they are, and read when the ingest gets to it, where nobody has to wait.
    static func canShow(_ surface: DisplaySurface) -> Bool {
        surface.memory.isShared && !surface.memory.waitsForDevices
            && surface.format.isUploadable && surface.isTopDown && surface.stride % 4 == 0
    }

    /// Throws when the memory is gone, or was.
    mutating func check() throws(SurfaceError) {
        if isBroken { throw .lostPicture }
        do throws(SurfaceError) {
            try surface.memory.check()
        } catch {
            isBroken = true
            throw error
        }
    }
}

extension SurfaceError {
    /// An update of a picture whose memory was found gone.
    static let lostPicture = SurfaceError(
        field: "update",
        reason: "the picture's memory was lost; it goes on with the next scanout")
}

extension PixelFormat {
    /// Whether a pixel is 0xXXRRGGBB, X being of no matter: what every picture in memory is made of.
    fileprivate var isUploadable: Bool {
        switch rawValue {
        case 0x2002_0888, 0x2002_8888, 0x200a_8888: true
        default: false
        }
    }
}
