import DisplayTesting

/// A viewer, a display server and a renderer: what shows a picture.
struct Way: Sendable, CustomStringConvertible {
    let viewer: ViewerProgram
    let server: DisplayServer
    let renderer: RendererOption

    var description: String { "\(viewer)-\(server)-\(renderer)" }

    /// A QEMU for it, so that each viewer meets each version on each display server, and each renderer both.
    var version: QEMUVersion { (viewer == .gtk) == (renderer == .gl) ? .ten : .seven }

    /// All that there are.
    static let all = ViewerProgram.allCases.flatMap { viewer in
        DisplayServer.allCases.flatMap { server in
            RendererOption.allCases.map { Way(viewer: viewer, server: server, renderer: $0) }
        }
    }
}

/// A viewer and a display server: where windows are.
struct Desk: Sendable, CustomStringConvertible {
    let viewer: ViewerProgram
    let server: DisplayServer

    var description: String { "\(viewer)-\(server)" }

    /// A QEMU for it, so that each viewer and each display server meets both.
    var version: QEMUVersion { (viewer == .gtk) == (server == .x11) ? .seven : .ten }
    /// The other one.
    var otherVersion: QEMUVersion { version == .seven ? .ten : .seven }

    /// All that there are.
    static let all = ViewerProgram.allCases.flatMap { viewer in
        DisplayServer.allCases.map { Desk(viewer: viewer, server: $0) }
    }
}
