internal import CEpoxy
internal import GuestDisplay

/// What of a texture is drawn.
struct TexturePart {
    /// The picture's first texel in the texture.
    let origin: (x: Int, y: Int)
    /// Size of the texture.
    let extent: Size
    /// Of a texture whose last row is the picture's first; nil where the first is.
    let lastRow: Int?

    /// All of a texture, its first row at the top.
    init(whole size: Size) {
        origin = (0, 0)
        extent = size
        lastRow = nil
    }

    /// What a scanout shows of its buffer.
    init(_ scanout: GLScanout) {
        origin = (scanout.crop.x, scanout.crop.y)
        extent = scanout.backingSize
        lastRow = scanout.isTopDown ? nil : scanout.backingSize.height - 1
    }
}

/// The compiled program that draws one texture into a rectangle. One thread, its context current.
final class PictureProgram {
    private let program: GLuint
    private var buffer: GLuint = 0
    /// Zero in GLES 2, which has none.
    private var vertexArray: GLuint = 0
    private let uniforms: [String: GLint]

    /// With `isExact`, for frames that are whole multiples of the picture.
    init(isExact: Bool) throws(GLError) {
        let dialect = try Shaders.Dialect.current()
        GLError.forget()
        program = try PictureProgram.link(
            vertex: Shaders.vertex(dialect), fragment: Shaders.fragment(dialect, isExact: isExact),
            firstAttribute: "corner")
        var uniforms: [String: GLint] = [:]
        for name in [
            "picture", "size", "origin", "extent", "lastRow", "frame", "windowHeight", "opaque",
            "swapped",
        ] {
            uniforms[name] = epoxy_glGetUniformLocation(program, name)
        }
        self.uniforms = uniforms
        // One triangle that covers the window; the scissor cuts it.
        let corners: [GLfloat] = [-1, -1, 3, -1, -1, 3]
        epoxy_glGenBuffers(1, &buffer)
        epoxy_glBindBuffer(GLenum(GL_ARRAY_BUFFER), buffer)
        epoxy_glBufferData(
            GLenum(GL_ARRAY_BUFFER), MemoryLayout<GLfloat>.stride * corners.count, corners,
            GLenum(GL_STATIC_DRAW))
        epoxy_glBindBuffer(GLenum(GL_ARRAY_BUFFER), 0)
        if epoxy_gl_version() >= 30 { epoxy_glGenVertexArrays(1, &vertexArray) }
        try GLError.check("program for pictures")
    }

    /// Prepares to draw: until ``end()``.
    func begin(window: Size) {
        epoxy_glUseProgram(program)
        if vertexArray != 0 { epoxy_glBindVertexArray(vertexArray) }
        epoxy_glBindBuffer(GLenum(GL_ARRAY_BUFFER), buffer)
        epoxy_glVertexAttribPointer(0, 2, GLenum(GL_FLOAT), 0, 0, nil)
        epoxy_glEnableVertexAttribArray(0)
        epoxy_glActiveTexture(GLenum(GL_TEXTURE0))
        epoxy_glUniform1i(uniforms["picture"]!, 0)
        epoxy_glUniform1f(uniforms["windowHeight"]!, GLfloat(window.height))
        epoxy_glEnable(GLenum(GL_SCISSOR_TEST))
    }

    /// Draws the texture that is bound. `frame` may reach beyond the window.
    func draw(
        size: Size, part: TexturePart, frame: Rect, window: Size, isOpaque: Bool,
        swapsRedAndBlue: Bool
    ) {
        let visible = frame.intersection(Rect(window))
        if visible.isEmpty || size.isEmpty { return }
        epoxy_glScissor(
            GLint(visible.x), GLint(window.height - visible.maxY), GLsizei(visible.width),
            GLsizei(visible.height))
        epoxy_glUniform2f(uniforms["size"]!, GLfloat(size.width), GLfloat(size.height))
        epoxy_glUniform2f(uniforms["origin"]!, GLfloat(part.origin.x), GLfloat(part.origin.y))
        epoxy_glUniform2f(
            uniforms["extent"]!, GLfloat(part.extent.width), GLfloat(part.extent.height))
        epoxy_glUniform1f(uniforms["lastRow"]!, GLfloat(part.lastRow ?? -1))
        epoxy_glUniform4f(
            uniforms["frame"]!, GLfloat(frame.x), GLfloat(frame.y), GLfloat(frame.width),
            GLfloat(frame.height))
        epoxy_glUniform1f(uniforms["opaque"]!, isOpaque ? 1 : 0)
        epoxy_glUniform1f(uniforms["swapped"]!, swapsRedAndBlue ? 1 : 0)
        if isOpaque {
            epoxy_glDisable(GLenum(GL_BLEND))
        } else {
            epoxy_glEnable(GLenum(GL_BLEND))
            epoxy_glBlendEquation(GLenum(GL_FUNC_ADD))
            // Alpha stays what it is: the window is opaque.
            epoxy_glBlendFuncSeparate(
                GLenum(GL_ONE), GLenum(GL_ONE_MINUS_SRC_ALPHA), GLenum(GL_ZERO), GLenum(GL_ONE))
        }
        epoxy_glDrawArrays(GLenum(GL_TRIANGLES), 0, 3)
    }

    /// Leaves the context as others expect it: nothing bound, nothing enabled.
    func end() {
        epoxy_glDisable(GLenum(GL_SCISSOR_TEST))
        epoxy_glDisable(GLenum(GL_BLEND))
        epoxy_glBindTexture(GLenum(GL_TEXTURE_2D), 0)
        epoxy_glBindBuffer(GLenum(GL_ARRAY_BUFFER), 0)
        if vertexArray != 0 {
            epoxy_glBindVertexArray(0)
        } else {
            epoxy_glDisableVertexAttribArray(0)
        }
        epoxy_glUseProgram(0)
    }

    func delete() {
        epoxy_glDeleteProgram(program)
        epoxy_glDeleteBuffers(1, &buffer)
        if vertexArray != 0 { epoxy_glDeleteVertexArrays(1, &vertexArray) }
    }

    /// A program of two shaders. Throws what the compiler says.
    static func link(
        vertex: String, fragment: String, firstAttribute: String? = nil
    ) throws(GLError) -> GLuint {
        let program = epoxy_glCreateProgram()
        let vertex = try compile(vertex, kind: GL_VERTEX_SHADER)
        let fragment = try compile(fragment, kind: GL_FRAGMENT_SHADER)
        epoxy_glAttachShader(program, vertex)
        epoxy_glAttachShader(program, fragment)
        if let firstAttribute { epoxy_glBindAttribLocation(program, 0, firstAttribute) }
        epoxy_glLinkProgram(program)
        epoxy_glDeleteShader(vertex)
        epoxy_glDeleteShader(fragment)
        var isLinked: GLint = 0
        epoxy_glGetProgramiv(program, GLenum(GL_LINK_STATUS), &isLinked)
        if isLinked == 0 {
            let log = text { epoxy_glGetProgramInfoLog(program, $0, $1, $2) }
            epoxy_glDeleteProgram(program)
            throw GLError(operation: "glLinkProgram", reason: log)
        }
        return program
    }

    private static func compile(_ source: String, kind: Int32) throws(GLError) -> GLuint {
        let shader = epoxy_glCreateShader(GLenum(kind))
        source.withCString { text in
            var pointer: UnsafePointer<GLchar>? = text
            epoxy_glShaderSource(shader, 1, &pointer, nil)
        }
        epoxy_glCompileShader(shader)
        var isCompiled: GLint = 0
        epoxy_glGetShaderiv(shader, GLenum(GL_COMPILE_STATUS), &isCompiled)
        if isCompiled != 0 { return shader }
        let log = text { epoxy_glGetShaderInfoLog(shader, $0, $1, $2) }
        epoxy_glDeleteShader(shader)
        throw GLError(operation: "glCompileShader", reason: log)
    }

    /// A log of at most a kilobyte, on one line.
    private static func text(
        _ fill: (GLsizei, UnsafeMutablePointer<GLsizei>, UnsafeMutablePointer<GLchar>) -> Void
    ) -> String {
        var length: GLsizei = 0
        let bytes = [GLchar](unsafeUninitializedCapacity: 1024) { buffer, count in
            buffer.initialize(repeating: 0)
            fill(GLsizei(buffer.count), &length, buffer.baseAddress!)
            count = Int(length)
        }
        let text = String(decoding: bytes.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return text.split(whereSeparator: \.isNewline).joined(separator: "; ")
    }
}
