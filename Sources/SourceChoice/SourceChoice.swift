public import GuestDisplay
public import Logging
internal import QEMUSource
public import Viewer

/// From what a user names a guest by to its display: the one place that knows all sources.
public enum SourceChoice {
    /// The source for that guest, not connected yet. Throws for a target that no source knows.
    public static func source(for guest: GuestChoice, logger: Logger) throws(DisplayError)
        -> any DisplaySource
    {
        switch guest {
        case .target(let text):
            QEMUSource(try QEMUTarget(parsing: text), logger: logger)
        case .launch(let binary, let arguments):
            QEMUSource(
                .launch(QEMULaunch(binary: binary, arguments: arguments)), logger: logger)
        }
    }
}
