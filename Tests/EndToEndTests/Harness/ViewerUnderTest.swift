import DisplayTesting

/// A running viewer, on a screen of these tests.
typealias ViewerUnderTest = ViewerProcess<TestScreen>

extension TestScreen: ViewerScreen {
    func note(_ name: String, _ picture: ScreenPicture) { xServer.note(name, picture) }
}

extension ViewerUnderTest {
    /// The window on X11.
    func window() throws -> String {
        try eventually("the viewer's window", details: { log }) {
            try screen.xServer.windows(named: "e2e").first
        }
    }
}
