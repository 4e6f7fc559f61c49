internal import CSDL
internal import CShimsSDL
internal import Dispatch
internal import Glibc
internal import GuestDisplay
internal import Logging
internal import MonitorList
internal import Viewer

/// SDL's displays by the names of the display server, which SDL makes up itself.
@MainActor
final class SDLMonitors {
    /// All, in the order of `Monitor.sorted`; empty when the display server does not tell.
    private(set) var all: [Monitor] = []
    /// Called after a change.
    var onChange: (() -> Void)?

    private let kind: DisplayConnection.Kind
    private let logger: Logger
    // For each of SDL's displays, which of `all` it is.
    private var indices: [Int?] = []
    private var isChanging = false
    // SDL hears of monitors that are plugged in and out on X11, not of others' doings.
    private var watch: MonitorWatch?

    init(kind: DisplayConnection.Kind, logger: Logger) {
        self.kind = kind
        self.logger = logger
        refresh()
        if kind == .x11 {
            watch = MonitorWatch(x11: SDLMonitors.variable("DISPLAY", "")) { [weak self] in
                self?.changeSoon()
            }
        }
    }

    /// The monitors of SDL's display server; on bare KMS SDL's own displays.
    static func read(_ kind: DisplayConnection.Kind) throws(DisplayError) -> [Monitor] {
        switch kind {
        case .wayland:
            return try MonitorList.read(.wayland(variable("WAYLAND_DISPLAY", "wayland-0")))
        case .x11: return try MonitorList.read(.x11(variable("DISPLAY", "")))
        case .other:
            return Monitor.sorted(
                bounds().enumerated().map { index, frame in
                    let name = SDL_GetDisplayName(Int32(index)).map { String(cString: $0) }
                    return Monitor(name: name ?? "\(index)", frame: frame)
                })
        }
    }

    /// SDL's number of a monitor; nil when it is gone, or SDL takes it and others for one.
    func number(of monitor: Monitor) -> Int32? {
        indices.firstIndex { $0.map { all[$0].name } == monitor.name }.map(Int32.init)
    }

    /// The monitor of SDL's number.
    func monitor(_ number: Int32) -> Monitor? {
        guard indices.indices.contains(Int(number)) else { return nil }
        return indices[Int(number)].map { all[$0] }
    }

    /// The monitor that most of a rectangle of the desktop is on; nil when none of it is on any.
    func monitor(showing frame: Rect) -> Monitor? {
        let shares = all.map { monitor in
            let share = monitor.frame.intersection(frame)
            return share.width * share.height
        }
        guard let most = shares.max(), most > 0 else { return nil }
        return all[shares.firstIndex(of: most)!]
    }

    /// SDL has told of a change. One change is told by several events, some before its end: take what there is a moment after the first.
    func changeSoon() {
        guard !isChanging else { return }
        isChanging = true
        DispatchQueue.main.asyncAfter(deadline: .now() + .milliseconds(200)) { [weak self] in
            MainActor.assumeIsolated {
                guard let self else { return }
                self.isChanging = false
                let before = self.all
                self.refresh()
                if self.all != before { self.onChange?() }
            }
        }
    }

    private func refresh() {
        do throws(DisplayError) {
            all = try SDLMonitors.read(kind)
        } catch {
            all = []
            logger.warning("\(error)")
        }
        indices = Monitor.indices(of: SDLMonitors.bounds(), among: all)
        for monitor in all { logger.debug("monitor \(monitor.listing)") }
    }

    private static func bounds() -> [Rect] {
        (0..<max(SDL_GetNumVideoDisplays(), 0)).map { index in
            var bounds = SDL_Rect()
            SDL_GetDisplayBounds(index, &bounds)
            return Rect(
                x: Int(bounds.x), y: Int(bounds.y), width: Int(bounds.w), height: Int(bounds.h))
        }
    }

    private static func variable(_ name: String, _ otherwise: String) -> String {
        guard let value = getenv(name), value.pointee != 0 else { return otherwise }
        return String(cString: value)
    }
}
