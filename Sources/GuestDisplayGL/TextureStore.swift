internal import CEpoxy
internal import GuestDisplay

/// Pictures as textures of the ingest's context, shared as EGLImages.
final class TextureStore: PictureStore {
    /// What sharing needs, in the order of their specifications.
    static let extensions = [
        "EGL_KHR_image_base", "EGL_KHR_gl_texture_2D_image", "EGL_KHR_fence_sync",
    ]

    private let display: EGLDisplayHandle
    private let maximumExtent: Int
    private var readFramebuffer: GLuint = 0
    private let importer: DMABufferImporter?
    private let scanoutCopy: ScanoutCopy
    private let fences: ReleaseFences

    /// The ingest's context is current.
    init(display: EGLDisplayHandle) throws(GLError) {
        try display.require(TextureStore.extensions, for: "pictures as EGL images")
        guard epoxy_gl_version() >= 30 else {
            throw GLError(
                operation: "GL context",
                reason: "GL \(epoxy_gl_version() / 10).\(epoxy_gl_version() % 10), 3.0 is needed; "
                    + "use the software renderer")
        }
        self.display = display
        SharedImage.resolveEntryPoints(display)
        var extent: GLint = 0
        epoxy_glGetIntegerv(GLenum(GL_MAX_TEXTURE_SIZE), &extent)
        maximumExtent = Int(extent)
        epoxy_glGenFramebuffers(1, &readFramebuffer)
        importer = DMABufferImporter(display: display)
        scanoutCopy = try ScanoutCopy()
        fences = ReleaseFences(display: display)
        try GLError.check("ingest context")
        try probe()
    }

    /// Makes one picture and destroys it. epoxy finds a function of an extension at its first call and only while a context is current;
    /// the last reference to a picture may go on any thread.
    private func probe() throws(GLError) {
        let storage = try make(size: Size(width: 1, height: 1))
        defer { destroy(storage) }
        guard case .image(let image) = storage else { return }
        try image.fences.didWrite()
    }

    func make(size: Size) throws(GLError) -> Picture.Storage {
        guard size.width <= maximumExtent, size.height <= maximumExtent else {
            throw GLError(
                operation: "texture",
                reason: "a picture of \(size) is larger than GL_MAX_TEXTURE_SIZE \(maximumExtent)")
        }
        GLError.forget()
        var texture: GLuint = 0
        epoxy_glGenTextures(1, &texture)
        Texture.allocate(texture, size: size)
        epoxy_glBindTexture(GLenum(GL_TEXTURE_2D), 0)
        do throws(GLError) {
            try GLError.check("glTexImage2D of \(size)")
            return .image(
                SharedImage(
                    display: display, image: try makeImage(of: texture), texture: texture,
                    size: size))
        } catch {
            epoxy_glDeleteTextures(1, &texture)
            throw error
        }
    }

    private func makeImage(of texture: GLuint) throws(GLError) -> EGLImageKHR {
        let attributes = [EGL_GL_TEXTURE_LEVEL_KHR, 0, EGL_NONE]
        guard
            let image = epoxy_eglCreateImageKHR(
                display.display, epoxy_eglGetCurrentContext(), EGLenum(EGL_GL_TEXTURE_2D_KHR),
                EGLClientBuffer(bitPattern: UInt(texture)), attributes)
        else { throw .egl("eglCreateImageKHR of a texture") }
        return image
    }

    func write(_ backing: inout SurfaceBacking, to slot: PictureSlot) throws(GLError) {
        let backing = backing.current
        guard case .image(let image) = slot.storage else { return }
        GLError.forget()
        try image.fences.waitForReaders()
        epoxy_glBindTexture(GLenum(GL_TEXTURE_2D), image.texture)
        Texture.upload(slot.stale.rects, of: backing.baseAddress, stride: backing.stride)
        epoxy_glBindTexture(GLenum(GL_TEXTURE_2D), 0)
        image.swapsRedAndBlue = true
        try GLError.check("glTexSubImage2D of \(backing.size)")
    }

    func write(
        _ surface: DisplaySurface, to slot: PictureSlot, new: Damage,
        over newest: Picture.Storage?
    ) throws(GLError) -> SurfaceError? {
        guard case .image(let image) = slot.storage else { return nil }
        GLError.forget()
        try image.fences.waitForReaders()
        epoxy_glBindTexture(GLenum(GL_TEXTURE_2D), image.texture)
        var damage = slot.stale
        if case .image(let old) = newest, old.size == image.size, old !== image {
            try copy(slot.stale, of: old)
            damage = new
        }
        var refusal: SurfaceError?
        let needed =
            surface.offset + surface.stride * (surface.size.height - 1)
            + surface.byteCount(of: Rect(x: 0, y: 0, width: surface.size.width, height: 1))
        do throws(SurfaceError) {
            try surface.memory.withBytes { bytes in
                guard bytes.count >= needed, let base = bytes.baseAddress else {
                    refusal = SurfaceError(
                        field: "data",
                        reason: "\(bytes.count) bytes, expected at least \(needed)")
                    return
                }
                Texture.upload(
                    damage.rects, of: base + surface.offset, stride: surface.stride)
            }
        } catch {
            refusal = error
        }
        epoxy_glBindTexture(GLenum(GL_TEXTURE_2D), 0)
        image.swapsRedAndBlue = true
        // A driver that had the kernel read says that it failed, too.
        if let refusal { return refusal }
        try GLError.check("glTexSubImage2D of a mapping of \(surface.size)")
        return nil
    }

    /// Into the texture that is bound.
    private func copy(_ damage: Damage, of old: SharedImage) throws(GLError) {
        defer { epoxy_glBindFramebuffer(GLenum(GL_READ_FRAMEBUFFER), 0) }
        try attach(old.texture, to: readFramebuffer, as: GL_READ_FRAMEBUFFER)
        for rect in damage.rects {
            epoxy_glCopyTexSubImage2D(
                GLenum(GL_TEXTURE_2D), 0, GLint(rect.x), GLint(rect.y), GLint(rect.x),
                GLint(rect.y), GLsizei(rect.width), GLsizei(rect.height))
        }
    }

    var imports: Set<DMABuffer.Identity> { importer?.identities ?? [] }

    var importCount: UInt64 { importer?.importCount ?? 0 }

    func prepare(_ buffer: DMABuffer) throws(SurfaceError) -> DMABufferPath {
        let objection: SurfaceError
        if let importer {
            if let found = importer.objection(to: buffer) {
                objection = found
            } else {
                do throws(GLError) {
                    _ = try importer.texture(of: buffer)
                    return .imported
                } catch {
                    objection = SurfaceError(field: "dmabuf", reason: error.description)
                }
            }
        } else {
            objection = SurfaceError(
                field: "dmabuf",
                reason: "\(GLContext.rendererName) imports no dma-bufs")
        }
        if buffer.isReadable {
            return try .mapping(buffer)
        }
        let origin = buffer.exporter.map { " (it comes from the driver \($0))" } ?? ""
        throw SurfaceError(
            field: objection.field,
            reason: "\(objection.reason)\(origin), and \(buffer.format.fourcc) with the modifier "
                + "\(buffer.modifier) cannot be read by the processor; use the GPU that the guest "
                + "uses (QEMU's rendernode=, --render-node), or start QEMU's display without gl=on")
    }

    func frame(
        of scanout: GLScanout, onChange: @escaping @Sendable () -> Void
    ) throws(GLError) -> GuestFrame? {
        let image: GuestImage
        var needsFence = true
        switch scanout.storage {
        case .texture(let texture):
            image = GuestImage(display: display, image: try makeImage(of: texture))
        case .dmaBuffer(let buffer):
            guard let importer else { return nil }
            let imported = try importer.texture(of: buffer)
            // A window's context may be of desktop GL, which has no external samplers.
            guard imported.target == GLenum(GL_TEXTURE_2D) else { return nil }
            needsFence = importer.waitForGuest(buffer)
            image = imported.image
        }
        let frame = GuestFrame(scanout, image: image, onChange: onChange)
        if needsFence { try frame.fences.didWrite() }
        return frame
    }

    func release(_ frames: [FrameRelease]) throws(GLError) {
        try fences.release(frames)
    }

    func write(
        _ scanout: GLScanout, to slot: PictureSlot, releasing frames: [FrameRelease]
    ) throws(GLError) {
        let image: SharedImage?
        let file: OwnedDescriptor?
        do throws(GLError) {
            image = try copy(scanout, to: slot)
            file = frames.isEmpty ? nil : try image?.fences.didWriteGivingFile()
        } catch {
            for frame in frames { frame.release() }
            throw error
        }
        try fences.release(frames, behind: file, of: image?.fences)
    }

    /// No fence is behind it yet.
    private func copy(_ scanout: GLScanout, to slot: PictureSlot) throws(GLError) -> SharedImage? {
        guard case .image(let image) = slot.storage else { return nil }
        try image.fences.waitForReaders()
        image.swapsRedAndBlue = false
        let (source, target): (GLuint, GLenum)
        switch scanout.storage {
        case .texture(let texture):
            (source, target) = (texture, GLenum(GL_TEXTURE_2D))
        case .dmaBuffer(let buffer):
            guard let importer else {
                throw GLError(operation: "dma-buf", reason: "the driver imports none")
            }
            let imported = try importer.texture(of: buffer)
            _ = importer.waitForGuest(buffer)
            if let framebuffer = imported.readFramebuffer() {
                if try scanoutCopy.blit(
                    slot.stale.rects, of: scanout, source: framebuffer, to: image)
                {
                    return image
                }
                // What is complete may be refused all the same; a shader reads any texture.
                imported.dropReadFramebuffer()
            }
            (source, target) = (imported.texture, imported.target)
        }
        try scanoutCopy.copy(
            slot.stale.rects, of: scanout, source: source, target: target, to: image)
        return image
    }

    func finish(_ slot: PictureSlot) throws(GLError) {
        guard case .image(let image) = slot.storage else { return }
        try image.fences.didWriteAll()
    }

    func read(_ storage: Picture.Storage) throws(GLError) -> [UInt32] {
        switch storage {
        case .memory(let memory):
            return memory.opaquePixels()
        case .image(let image):
            guard image.display.display == display.display else {
                throw GLError(
                    operation: "read-back", reason: "the picture is on another EGL display")
            }
            return try read(image)
        case .guest(let frame):
            guard frame.image.display.display == display.display else {
                throw GLError(
                    operation: "read-back", reason: "the picture is on another EGL display")
            }
            return try read(frame)
        }
    }

    private func read(_ frame: GuestFrame) throws(GLError) -> [UInt32] {
        switch frame.beginDraw() {
        case .copy(let picture): return try read(picture.storage)
        case .buffer:
            let pixels = Result { () throws(GLError) in try readBuffer(of: frame) }
            try frame.endDraw(self)
            return try pixels.get()
        }
    }

    private func readBuffer(of frame: GuestFrame) throws(GLError) -> [UInt32] {
        let size = frame.scanout.crop.size
        let slot = PictureSlot(size: size, storage: try make(size: size), onReturn: {})
        defer { destroy(slot.storage) }
        _ = try copy(frame.scanout, to: slot)
        return try read(slot.storage)
    }

    func compose(
        _ picture: Picture?, layers: [Layer], frame: Rect, size: Size
    ) throws(GLError) -> [UInt32] {
        let target = try OffscreenFramebuffer(size)
        defer { target.delete() }
        let drawer = try PictureDrawer()
        defer { drawer.close() }
        try drawer.draw(picture, layers: layers, frame: frame, window: size)
        return try target.read()
    }

    func destroy(_ storage: Picture.Storage) {
        guard case .image(let image) = storage else { return }
        image.destroy()
        var framebuffer = image.framebuffer
        if framebuffer != 0 { epoxy_glDeleteFramebuffers(1, &framebuffer) }
        var texture = image.texture
        epoxy_glDeleteTextures(1, &texture)
    }

    func close() {
        epoxy_glDeleteFramebuffers(1, &readFramebuffer)
        scanoutCopy.delete()
        importer?.close()
    }

    private func read(_ image: SharedImage) throws(GLError) -> [UInt32] {
        GLError.forget()
        defer { epoxy_glBindFramebuffer(GLenum(GL_READ_FRAMEBUFFER), 0) }
        try attach(image.texture, to: readFramebuffer, as: GL_READ_FRAMEBUFFER)
        epoxy_glPixelStorei(GLenum(GL_PACK_ALIGNMENT), 4)
        let count = image.size.width * image.size.height
        var pixels = [UInt32](unsafeUninitializedCapacity: count) { buffer, initialized in
            buffer.initialize(repeating: 0)
            epoxy_glReadPixels(
                0, 0, GLsizei(image.size.width), GLsizei(image.size.height), GLenum(GL_RGBA),
                GLenum(GL_UNSIGNED_BYTE), buffer.baseAddress)
            initialized = count
        }
        try GLError.check("glReadPixels of \(image.size)")
        for index in pixels.indices {
            let pixel = pixels[index]
            pixels[index] =
                image.swapsRedAndBlue
                ? pixel & 0x00ff_ffff
                : (pixel & 0xff) << 16 | pixel & 0xff00 | pixel >> 16 & 0xff
        }
        return pixels
    }

    private func attach(_ texture: GLuint, to framebuffer: GLuint, as target: Int32) throws(GLError)
    {
        epoxy_glBindFramebuffer(GLenum(target), framebuffer)
        epoxy_glFramebufferTexture2D(
            GLenum(target), GLenum(GL_COLOR_ATTACHMENT0), GLenum(GL_TEXTURE_2D), texture, 0)
        let status = epoxy_glCheckFramebufferStatus(GLenum(target))
        guard status == GLenum(GL_FRAMEBUFFER_COMPLETE) else {
            throw GLError(
                operation: "framebuffer of texture \(texture)",
                reason: "status 0x" + String(status, radix: 16))
        }
    }
}
