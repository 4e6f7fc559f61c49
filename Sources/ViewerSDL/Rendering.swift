internal import CSDL
internal import CShimsSDL
internal import GuestDisplay
internal import GuestDisplayGL
internal import Logging
internal import Viewer

/// How all windows of a program draw: the ingest that feeds them, and how their windows and presenters are made.
@MainActor
final class Rendering {
    /// Brings the pictures.
    let ingest: Ingest
    /// The display server.
    let connection: DisplayConnection
    private let usesGL: Bool
    // SDL keeps a window that is never shown: the connection, and SDL's own GL library, live with it.
    // On bare KMS, where a window is a screen, it is the head's.
    private var anchor: OpaquePointer?

    /// The contexts that are tried, best first, as SDL calls them.
    private static let attempts:
        [(name: String, profile: SDL_GLprofile?, major: Int32, minor: Int32)] =
            [
                ("GL 3.2 core", SDL_GL_CONTEXT_PROFILE_CORE, 3, 2), ("GL 3.0", nil, 3, 0),
                ("GLES 3.0", SDL_GL_CONTEXT_PROFILE_ES, 3, 0),
                ("GLES 2.0", SDL_GL_CONTEXT_PROFILE_ES, 2, 0),
            ]

    /// Tries the ways in order, the best first; with `options.renderer`, those of that kind alone. A failed probe is a debug line, a
    /// failed last resort an error.
    init(_ options: ViewerOptions, logger: Logger) throws(DisplayError) {
        var made: (anchor: OpaquePointer, connection: DisplayConnection, ingest: Ingest)?
        if options.renderer != .software {
            do throws(DisplayError) {
                if options.renderer != .gl { try Rendering.requireGPU() }
                made = try Rendering.startGL(options.release, logger)
            } catch {
                if options.renderer == .gl {
                    throw DisplayError("GL does not work here: \(error); try --renderer software")
                }
                logger.debug("without GL: \(error)")
            }
        }
        usesGL = made != nil
        if made == nil { made = try Rendering.startSoftware(logger) }
        (anchor, connection, ingest) = made!
        logger.debug("renderer: \(description)")
    }

    /// For a user to read.
    var description: String {
        let way =
            usesGL
            ? "GL (EGL, SDL on \(SDLLibrary.driver))" : "software (SDL on \(SDLLibrary.driver))"
        return "\(way), \(ingest.rendererDescription)"
    }

    /// Makes a window that is not on screen yet, and its presenter. Throws what SDL or GL reports.
    func makeWindow() throws(DisplayError) -> (window: OpaquePointer, presenter: any Presenter) {
        if connection.kind == .other, let window = anchor {
            anchor = nil
            return (window, GLPresenter(window: window, isSoftware: isSoftware))
        }
        let flags =
            SDL_WINDOW_RESIZABLE.rawValue | (usesGL ? SDL_WINDOW_OPENGL.rawValue : 0)
        let window = try Rendering.window(
            Rect(x: Rendering.undefined, y: Rendering.undefined, width: 640, height: 480),
            flags: flags)
        guard usesGL else {
            let presenter: (any Presenter)? =
                WaylandMemoryPresenter(window: window) ?? X11WindowPresenter(window: window)
            return (window, presenter ?? SoftwarePresenter(window: window))
        }
        return (window, GLPresenter(window: window, isSoftware: isSoftware))
    }

    /// Takes a window from the screen.
    func hide(_ window: OpaquePointer) {
        if isThere(window) { SDL_HideWindow(window) }
    }

    // On X11 other programs may destroy a window. SDL does not notice, and would wait without end for what comes of hiding it.
    private func isThere(_ window: OpaquePointer) -> Bool {
        connection.kind != .x11 || swiftvm_sdl_x11_is_there(window)
    }

    /// Takes a window back that is not used any more, after its presenter is closed.
    func discard(_ window: OpaquePointer) {
        guard isThere(window) else { return }
        guard connection.kind == .other, anchor == nil else { return SDL_DestroyWindow(window) }
        // With the last window SDL closes the card, on which the ingest draws.
        SDL_HideWindow(window)
        anchor = window
    }

    // Mesa's drivers that draw with the CPU.
    private var isSoftware: Bool {
        ["llvmpipe", "softpipe"].contains { ingest.rendererDescription.contains($0) }
    }

    // SDL_WINDOWPOS_UNDEFINED, a macro.
    private static let undefined = 0x1fff_0000

    /// Ends the ingest, and on bare KMS SDL, which gives the screen back; after the windows are closed.
    ///
    /// Elsewhere SDL would terminate the EGL display, which is ours too: what was drawn may live a little longer on other threads. The
    /// connection ends with the program.
    func stop() {
        ingest.stop()
        guard connection.kind == .other else { return }
        if let anchor { SDL_DestroyWindow(anchor) }
        SDL_VideoQuit()
    }

    private static func window(_ frame: Rect, flags: UInt32) throws(DisplayError) -> OpaquePointer {
        var always = SDL_WINDOW_HIDDEN.rawValue | SDL_WINDOW_ALLOW_HIGHDPI.rawValue
        if SDLLibrary.driver == "kmsdrm" { always |= SDL_WINDOW_FULLSCREEN_DESKTOP.rawValue }
        guard
            let window = SDL_CreateWindow(
                "swiftvm", Int32(clamping: frame.x), Int32(clamping: frame.y),
                Int32(clamping: frame.width), Int32(clamping: frame.height), flags | always)
        else { throw DisplayError("SDL makes no window: \(SDLLibrary.lastError)") }
        return window
    }

    // Before SDL makes a context, which takes time and memory.
    private static func requireGPU() throws(DisplayError) {
        if SDLLibrary.driver == "kmsdrm" { return }
        do throws(GLError) {
            try EGLDisplayHandle.requireGPUDevice()
        } catch {
            throw DisplayError("\(error)")
        }
        let window = try window(anchorFrame, flags: 0)
        defer { SDL_DestroyWindow(window) }
        let connection = DisplayConnection(of: window)
        do throws(GLError) {
            switch connection.kind {
            case .x11: try EGLDisplayHandle.x11(connection.native!).requireGPU()
            case .wayland:
                try EGLDisplayHandle.wayland(connection.native!).requireGPU()
            case .other: break
            }
        } catch {
            throw DisplayError("\(error)")
        }
    }

    private static func startGL(_ release: ReleasePolicy, _ logger: Logger) throws(DisplayError)
        -> (
            anchor: OpaquePointer, connection: DisplayConnection, ingest: Ingest
        )
    {
        let anchor = try anchorWithGL(logger)
        do throws(DisplayError) {
            let connection = DisplayConnection(of: anchor)
            return (anchor, connection, try ingest(on: connection, release, logger))
        } catch {
            SDL_DestroyWindow(anchor)
            throw error
        }
    }

    private static func startSoftware(_ logger: Logger) throws(DisplayError) -> (
        anchor: OpaquePointer, connection: DisplayConnection, ingest: Ingest
    ) {
        if SDLLibrary.driver == "kmsdrm" {
            throw DisplayError(
                "without a display server SDL draws with GL alone: it needs a driver for the graphics card (libgl1-mesa-dri)"
            )
        }
        let anchor = try window(anchorFrame, flags: 0)
        do throws(GLError) {
            return (anchor, DisplayConnection(of: anchor), try Ingest(.software, logger: logger))
        } catch {
            SDL_DestroyWindow(anchor)
            throw DisplayError("cannot start drawing: \(error)")
        }
    }

    private static let anchorFrame = Rect(x: 0, y: 0, width: 16, height: 16)

    // A hidden window whose context and drawer work, so that those of every other one do.
    private static func anchorWithGL(_ logger: Logger) throws(DisplayError) -> OpaquePointer {
        var failure = DisplayError("no attempt was made")
        for attempt in attempts {
            SDL_GL_ResetAttributes()
            SDL_GL_SetAttribute(SDL_GL_ALPHA_SIZE, 0)
            SDL_GL_SetAttribute(SDL_GL_DEPTH_SIZE, 0)
            SDL_GL_SetAttribute(SDL_GL_CONTEXT_MAJOR_VERSION, attempt.major)
            SDL_GL_SetAttribute(SDL_GL_CONTEXT_MINOR_VERSION, attempt.minor)
            SDL_GL_SetAttribute(
                SDL_GL_CONTEXT_PROFILE_MASK, Int32(attempt.profile?.rawValue ?? 0))
            do throws(DisplayError) {
                let window = try window(anchorFrame, flags: SDL_WINDOW_OPENGL.rawValue)
                do throws(DisplayError) {
                    try GLPresenter.probe(window)
                    return window
                } catch {
                    SDL_DestroyWindow(window)
                    throw error
                }
            } catch {
                logger.debug("\(attempt.name): \(error)")
                failure = error
            }
        }
        throw failure
    }

    private static func ingest(
        on connection: DisplayConnection, _ release: ReleasePolicy, _ logger: Logger
    ) throws(DisplayError) -> Ingest {
        do throws(GLError) {
            switch connection.kind {
            case .x11:
                return try Ingest(
                    .gl(EGLDisplayHandle.x11(connection.native!)), releasePolicy: release,
                    logger: logger)
            case .wayland:
                return try Ingest(
                    .gl(EGLDisplayHandle.wayland(connection.native!)), releasePolicy: release,
                    logger: logger)
            case .other: break
            }
        } catch {
            throw DisplayError("\(error)")
        }
        return try ingestOnKMS(connection, release, logger)
    }

    // On the display that SDL has on its GBM device; where that cannot be shared the window's context uploads from memory itself.
    private static func ingestOnKMS(
        _ connection: DisplayConnection, _ release: ReleasePolicy, _ logger: Logger
    ) throws(DisplayError) -> Ingest {
        if let device = connection.native {
            do throws(GLError) {
                return try Ingest(
                    .gl(EGLDisplayHandle.gbm(device)), releasePolicy: release, logger: logger)
            } catch {
                logger.debug("pictures go through memory: \(error)")
            }
        }
        do throws(GLError) {
            return try Ingest(.software, logger: logger)
        } catch {
            throw DisplayError("\(error)")
        }
    }
}
