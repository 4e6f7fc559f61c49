/// How a picture that GL draws comes into a window on Wayland.
public enum PresenterOption: String, CaseIterable, Sendable {
    /// What ``automatic`` says; everywhere else what there is.
    case auto
    /// In a GtkGLArea, which GDK draws into the window.
    case glarea
    /// On a surface of its own over the window.
    case subsurface

    /// What is taken where nothing else was asked for: a third to two fifths less of a processor's time for a frame than the other (Weston, llvmpipe).
    static let automatic = PresenterOption.subsurface

    /// What it comes to.
    var resolved: PresenterOption { self == .auto ? .automatic : self }
}
