internal import CEpoxy
internal import GuestDisplay

/// Textures of shared images in a window's context: one an image, as long as the image lives.
final class ImageTextures {
    private struct Entry {
        weak var owner: AnyObject?
        var texture: GLuint
    }

    private var entries: [Entry] = []

    /// Whether this context can have textures of shared images: asked at the first.
    private lazy var failure: GLError? =
        epoxy_has_gl_extension("GL_OES_EGL_image")
        ? nil : GLError.missing("GL_OES_EGL_image", for: "texture of a shared image")

    /// Deletes textures of images that are gone.
    func purge() {
        entries.removeAll { entry in
            if entry.owner != nil { return false }
            var texture = entry.texture
            epoxy_glDeleteTextures(1, &texture)
            return true
        }
    }

    /// Binds the texture of that image, which lives as long as its owner.
    func bind(
        _ image: EGLImageKHR, of owner: AnyObject, display: EGLDisplayHandle
    ) throws(GLError) {
        if let failure { throw failure }
        if let entry = entries.first(where: { $0.owner === owner }) {
            epoxy_glBindTexture(GLenum(GL_TEXTURE_2D), entry.texture)
            return
        }
        guard epoxy_eglGetCurrentDisplay() == display.display else {
            throw GLError(
                operation: "texture of a shared image",
                reason: "the window's EGL display is not the ingest's; use one for both")
        }
        var texture: GLuint = 0
        epoxy_glGenTextures(1, &texture)
        epoxy_glBindTexture(GLenum(GL_TEXTURE_2D), texture)
        Texture.setParameters()
        epoxy_glEGLImageTargetTexture2DOES(GLenum(GL_TEXTURE_2D), image)
        do throws(GLError) {
            try GLError.check("glEGLImageTargetTexture2DOES")
        } catch {
            epoxy_glDeleteTextures(1, &texture)
            throw error
        }
        entries.append(Entry(owner: owner, texture: texture))
    }

    func delete() {
        for entry in entries {
            var texture = entry.texture
            epoxy_glDeleteTextures(1, &texture)
        }
        entries = []
    }
}

/// Textures of layers: one a content that is drawn.
final class LayerTextures {
    private var entries: [(content: Layer.Content, texture: GLuint)] = []

    /// Deletes textures of contents that are not drawn any more.
    func purge(keeping layers: [Layer]) {
        entries.removeAll { entry in
            if layers.contains(where: { $0.content === entry.content }) { return false }
            var texture = entry.texture
            epoxy_glDeleteTextures(1, &texture)
            return true
        }
    }

    /// Binds the texture of that content, uploaded once.
    func bind(_ content: Layer.Content) {
        if let entry = entries.first(where: { $0.content === content }) {
            epoxy_glBindTexture(GLenum(GL_TEXTURE_2D), entry.texture)
            return
        }
        var texture: GLuint = 0
        epoxy_glGenTextures(1, &texture)
        Texture.allocate(texture, size: content.size)
        content.pixels.withUnsafeBufferPointer { pixels in
            guard let base = pixels.baseAddress else { return }
            Texture.upload([Rect(content.size)], of: base, stride: content.size.width * 4)
        }
        entries.append((content, texture))
    }

    func delete() {
        purge(keeping: [])
    }
}

/// A window's own texture of pictures in CPU memory, for contexts that share no images.
final class UploadTexture {
    private var texture: GLuint = 0
    private var size = Size.zero
    private var number: UInt64 = 0

    /// Binds the texture, with what changed since the last picture uploaded. Pictures must be of one head.
    func bind(_ picture: Picture, memory: PictureMemory) {
        if texture == 0 { epoxy_glGenTextures(1, &texture) }
        if size != picture.size {
            Texture.allocate(texture, size: picture.size)
            size = picture.size
            number = 0
        } else {
            epoxy_glBindTexture(GLenum(GL_TEXTURE_2D), texture)
        }
        let damage = picture.damage(since: number)
        Texture.upload(damage.rects, of: memory.baseAddress, stride: memory.stride)
        number = picture.number
    }

    func delete() {
        if texture != 0 { epoxy_glDeleteTextures(1, &texture) }
        texture = 0
        size = .zero
    }
}
