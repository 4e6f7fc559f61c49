internal import CShimsMonitors
internal import Dispatch

/// Tells when an X server's monitors change, which not every toolkit does: they may hear of plugging alone.
@MainActor
public final class MonitorWatch {
    private let watch: OpaquePointer
    private let source: any DispatchSourceRead

    /// Watches the X server of that name and calls `onChange` on the main queue, several times a change perhaps, for as long as the watch lives. Nil where the
    /// server cannot tell (no RandR 1.2).
    public init?(x11 display: String, onChange: @escaping @MainActor () -> Void) {
        guard let watch = swiftvm_monitor_watch_x11(display) else { return nil }
        self.watch = watch
        let source = DispatchSource.makeReadSource(
            fileDescriptor: swiftvm_monitor_watch_descriptor(watch), queue: .main)
        self.source = source
        source.setEventHandler {
            MainActor.assumeIsolated {
                let news = swiftvm_monitor_watch_read(watch)
                if news < 0 { source.cancel() }
                if news > 0 { onChange() }
            }
        }
        source.setCancelHandler { swiftvm_monitor_watch_free(watch) }
        source.activate()
    }

    isolated deinit { source.cancel() }
}
