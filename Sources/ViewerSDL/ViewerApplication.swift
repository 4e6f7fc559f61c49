public import GuestDisplay
public import Logging
public import Viewer

/// The viewer on SDL.
@MainActor
public enum ViewerApplication {
    /// The monitors, in the order of `--list-monitors`. Main thread alone, and not beside ``run(_:options:logger:)``. Throws when there is no
    /// display server and no screen, or it does not tell.
    public static func monitors() throws(DisplayError) -> [Monitor] {
        try SDLLibrary.start()
        return try SDLMonitors.read(SDLLibrary.kind)
    }

    /// Shows a guest until the user closes its last window; blocks. Main thread alone, once. Throws when there is nothing to draw
    /// on, the guest cannot be reached, or a head that was asked for does not exist.
    public static func run(
        _ source: any DisplaySource, options: ViewerOptions, logger: Logger
    ) throws(DisplayError) {
        try SDLLibrary.start()
        let toolkit = try makeToolkit(options, logger)
        let viewer = ViewerController(source, toolkit: toolkit, options: options, logger: logger)
        toolkit.onMonitorChange { [unowned viewer] in viewer.monitorsChanged() }
        viewer.start()
        var isGone = false
        while !viewer.isFinished {
            toolkit.runOnce()
            if toolkit.isGone, !isGone {
                isGone = true
                viewer.fail(DisplayError("the display server has gone away"))
            }
        }
        viewer.tearDown()
        toolkit.stop()
        try viewer.checkResult()
    }

    // SDL's windows need EGL on Wayland; without it, Xwayland shows them.
    private static func makeToolkit(_ options: ViewerOptions, _ logger: Logger)
        throws(DisplayError) -> SDLToolkit
    {
        do throws(DisplayError) {
            return try SDLToolkit(options, logger: logger)
        } catch {
            guard options.renderer != .gl, SDLLibrary.restartOnX11() else { throw error }
            logger.debug("\(error); trying X11")
            return try SDLToolkit(options, logger: logger)
        }
    }
}
