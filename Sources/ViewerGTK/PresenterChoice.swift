internal import CGTK
internal import CShimsGTK
internal import GuestDisplay
internal import GuestDisplayGL
internal import Logging
internal import Viewer

/// How all windows of a program draw: the ingest that feeds them, and their presenters.
@MainActor
struct PresenterChoice {
    /// What it is called in `--verbose`.
    let name: String
    /// Brings the pictures.
    let ingest: Ingest
    /// Makes a window's presenter.
    let makePresenter: @MainActor () -> any PicturePresenter

    /// Tries the ways in order, the best first; with `options.renderer` or a `presenter`, those of that kind alone. A failed probe is a debug
    /// line, a failed last resort an error. `globals` are the display's.
    static func choose(
        _ options: ViewerOptions, presenter: PresenterOption, display: OpaquePointer,
        globals: swiftvm_wayland_globals, logger: Logger
    ) throws(DisplayError) -> PresenterChoice {
        try check(presenter, options, display)
        let gl: () throws(GLError) -> PresenterChoice
        if swiftvm_display_is_x11(display) {
            gl = { () throws(GLError) in try x11(display, options, logger) }
        } else if swiftvm_display_is_wayland(display) {
            gl = { () throws(GLError) in
                try wayland(display, options, presenter.resolved, globals, logger)
            }
        } else {
            gl = { () throws(GLError) in
                throw GLError(operation: "GDK display", reason: "neither X11 nor Wayland")
            }
        }
        if options.renderer != .software {
            do throws(GLError) {
                if options.renderer != .gl { try EGLDisplayHandle.requireGPUDevice() }
                let choice = try gl()
                logger.debug("renderer: \(choice.name), \(choice.ingest.rendererDescription)")
                return choice
            } catch {
                if presenter != .auto {
                    let advice =
                        options.renderer == .gl
                        ? "leave it out" : "leave it out, or try --renderer gl"
                    throw DisplayError(
                        "--presenter \(presenter.rawValue) does not work here: \(error); \(advice)")
                }
                if options.renderer == .gl {
                    throw DisplayError("GL does not work here: \(error); try --renderer software")
                }
                logger.debug("without GL: \(error)")
            }
        }
        do throws(GLError) {
            let ingest = try Ingest(.software, logger: logger)
            let sharesMemory =
                swiftvm_display_is_x11(display)
                && X11MemoryPresenter.works(
                    display: String(cString: gdk_display_get_name(display)))
            let name = sharesMemory ? "software (MIT-SHM on X11)" : "software (cairo)"
            logger.debug("renderer: \(name)")
            return PresenterChoice(name: name, ingest: ingest) {
                if sharesMemory { return MemoryPresenter(logger: logger) }
                return CairoPresenter(logger: logger)
            }
        } catch {
            throw DisplayError("cannot start drawing: \(error)")
        }
    }

    /// A presenter that was asked for needs what it is for.
    private static func check(
        _ presenter: PresenterOption, _ options: ViewerOptions, _ display: OpaquePointer
    ) throws(DisplayError) {
        if presenter == .auto { return }
        if options.renderer == .software {
            throw DisplayError(
                "--presenter \(presenter.rawValue) draws with GL: leave it out, or --renderer software"
            )
        }
        guard swiftvm_display_is_wayland(display) else {
            throw DisplayError(
                "--presenter \(presenter.rawValue) is for Wayland, and this is another display server: leave it out"
            )
        }
    }

    private static func x11(
        _ display: OpaquePointer, _ options: ViewerOptions, _ logger: Logger
    ) throws(GLError) -> PresenterChoice {
        let egl = try EGLDisplayHandle.x11(
            UnsafeMutableRawPointer(gdk_x11_display_get_xdisplay(display)))
        if options.renderer != .gl { try egl.requireGPU() }
        let identifier = try EGLWindowPresenter.nativeVisualID(for: egl)
        let screen = gdk_display_get_default_screen(display)
        guard let visual = gdk_x11_screen_lookup_visual(screen, identifier) else {
            throw GLError(
                operation: "EGL_NATIVE_VISUAL_ID",
                reason: "the X server has no visual \(identifier)")
        }
        let ingest = try Ingest(.gl(egl), releasePolicy: options.release, logger: logger)
        return PresenterChoice(name: "GL (EGL on X11)", ingest: ingest) {
            X11EGLPresenter(display: egl, visual: visual, logger: logger)
        }
    }

    private static func wayland(
        _ display: OpaquePointer, _ options: ViewerOptions, _ presenter: PresenterOption,
        _ globals: swiftvm_wayland_globals, _ logger: Logger
    ) throws(GLError) -> PresenterChoice {
        let egl = try EGLDisplayHandle.wayland(
            UnsafeMutableRawPointer(gdk_wayland_display_get_wl_display(display)))
        if options.renderer != .gl { try egl.requireGPU() }
        // One where the other does not work is no help: GDK makes such an EGL surface too, and is told at its start whether its GL is wanted.
        let hasSubsurface = presenter == .subsurface
        if hasSubsurface {
            try probeSubsurface(display, egl, globals)
        } else {
            try probeGLArea()
        }
        let ingest = try Ingest(.gl(egl), releasePolicy: options.release, logger: logger)
        let name = hasSubsurface ? "GL (EGL on a Wayland subsurface)" : "GL (GtkGLArea on Wayland)"
        return PresenterChoice(name: name, ingest: ingest) {
            if hasSubsurface {
                return SubsurfacePresenter(display: egl, globals: globals, logger: logger)
            }
            return GLAreaPresenter(logger: logger)
        }
    }

    // Whether EGL draws on a Wayland surface, before any window depends on it; the one here is never shown.
    private static func probeSubsurface(
        _ display: OpaquePointer, _ egl: EGLDisplayHandle, _ globals: swiftvm_wayland_globals
    ) throws(GLError) {
        if globals.subcompositor == nil {
            throw GLError(
                operation: "wl_subcompositor", reason: "the compositor has no subsurfaces")
        }
        guard let surface = swiftvm_egl_surface_new(display) else {
            throw GLError(operation: "wl_egl_window_create", reason: "no memory")
        }
        defer { swiftvm_egl_surface_free(surface) }
        let presenter = try EGLWindowPresenter(
            display: egl, waylandWindow: swiftvm_egl_surface_get_window(surface))
        presenter.close()
    }

    // Whether GDK makes a context, before any window depends on it.
    private static func probeGLArea() throws(GLError) {
        let window = gtk_window_new(GTK_WINDOW_TOPLEVEL)!
        defer { gtk_widget_destroy(window) }
        gtk_widget_realize(window)
        var failure: UnsafeMutablePointer<GError>?
        let context = gdk_window_create_gl_context(gtk_widget_get_window(window), &failure)
        var isGLES = false
        if let context {
            gdk_gl_context_realize(context, &failure)
            isGLES = gdk_gl_context_get_use_es(context) != 0
            g_object_unref(Object(context))
        }
        if let failure {
            defer { g_error_free(failure) }
            throw GLError(
                operation: "gdk_window_create_gl_context",
                reason: String(cString: failure.pointee.message))
        }
        // Seen with GDK 3.24.38 and GDK_GL=gles: red and blue change places on the way to the window.
        if isGLES {
            throw GLError(
                operation: "gdk_window_create_gl_context",
                reason: "GDK draws with GLES, with which it swaps red and blue")
        }
    }
}
