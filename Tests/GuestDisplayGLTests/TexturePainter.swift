import CEpoxy
import Dispatch
import GuestDisplay
import Synchronization
import Testing

@testable import GuestDisplayGL

/// A guest that draws into textures of a context which shares with the ingest's, as a source that draws with GL would. On one thread until `close`.
final class TexturePainter {
    let size: Size
    private let context: GLContext
    private(set) var textures: [GLuint]

    init(_ ingest: Ingest, size: Size, buffers: Int = 1) throws {
        self.size = size
        context = try ingest.makeSharingContext()
        try context.makeCurrent()
        textures = [GLuint](repeating: 0, count: buffers)
        epoxy_glGenTextures(GLsizei(buffers), &textures)
        for texture in textures {
            epoxy_glBindTexture(GLenum(GL_TEXTURE_2D), texture)
            Texture.setParameters()
            epoxy_glTexImage2D(
                GLenum(GL_TEXTURE_2D), 0, GL_RGBA8, GLsizei(size.width), GLsizei(size.height), 0,
                GLenum(GL_RGBA), GLenum(GL_UNSIGNED_BYTE), nil)
        }
    }

    func paint(_ pixels: Pixels, into buffer: Int = 0) throws {
        try context.makeCurrent()
        let bytes = pixels.values.flatMap { pixel in
            [UInt8(pixel >> 16 & 0xff), UInt8(pixel >> 8 & 0xff), UInt8(pixel & 0xff), 0]
        }
        epoxy_glBindTexture(GLenum(GL_TEXTURE_2D), textures[buffer])
        epoxy_glTexSubImage2D(
            GLenum(GL_TEXTURE_2D), 0, 0, 0, GLsizei(size.width), GLsizei(size.height),
            GLenum(GL_RGBA), GLenum(GL_UNSIGNED_BYTE), bytes)
        epoxy_glFinish()
        try GLError.check("paint")
    }

    func scanout(
        of buffer: Int = 0, crop: Rect? = nil, isTopDown: Bool = true
    ) throws -> DisplayEvent {
        .scanout(
            .gl(
                try GLScanout(
                    storage: .texture(textures[buffer]), backingSize: size,
                    crop: crop ?? Rect(size), isTopDown: isTopDown)))
    }

    func close() {
        try? context.makeCurrent()
        epoxy_glDeleteTextures(GLsizei(textures.count), textures)
        context.destroy()
    }
}

/// Counts releases and tells of each.
final class Releases: Sendable {
    let count = Mutex(0)
    private let wake = DispatchSemaphore(value: 0)

    func make() -> FrameRelease {
        FrameRelease { [self] in
            count.withLock { $0 += 1 }
            wake.signal()
        }
    }

    func waitForOne() throws {
        try #require(wake.wait(timeout: .now() + deadline) == .success, "a release")
    }
}
