internal import CGTK
internal import CShims
internal import Glibc

/// Puts libdispatch's main queue, and with it `@MainActor`, on GLib's main loop: neither runs the other by itself.
enum MainQueue {
    /// Watches the main queue's descriptor on the default main context, for the life of the program.
    static func attach() {
        g_unix_fd_add_full(
            G_PRIORITY_DEFAULT, _dispatch_get_main_queue_handle_4CF(), G_IO_IN,
            { descriptor, _, _ in
                var count: UInt64 = 0
                read(descriptor, &count, MemoryLayout.size(ofValue: count))
                _dispatch_main_queue_callback_4CF(nil)
                return gboolean(1)
            }, nil, nil)
    }
}
