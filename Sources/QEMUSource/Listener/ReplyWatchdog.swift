internal import Dispatch
internal import Logging
internal import Synchronization

/// Gives the answers that a sink holds for too long, so that a GPU that hangs does not hold the guest. One for a connection; any thread.
final class ReplyWatchdog: Sendable {
    /// How long a frame may be held. From UpdateDMABUF until our answer QEMU's virtio-gpu takes no command, on no head; after one second it warns of
    /// "no gl-unblock within one second" (ui/console.c, `graphic_hw_gl_unblock_timer`) and gives the call up (include/qemu/dbus.h, `DBUS_DEFAULT_TIMEOUT`).
    /// A healthy GPU releases within a few milliseconds; the other half of the second is for a busy machine.
    static let limit = Duration.milliseconds(500)

    private let limit: Duration
    private let queue = DispatchQueue(label: "listener-watchdog")
    private let refusals: Mutex<RefusalLog>

    init(limit: Duration, logger: Logger) {
        self.limit = limit
        refusals = Mutex(RefusalLog(logger: logger))
    }

    /// Answers that call of `member` after the limit, unless somebody was faster.
    func watch(_ reply: PendingReply, of member: String) {
        guard reply.isWanted else { return }
        let milliseconds = Int(limit / .milliseconds(1))
        // Weak: the frame's release holds it until it has answered, and then nothing is left to do.
        queue.asyncAfter(deadline: .now() + .milliseconds(milliseconds)) {
            [weak self, weak reply] in
            guard let self, let reply, reply.send(.empty, mayWait: false) else { return }
            refusals.withLock {
                $0.note(
                    member,
                    "the picture was not read within \(milliseconds) ms; the guest goes on, and may draw into what is shown"
                )
            }
        }
    }
}
