public import GuestDisplay
public import Logging
internal import QEMUSource
public import Viewer

/// From what a user names a guest by to its display: the one place that knows all sources.
public enum SourceChoice {
    /// The source for that guest, not connected yet; without `controlsMachine`, for a program that only looks. With `takesOver`
    /// (`--take-over`), a display that has one client is taken from it. `refreshRate` (`--refresh-rate`) is about how often a second a screen is read that
    /// the source reads by its clock; 0 leaves it to that clock. Throws for a target that no source knows.
    public static func source(
        for guest: GuestChoice, controlsMachine: Bool, takesOver: Bool, refreshRate: Int,
        logger: Logger
    ) throws(DisplayError) -> any DisplaySource {
        let target: QEMUTarget
        switch guest {
        case .target(let text):
            target = try QEMUTarget(parsing: text)
        case .launch(let binary, let arguments):
            target = .launch(try QEMULaunch(binary: binary, arguments: arguments))
        }
        return QEMUSource(
            target, controlsMachine: controlsMachine, takesOver: takesOver,
            refreshRate: refreshRate, logger: logger)
    }
}
