internal import Dispatch
internal import Logging
internal import Synchronization

/// Gives the answers that a sink holds for too long, so that a GPU that hangs does not hold the guest. One for a connection; any thread.
final class ReplyWatchdog: Sendable {
    /// How long a frame may be held. From UpdateDMABUF until our answer QEMU's virtio-gpu takes no command, on no head; after one second it warns of
    /// "no gl-unblock within one second" (ui/console.c, `graphic_hw_gl_unblock_timer`) and gives the call up (include/qemu/dbus.h, `DBUS_DEFAULT_TIMEOUT`).
    /// A healthy GPU releases within a few milliseconds; the other half of the second is for a busy machine.
    static let limit = Duration.milliseconds(500)

    /// A call that is not answered yet, or was a moment ago.
    private struct Call {
        // The frame's release holds it until it has answered, and then nothing is left to do.
        weak var reply: PendingReply?
        let member: String
        let deadline: DispatchTime
    }

    private struct State {
        /// The oldest first, which is the one whose time ends first.
        var calls: [Call] = []
        /// Whether ``ReplyWatchdog/look()`` is to come.
        var isAwake = false
    }

    private let limit: DispatchTimeInterval
    private let milliseconds: Int
    private let queue = DispatchQueue(label: "listener-watchdog")
    private let state = Mutex(State())
    private let refusals: Mutex<RefusalLog>

    init(limit: Duration, logger: Logger) {
        milliseconds = Int(limit / .milliseconds(1))
        self.limit = .milliseconds(milliseconds)
        refusals = Mutex(RefusalLog(logger: logger))
    }

    /// Answers that call of `member` after the limit, unless somebody was faster.
    func watch(_ reply: PendingReply, of member: String) {
        guard reply.isWanted else { return }
        let deadline = DispatchTime.now() + limit
        let mustWake = state.withLock { state in
            // A guest waits for an answer before its next change: there is one call, or a few.
            state.calls.removeAll { $0.reply == nil }
            state.calls.append(Call(reply: reply, member: member, deadline: deadline))
            defer { state.isAwake = true }
            return !state.isAwake
        }
        // One timer at a time: it finds those answered that came since it was set, nearly always.
        if mustWake { wake(at: deadline) }
    }

    private func wake(at deadline: DispatchTime) {
        queue.asyncAfter(deadline: deadline) { [weak self] in self?.look() }
    }

    /// Answers those calls whose time has ended.
    private func look() {
        let now = DispatchTime.now()
        let (late, next) = state.withLock { state in
            let late = state.calls.prefix { $0.deadline <= now }
            state.calls.removeFirst(late.count)
            state.calls.removeAll { $0.reply == nil }
            state.isAwake = !state.calls.isEmpty
            return (Array(late), state.calls.first?.deadline)
        }
        for call in late {
            guard let reply = call.reply, reply.send(.empty, mayWait: false) else { continue }
            refusals.withLock {
                $0.note(
                    call.member,
                    "the picture was not read within \(milliseconds) ms; the guest goes on, and may draw into what is shown"
                )
            }
        }
        if let next { wake(at: next) }
    }
}
