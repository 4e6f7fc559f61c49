internal import CGTK
internal import CShimsGTK
internal import Glibc
internal import Synchronization
internal import Viewer

/// What happens when the display server goes away: nothing of GTK works then, and GDK would end the process where it stands.
enum DisplayLoss {
    private static let farewell = Mutex<Farewell?>(nil)

    /// From now on a lost display server ends the program with one line and status 1, a guest that was started with it, and no
    /// other guest.
    static func handle(farewell: Farewell) {
        self.farewell.withLock { $0 = farewell }
        swiftvm_on_display_loss(gdk_display_get_default()!) { DisplayLoss.leave() }
    }

    // On the thread that noticed, inside of GDK or Xlib. A second one that notices waits here for the first's exit.
    private static func leave() {
        farewell.withLock { farewell in
            ProgramMain.complain(
                "swiftvm-gtk", "the connection to the display server was lost")
            farewell?.say()
            _exit(ProgramStatus.failed)
        }
    }
}
