internal import Dispatch
internal import GuestDisplay
internal import Logging
internal import Synchronization

/// Has QEMU read the screens of plain VGAs sooner than it does by itself, while somebody watches them change or uses them.
///
/// QEMU reads such a screen 30 ms after it has read it last (ui/console.c, `GUI_REFRESH_INTERVAL_DEFAULT`): 33 times a second at most, and no call of its
/// D-Bus display changes that. Its QMP command `screendump` has the screen read at once, which tells every listener what changed, and opens the file
/// after that (`qmp_screendump`; ui/console.c, from 8.1 on ui/ui-qmp-cmds.c). No file has the empty name: the answer is always that it cannot be opened, and nothing
/// is written. With `gl=on` the listener is told by the clock all the same (ui/dbus-listener.c, `dbus_gl_refresh`): then QEMU is not asked.
final class UpdateRequests: Sendable {
    /// The devices whose screens QEMU reads by its clock, and has read when it says so (hw/display; `gfx_update` of those). virtio-gpu tells what its guest flushes, qxl
    /// reads on a thread of its own, and ramfb takes all to be new each time.
    static let devices: Set<String> = [
        "VGA", "secondary-vga", "isa-vga", "cirrus-vga", "isa-cirrus-vga", "bochs-display",
        "vmware-svga", "ati-vga",
    ]

    /// For how long a screen is read after somebody wanted it, in nanoseconds.
    static let interest: UInt64 = 50_000_000
    /// What a guest needs to draw what a key does, in nanoseconds: the screen is read that long after, and then twice as often as usual for ``haste``.
    static let reaction: UInt64 = 4_000_000
    static let haste: UInt64 = 40_000_000

    /// What `screendump` is told to read a head's screen, which that output of the device at that path in QEMU's tree (qom) shows; nil where it cannot be told.
    static func arguments(
        head: Head.ID, device path: String, output: Int64
    ) -> [String: JSONValue]? {
        let parts = path.split(separator: "/")
        if parts.count == 3, parts[0] == "machine", parts[1] == "peripheral" {
            return [
                "filename": .string(""), "device": .string(String(parts[2])),
                "head": .integer(output),
            ]
        }
        // Without a device it is the first console's.
        return head == 0 ? ["filename": .string("")] : nil
    }

    /// One screen that QEMU is asked to read. Times are those of CLOCK_MONOTONIC, in nanoseconds.
    struct Screen {
        private(set) var wantedUntil: UInt64 = 0
        private(set) var hastyUntil: UInt64 = 0
        /// When it was last asked for, as planned: what comes a little late does not put off what follows.
        private(set) var last: UInt64 = 0
        /// When it is to be asked for; nil while nobody wants it.
        private(set) var due: UInt64?
        /// Whether QEMU has not answered yet.
        private(set) var isAsked = false
        /// How often QEMU has answered.
        private(set) var answers = 0

        /// Somebody has seen a new picture, and wants the next.
        mutating func want(at now: UInt64, every interval: UInt64) {
            wantedUntil = max(wantedUntil, now + interest)
            guard now >= hastyUntil else { return }
            // After what QEMU has read by its clock too: the next comes between two of those, and not a moment before one.
            due = now + interval
        }

        /// Something was done that the guest may draw an answer to; a key or button, rather than a motion, is somebody's who waits for it.
        mutating func expect(at now: UInt64, every interval: UInt64, isHasty: Bool) {
            wantedUntil = max(wantedUntil, now + interest)
            if isHasty { hastyUntil = max(hastyUntil, now + haste) }
            let next = max(now + reaction, last + (isHasty ? interval / 2 : interval))
            due = min(due ?? next, next)
        }

        /// Whether to ask now; if so, it has been.
        mutating func takesTurn(at now: UInt64, every interval: UInt64) -> Bool {
            guard let time = due, time <= now else { return false }
            guard now <= wantedUntil else {
                due = nil
                return false
            }
            last = now - time < interval ? time : now
            due = last + (now < hastyUntil ? interval / 2 : interval)
            // A QEMU that is late gets nothing more to do.
            guard !isAsked else { return false }
            isAsked = true
            return true
        }

        mutating func wasAnswered() {
            isAsked = false
            answers += 1
        }
    }

    private struct Entry {
        let head: Head.ID
        let opening: Int
        let command: QMPRepetition
        var screen = Screen()
    }

    private struct State {
        /// The heads that are watched, whatever they are; the number is another each time that one is opened.
        var opened: [Head.ID: Int] = [:]
        var openings = 0
        /// One, or a few.
        var entries: [Entry] = []
        var hasAlarm = false
        var isClosed = false
        /// How many answers QEMU owes, also of heads that were closed meanwhile.
        var owed = 0

        /// When something is to be done, as an alarm is told: never while nobody wants anything.
        var next: UInt64 {
            if isClosed { return 0 }
            var next: UInt64 = 0
            for entry in entries {
                if let due = entry.screen.due, next == 0 || due < next { next = due }
            }
            return next
        }
    }

    private let client: QMPClient
    private let interval: UInt64
    private let limits: QEMULimits
    private let logger: Logger
    /// Signalled when the last answer has come after all ended.
    private let answered = DispatchSemaphore(value: 0)
    private let state = Mutex(State())

    /// For the guest of that monitor; `rate` is about how often a second a screen is read.
    init(client: QMPClient, rate: Int, limits: QEMULimits, logger: Logger) {
        self.client = client
        self.limits = limits
        self.logger = logger
        interval = UInt64(1_000_000_000 / max(rate, 1))
    }

    /// A head is watched: learns whether QEMU reads its screen by its clock. Never waits; what is wanted before that is known is left to QEMU.
    func open(_ head: Head.ID) {
        close(head)
        let opening = state.withLock { state in
            state.openings += 1
            state.opened[head] = state.openings
            return state.openings
        }
        let console = JSONValue.string("/backend/console[\(head)]")
        ask("query-display-options", [:]) { [self] display in
            guard display["gl"]?.string ?? "off" == "off" else { return }
            ask("qom-get", ["path": console, "property": .string("device")]) { [self] device in
                guard let device = device.string else { return }
                learn(head, opening, console: console, device: device)
            }
        }
    }

    private func learn(_ head: Head.ID, _ opening: Int, console: JSONValue, device: String) {
        ask("qom-get", ["path": .string(device), "property": .string("type")]) { [self] type in
            guard let type = type.string, UpdateRequests.devices.contains(type) else { return }
            ask("qom-get", ["path": console, "property": .string("head")]) { [self] output in
                guard
                    let arguments = UpdateRequests.arguments(
                        head: head, device: device, output: output.integer ?? 0)
                else { return }
                logger.debug("head \(head): a \(type), whose screen is read when it is wanted")
                begin(head, opening, arguments)
            }
        }
    }

    /// The head is not watched any more.
    func close(_ head: Head.ID) {
        let old = state.withLock { state in
            state.opened[head] = nil
            defer { state.entries.removeAll { $0.head == head } }
            return state.entries.first { $0.head == head }
        }
        guard let old else { return }
        if !old.screen.isAsked { client.remove(old.command) }
        logger.debug("head \(head): its screen was read \(old.screen.answers) times for us")
    }

    /// How often QEMU has read a head's screen for us; 0 for one that is not asked for.
    func answers(of head: Head.ID) -> Int {
        state.withLock { state in
            state.entries.first { $0.head == head }?.screen.answers ?? 0
        }
    }

    /// How many answers QEMU owes.
    var owed: Int { state.withLock { $0.owed } }

    /// Ends all requests. Waits for what QEMU has not answered yet, for a moment: it would answer whoever has the monitor next.
    func close() {
        let isOwed = state.withLock { state in
            defer { state.isClosed = true }
            return !state.isClosed && state.owed > 0
        }
        // Whatever is owed is read at once from here on.
        client.setAlarm(at: 1)
        if isOwed { _ = answered.wait(timeout: .now() + .milliseconds(limits.update)) }
    }

    /// Somebody has seen a head's new picture. Any thread; does not wait, nor allocate while pictures go on coming.
    func want(_ head: Head.ID) {
        change(head) { [interval] in $0.want(at: $1, every: interval) }
    }

    /// Input was sent to a head. Any thread; does not wait.
    func expect(_ head: Head.ID, isHasty: Bool) {
        change(head) { [interval] in $0.expect(at: $1, every: interval, isHasty: isHasty) }
    }

    // MARK: -

    private func ask(
        _ command: String, _ arguments: [String: JSONValue],
        _ body: @escaping @Sendable (JSONValue) -> Void
    ) {
        client.begin(command, arguments) { result in
            // A head that QEMU says nothing of comes as QEMU sends it.
            if case .success(let value) = result { body(value) }
        }
    }

    // On the thread that reads QEMU's answers.
    private func begin(_ head: Head.ID, _ opening: Int, _ arguments: [String: JSONValue]) {
        let command = QMPRepetition("screendump", arguments, mark: "update-\(opening)") {
            [weak self] in self?.take($0, opening, of: head) ?? false
        }
        let isWanted = state.withLock { state in
            guard !state.isClosed, state.opened[head] == opening else { return false }
            if !state.hasAlarm {
                state.hasAlarm = client.onAlarm { [weak self] in self?.sendDue() ?? false }
            }
            if state.hasAlarm {
                state.entries.append(Entry(head: head, opening: opening, command: command))
            }
            return state.hasAlarm
        }
        if isWanted { client.add(command) }
    }

    // Whether it may be sent again.
    private func take(_ answer: QMPRepetition.Answer, _ opening: Int, of head: Head.ID) -> Bool {
        let (isLast, isOpen) = state.withLock { state in
            state.owed = answer == .closed ? 0 : max(state.owed - 1, 0)
            let index = state.entries.firstIndex { $0.opening == opening }
            if let index { state.entries[index].screen.wasAnswered() }
            return (state.isClosed && state.owed == 0, index != nil)
        }
        if isLast { answered.signal() }
        // That there is no such file is what is expected. Any other error would come again.
        if isOpen, answer == .other { close(head) }
        return isOpen && answer == .genericError
    }

    private func change(_ head: Head.ID, _ body: (inout Screen, UInt64) -> Void) {
        state.withLock { state in
            guard !state.isClosed,
                let index = state.entries.firstIndex(where: { $0.head == head })
            else { return }
            let due = state.entries[index].screen.due
            body(&state.entries[index].screen, DispatchTime.now().uptimeNanoseconds)
            // One timer, so that a picture that comes in time puts a request off without waking anybody.
            if state.entries[index].screen.due != due { client.setAlarm(at: state.next) }
        }
    }

    // The client's alarm: sends what is due; whether more will be.
    private func sendDue() -> Bool {
        while let command = nextDue() {
            if client.send(command) { continue }
            // The monitor is gone, or QEMU has read nothing from it for long.
            logger.debug("\(client.name): screens are read by QEMU's clock alone from here on")
            state.withLock { $0.isClosed = true }
        }
        return state.withLock { state in
            client.setAlarm(at: state.next)
            return state.next > 0
        }
    }

    // Nothing is sent under the lock, on which a picture's thread would then wait.
    private func nextDue() -> QMPRepetition? {
        state.withLock { state in
            if state.isClosed { return nil }
            let now = DispatchTime.now().uptimeNanoseconds
            for index in state.entries.indices
            where state.entries[index].screen.takesTurn(at: now, every: interval) {
                state.owed += 1
                return state.entries[index].command
            }
            return nil
        }
    }
}
