internal import CEpoxy
public import GuestDisplay

/// Draws pictures and layers with the GL context that is current: GtkGLArea's, or a window's own. GL 3.0 or later, any profile, or GLES 2 or
/// later.
///
/// One thread; the context that was current at `init` must be current in every call.
public final class PictureDrawer {
    private let exact: PictureProgram
    private let filtered: PictureProgram
    private let images: ImageTextures
    private let layers = LayerTextures()
    private let upload = UploadTexture()
    private var isClosed = false

    /// Compiles the shaders. Throws what the context lacks.
    public init() throws(GLError) {
        exact = try PictureProgram(isExact: true)
        filtered = try PictureProgram(isExact: false)
        images = ImageTextures()
    }

    /// Fills the bound framebuffer: black, the picture scaled into `frame`, the layers over it; opaque everywhere.
    ///
    /// `frame` is where the picture goes, in pixels of the window with the origin at the top left, and may reach beyond it; `window` is the
    /// framebuffer's size. Throws the operation that failed; the context stays usable.
    public func draw(
        _ content: Picture?, layers drawn: [Layer], frame: Rect, window: Size
    ) throws(GLError) {
        if window.isEmpty { return }
        GLError.forget()
        epoxy_glViewport(0, 0, GLsizei(window.width), GLsizei(window.height))
        epoxy_glDisable(GLenum(GL_SCISSOR_TEST))
        epoxy_glDisable(GLenum(GL_DEPTH_TEST))
        epoxy_glDisable(GLenum(GL_CULL_FACE))
        epoxy_glDisable(GLenum(GL_STENCIL_TEST))
        epoxy_glColorMask(1, 1, 1, 1)
        epoxy_glClearColor(0, 0, 0, 1)
        epoxy_glClear(GLbitfield(GL_COLOR_BUFFER_BIT))
        epoxy_glActiveTexture(GLenum(GL_TEXTURE0))
        images.purge()
        layers.purge(keeping: drawn)
        if let content { try draw(content, frame: frame, window: window) }
        for layer in drawn {
            layers.bind(layer.content)
            paint(
                size: layer.content.size, frame: layer.frame, window: window, isOpaque: false,
                swapsRedAndBlue: true)
        }
        try GLError.check("draw")
    }

    /// Deletes its GL objects. Once, last, the context current.
    public func close() {
        if isClosed { return }
        isClosed = true
        images.delete()
        layers.delete()
        upload.delete()
        exact.delete()
        filtered.delete()
    }

    /// Draws the texture that is bound.
    private func paint(
        size: Size, part: TexturePart? = nil, frame: Rect, window: Size, isOpaque: Bool,
        swapsRedAndBlue: Bool
    ) {
        if size.isEmpty { return }
        let isWhole = frame.width % size.width == 0 && frame.height % size.height == 0
        let program = isWhole ? exact : filtered
        program.begin(window: window)
        program.draw(
            size: size, part: part ?? TexturePart(whole: size), frame: frame, window: window,
            isOpaque: isOpaque, swapsRedAndBlue: swapsRedAndBlue)
        program.end()
    }

    private func draw(_ picture: Picture, frame: Rect, window: Size) throws(GLError) {
        switch picture.storage {
        case .memory(let memory):
            upload.bind(picture, memory: memory)
            paint(
                size: picture.size, frame: frame, window: window, isOpaque: true,
                swapsRedAndBlue: true)
        case .image(let image):
            try images.bind(image.image, of: image, display: image.display)
            try image.fences.waitForWriter()
            paint(
                size: picture.size, frame: frame, window: window, isOpaque: true,
                swapsRedAndBlue: image.swapsRedAndBlue)
            try image.fences.didRead(self)
        case .guest(let guest):
            try draw(guest, frame: frame, window: window)
        }
    }

    private func draw(_ guest: GuestFrame, frame: Rect, window: Size) throws(GLError) {
        switch guest.beginDraw() {
        case .copy(let picture):
            try draw(picture, frame: frame, window: window)
        case .buffer:
            var failure: GLError?
            do throws(GLError) {
                try images.bind(guest.image.image, of: guest.image, display: guest.image.display)
                try guest.fences.waitForWriter()
                paint(
                    size: guest.scanout.crop.size, part: TexturePart(guest.scanout), frame: frame,
                    window: window, isOpaque: true, swapsRedAndBlue: false)
            } catch {
                failure = error
            }
            try guest.endDraw(self)
            if let failure { throw failure }
        }
    }
}
