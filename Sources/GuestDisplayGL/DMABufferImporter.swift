internal import CEpoxy
internal import GuestDisplay

/// Makes textures of dma-bufs: each buffer once, however often the guest flips to it. Ingest thread only, its context current.
final class DMABufferImporter {
    /// A buffer as the driver sees it.
    final class Imported {
        /// Keeps the buffer's descriptors, and so the kernel's number of it, from being given to another.
        let buffer: DMABuffer
        let texture: GLuint
        /// `GL_TEXTURE_2D` or `GL_TEXTURE_EXTERNAL_OES`.
        let target: GLenum
        /// The same, for windows' contexts; it may outlive the texture.
        let image: GuestImage
        /// What the ingest's context reads the texture through; nil until it is asked for, 0 where the driver does not read it so.
        private var framebuffer: GLuint?
        fileprivate var lastUse: UInt64 = 0

        fileprivate init(
            buffer: DMABuffer, texture: GLuint, target: GLenum, image: GuestImage
        ) {
            self.buffer = buffer
            self.texture = texture
            self.target = target
            self.image = image
        }

        /// A framebuffer that reads it; nil where the driver has none for its format.
        func readFramebuffer() -> GLuint? {
            if let framebuffer { return framebuffer == 0 ? nil : framebuffer }
            guard target == GLenum(GL_TEXTURE_2D) else { return nil }
            GLError.forget()
            var new: GLuint = 0
            epoxy_glGenFramebuffers(1, &new)
            epoxy_glBindFramebuffer(GLenum(GL_READ_FRAMEBUFFER), new)
            epoxy_glFramebufferTexture2D(
                GLenum(GL_READ_FRAMEBUFFER), GLenum(GL_COLOR_ATTACHMENT0), target, texture, 0)
            let status = epoxy_glCheckFramebufferStatus(GLenum(GL_READ_FRAMEBUFFER))
            epoxy_glBindFramebuffer(GLenum(GL_READ_FRAMEBUFFER), 0)
            if status != GLenum(GL_FRAMEBUFFER_COMPLETE) {
                epoxy_glDeleteFramebuffers(1, &new)
                GLError.forget()
                new = 0
            }
            framebuffer = new
            return new == 0 ? nil : new
        }

        /// The driver has refused to read it so.
        func dropReadFramebuffer() {
            deleteFramebuffer()
            framebuffer = 0
        }

        fileprivate func delete() {
            deleteFramebuffer()
            var texture = texture
            epoxy_glDeleteTextures(1, &texture)
        }

        private func deleteFramebuffer() {
            if var framebuffer, framebuffer != 0 { epoxy_glDeleteFramebuffers(1, &framebuffer) }
        }
    }

    /// How many imports are kept: guests flip between two to four buffers, and a GPU has some heads.
    static let maximumImports = 16

    /// How long this thread waits for a guest's GPU, which holds every head up: twice what the guest is held for.
    private static let patience = Duration.seconds(1)

    private let display: EGLDisplayHandle
    private let hasModifiers: Bool
    private let canWaitOnGPU: Bool
    private let canSampleExternal: Bool
    private let renderer: String
    /// What the driver imports: for each format the modifiers, and whether it samples them by external samplers alone. Empty where it does not say.
    private let table: [FourCC: [DRMModifier: Bool]]
    private var imports: [DMABuffer.Identity: Imported] = [:]
    private var uses: UInt64 = 0
    /// The buffers that are imported now.
    var identities: Set<DMABuffer.Identity> { Set(imports.keys) }
    /// How many buffers were imported since the beginning.
    private(set) var importCount: UInt64 = 0

    /// Nil where the driver imports no dma-bufs.
    init?(display: EGLDisplayHandle) {
        guard display.extensions.contains("EGL_EXT_image_dma_buf_import"),
            epoxy_has_gl_extension("GL_OES_EGL_image")
        else { return nil }
        self.display = display
        hasModifiers = display.extensions.contains("EGL_EXT_image_dma_buf_import_modifiers")
        canWaitOnGPU = display.hasNativeFences && display.hasWaitSync
        canSampleExternal =
            !epoxy_is_desktop_gl() && epoxy_gl_version() >= 30
            && epoxy_has_gl_extension("GL_OES_EGL_image_external_essl3")
        renderer = GLContext.rendererName
        table = hasModifiers ? DMABufferImporter.readTable(display) : [:]
    }

    /// Why the driver would not take a buffer; nil when it is worth trying.
    func objection(to buffer: DMABuffer) -> SurfaceError? {
        if let fault = buffer.placeholderFault, !renderer.hasPrefix("virgl") { return fault }
        let pair = "\(buffer.format.fourcc) with the modifier \(buffer.modifier)"
        if !hasModifiers {
            // The layout cannot be told to the driver, and must not be left out.
            if buffer.modifier == .invalid { return nil }
            return SurfaceError(
                field: "modifier",
                reason:
                    "\(pair) needs EGL_EXT_image_dma_buf_import_modifiers, which \(renderer) has not"
            )
        }
        guard let modifiers = table[buffer.format.fourcc] else {
            return SurfaceError(
                field: "fourcc", reason: "\(renderer) does not import \(buffer.format.fourcc)")
        }
        // Some drivers list no layouts at all for a format (kms_swrast): row after row is then tried, and refused by themselves.
        let isUntold = modifiers.isEmpty && buffer.modifier == .linear
        if buffer.modifier != .invalid, modifiers[buffer.modifier] == nil, !isUntold {
            return SurfaceError(
                field: "modifier", reason: "\(renderer) does not import \(pair)")
        }
        if isExternal(buffer), !canSampleExternal {
            return SurfaceError(
                field: "fourcc",
                reason:
                    "\(pair) needs GLES 3 with GL_OES_EGL_image_external_essl3, which \(renderer) has not"
            )
        }
        return nil
    }

    /// The texture of a buffer. Throws what EGL reports when the driver refuses.
    func texture(of buffer: DMABuffer) throws(GLError) -> Imported {
        uses += 1
        if let known = imports[buffer.identity] {
            known.lastUse = uses
            return known
        }
        GLError.forget()
        guard
            let image = epoxy_eglCreateImageKHR(
                display.display, nil, EGLenum(EGL_LINUX_DMA_BUF_EXT), nil, attributes(of: buffer))
        else {
            throw .egl(
                "eglCreateImageKHR of a dma-buf (\(buffer.format.fourcc), modifier \(buffer.modifier), \(buffer.size), \(renderer))"
            )
        }
        let target = GLenum(isExternal(buffer) ? GL_TEXTURE_EXTERNAL_OES : GL_TEXTURE_2D)
        var texture: GLuint = 0
        epoxy_glGenTextures(1, &texture)
        epoxy_glBindTexture(target, texture)
        epoxy_glTexParameteri(target, GLenum(GL_TEXTURE_MIN_FILTER), GL_NEAREST)
        epoxy_glTexParameteri(target, GLenum(GL_TEXTURE_MAG_FILTER), GL_NEAREST)
        epoxy_glTexParameteri(target, GLenum(GL_TEXTURE_WRAP_S), GL_CLAMP_TO_EDGE)
        epoxy_glTexParameteri(target, GLenum(GL_TEXTURE_WRAP_T), GL_CLAMP_TO_EDGE)
        epoxy_glEGLImageTargetTexture2DOES(target, image)
        epoxy_glBindTexture(target, 0)
        do throws(GLError) {
            try GLError.check("glEGLImageTargetTexture2DOES of a dma-buf")
        } catch {
            epoxy_glDeleteTextures(1, &texture)
            _ = epoxy_eglDestroyImageKHR(display.display, image)
            throw error
        }
        makeRoom()
        let new = Imported(
            buffer: buffer, texture: texture, target: target,
            image: GuestImage(display: display, image: image))
        new.lastUse = uses
        imports[buffer.identity] = new
        importCount += 1
        return new
    }

    /// Has the next commands wait, on the GPU, for what the guest is still drawing into the buffer. Where the kernel knows no such fence, the driver
    /// waits by itself (implicit synchronization). Where the driver knows none it may not, software above all: then this thread waits.
    ///
    /// Whether the next commands do wait; nothing is done for a buffer that nobody draws into.
    func waitForGuest(_ buffer: DMABuffer) -> Bool {
        guard canWaitOnGPU else {
            buffer.waitForDevices(atMost: DMABufferImporter.patience)
            return false
        }
        var isWaiting = false
        for plane in buffer.planes.indices where buffer.isDrawnByDevices(plane: plane) {
            isWaiting = true
            guard let file = buffer.exportFence(of: plane) else { continue }
            let number = file.take()
            let attributes = [EGL_SYNC_NATIVE_FENCE_FD_ANDROID, number, EGL_NONE]
            guard
                let fence = epoxy_eglCreateSyncKHR(
                    display.display, EGLenum(EGL_SYNC_NATIVE_FENCE_ANDROID), attributes)
            else {
                // The descriptor stays ours when there is no fence.
                _ = OwnedDescriptor(owning: number)
                continue
            }
            _ = epoxy_eglWaitSyncKHR(display.display, fence, 0)
            _ = epoxy_eglDestroySyncKHR(display.display, fence)
        }
        return isWaiting
    }

    /// Frees all.
    func close() {
        for imported in imports.values { imported.delete() }
        imports = [:]
    }

    private func isExternal(_ buffer: DMABuffer) -> Bool {
        table[buffer.format.fourcc]?[buffer.modifier] ?? buffer.format.isYUV
    }

    private func makeRoom() {
        guard imports.count >= DMABufferImporter.maximumImports,
            let oldest = imports.min(by: { $0.value.lastUse < $1.value.lastUse })
        else { return }
        imports[oldest.key] = nil
        oldest.value.delete()
    }

    private func attributes(of buffer: DMABuffer) -> [EGLint] {
        let names: [(descriptor: Int32, offset: Int32, stride: Int32, low: Int32, high: Int32)] = [
            (
                EGL_DMA_BUF_PLANE0_FD_EXT, EGL_DMA_BUF_PLANE0_OFFSET_EXT,
                EGL_DMA_BUF_PLANE0_PITCH_EXT, EGL_DMA_BUF_PLANE0_MODIFIER_LO_EXT,
                EGL_DMA_BUF_PLANE0_MODIFIER_HI_EXT
            ),
            (
                EGL_DMA_BUF_PLANE1_FD_EXT, EGL_DMA_BUF_PLANE1_OFFSET_EXT,
                EGL_DMA_BUF_PLANE1_PITCH_EXT, EGL_DMA_BUF_PLANE1_MODIFIER_LO_EXT,
                EGL_DMA_BUF_PLANE1_MODIFIER_HI_EXT
            ),
            (
                EGL_DMA_BUF_PLANE2_FD_EXT, EGL_DMA_BUF_PLANE2_OFFSET_EXT,
                EGL_DMA_BUF_PLANE2_PITCH_EXT, EGL_DMA_BUF_PLANE2_MODIFIER_LO_EXT,
                EGL_DMA_BUF_PLANE2_MODIFIER_HI_EXT
            ),
            (
                EGL_DMA_BUF_PLANE3_FD_EXT, EGL_DMA_BUF_PLANE3_OFFSET_EXT,
                EGL_DMA_BUF_PLANE3_PITCH_EXT, EGL_DMA_BUF_PLANE3_MODIFIER_LO_EXT,
                EGL_DMA_BUF_PLANE3_MODIFIER_HI_EXT
            ),
        ]
        var list: [EGLint] = [
            EGL_WIDTH, EGLint(buffer.size.width), EGL_HEIGHT, EGLint(buffer.size.height),
            EGL_LINUX_DRM_FOURCC_EXT, EGLint(bitPattern: buffer.format.fourcc.rawValue),
        ]
        for (plane, name) in zip(buffer.planes, names) {
            list += [
                name.descriptor, plane.descriptor.rawValue,
                name.offset, EGLint(truncatingIfNeeded: plane.offset),
                name.stride, EGLint(plane.stride),
            ]
            if buffer.modifier != .invalid {
                let modifier = buffer.modifier.rawValue
                list += [
                    name.low, EGLint(truncatingIfNeeded: modifier),
                    name.high, EGLint(truncatingIfNeeded: modifier >> 32),
                ]
            }
        }
        return list + [EGL_NONE]
    }

    private static func readTable(_ display: EGLDisplayHandle) -> [FourCC: [DRMModifier: Bool]] {
        var count: EGLint = 0
        guard epoxy_eglQueryDmaBufFormatsEXT(display.display, 0, nil, &count) != 0, count > 0
        else { return [:] }
        var codes = [EGLint](repeating: 0, count: Int(count))
        guard epoxy_eglQueryDmaBufFormatsEXT(display.display, count, &codes, &count) != 0
        else { return [:] }
        var table: [FourCC: [DRMModifier: Bool]] = [:]
        for code in codes.prefix(Int(count)) {
            var number: EGLint = 0
            var modifiers: [DRMModifier: Bool] = [:]
            if epoxy_eglQueryDmaBufModifiersEXT(display.display, code, 0, nil, nil, &number) != 0,
                number > 0
            {
                var values = [EGLuint64KHR](repeating: 0, count: Int(number))
                var external = [EGLBoolean](repeating: 0, count: Int(number))
                if epoxy_eglQueryDmaBufModifiersEXT(
                    display.display, code, number, &values, &external, &number) != 0
                {
                    for index in 0..<Int(number) {
                        modifiers[DRMModifier(rawValue: UInt64(values[index]))] =
                            external[index] != 0
                    }
                }
            }
            table[FourCC(rawValue: UInt32(bitPattern: code))] = modifiers
        }
        return table
    }
}
