internal import CEpoxy

/// What EGL or GL could not do: the operation, its code or what is missing, and what to do.
public struct GLError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was tried: a function's name, or what it is for.
    public let operation: String
    /// The code, the missing extension or the bad value, and what to do.
    public let reason: String

    /// Names an operation and why it failed.
    public init(operation: String, reason: String) {
        self.operation = operation
        self.reason = reason
    }

    /// `operation: reason`, one line.
    public var description: String { "\(operation): \(reason)" }

    /// An operation that needs an extension which is not there.
    static func missing(_ extensionName: String, for operation: String) -> GLError {
        GLError(
            operation: operation,
            reason:
                "\(extensionName) is missing; update the graphics driver or use the software renderer"
        )
    }

    /// An EGL call that has just failed on this thread; takes the code from eglGetError.
    static func egl(_ operation: String) -> GLError {
        GLError(operation: operation, reason: name(ofEGL: epoxy_eglGetError()))
    }

    /// Throws when GL has recorded an error since the last check. Context current.
    static func check(_ operation: @autoclosure () -> String) throws(GLError) {
        let first = epoxy_glGetError()
        if first == GLenum(GL_NO_ERROR) { return }
        // A lost context reports for ever: at most as many as there are kinds.
        for _ in 0..<8 where epoxy_glGetError() == GLenum(GL_NO_ERROR) { break }
        throw GLError(operation: operation(), reason: name(ofGL: first))
    }

    /// Forgets errors that others left in the context, so that ``check(_:)`` speaks of our own calls.
    static func forget() {
        for _ in 0..<8 where epoxy_glGetError() == GLenum(GL_NO_ERROR) { break }
    }

    private static func name(ofEGL code: EGLint) -> String {
        // EGL 1.5, section 3.1.
        let names: [Int: String] = [
            0x3000: "EGL_SUCCESS", 0x3001: "EGL_NOT_INITIALIZED", 0x3002: "EGL_BAD_ACCESS",
            0x3003: "EGL_BAD_ALLOC", 0x3004: "EGL_BAD_ATTRIBUTE", 0x3005: "EGL_BAD_CONFIG",
            0x3006: "EGL_BAD_CONTEXT", 0x3007: "EGL_BAD_CURRENT_SURFACE",
            0x3008: "EGL_BAD_DISPLAY", 0x3009: "EGL_BAD_MATCH", 0x300a: "EGL_BAD_NATIVE_PIXMAP",
            0x300b: "EGL_BAD_NATIVE_WINDOW", 0x300c: "EGL_BAD_PARAMETER",
            0x300d: "EGL_BAD_SURFACE", 0x300e: "EGL_CONTEXT_LOST",
        ]
        return names[Int(code)] ?? "EGL error 0x" + String(code, radix: 16)
    }

    private static func name(ofGL code: GLenum) -> String {
        let names: [GLenum: String] = [
            0x0500: "GL_INVALID_ENUM", 0x0501: "GL_INVALID_VALUE",
            0x0502: "GL_INVALID_OPERATION", 0x0505: "GL_OUT_OF_MEMORY",
            0x0506: "GL_INVALID_FRAMEBUFFER_OPERATION", 0x0507: "GL_CONTEXT_LOST",
        ]
        return names[code] ?? "GL error 0x" + String(code, radix: 16)
    }
}
