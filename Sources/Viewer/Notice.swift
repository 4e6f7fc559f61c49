public import GuestDisplay

/// What a viewer says over the guest's picture.
public enum Notice: Hashable, Sendable {
    /// The connection is being made, or no picture has come yet.
    case connecting
    /// The guest has switched its display off.
    case displayOff
    /// The guest's newest picture cannot be shown, for that reason; the last good one stays.
    case refused(String)
    /// The guest has taken the head away.
    case headRemoved
    /// The guest is paused.
    case paused
    /// The guest has shut down; its machine is still there.
    case shutDown
    /// The guest has quit; with a reason unless it did so as asked.
    case guestQuit(String?)
    /// Another program shows the guest now; the reason says more.
    case takenOver(String, canTakeBack: Bool = false)
    /// The display is being taken back.
    case takingBack
    /// A passing hint.
    case hint(String)

    /// Whether a display that another program took can be had back.
    public enum TakeBack: Hashable, Sendable {
        case impossible, possible, underWay
    }

    /// The text, plain.
    public var text: String {
        switch self {
        case .connecting: "Connecting to the guest …"
        case .displayOff: "The guest's display is off"
        case .refused(let reason):
            "The guest's picture cannot be shown\n\(PlainText.oneLine(reason, limit: 400))"
        case .headRemoved: "The guest has removed this display"
        case .paused: "Paused"
        case .shutDown: "The guest has shut down"
        case .guestQuit(nil): "The guest has quit"
        case .guestQuit(let reason?): "The guest is gone\n\(PlainText.oneLine(reason, limit: 120))"
        case .takenOver(let reason, false): PlainText.oneLine(reason, limit: 240)
        // What the reason advises is for the command line.
        case .takenOver(let reason, true):
            "\(PlainText.oneLine(reason.prefix { $0 != ":" }.description, limit: 240))"
                + "\n\(Shortcut.takeBack.label) takes it back"
        case .takingBack: "Taking the display back …"
        case .hint(let text): text
        }
    }

    /// The notice that matters most in that state; nil when the picture speaks for itself.
    public static func of(
        end: SourceEnd?, isRemoved: Bool = false, machine: MachineState?, isOff: Bool,
        hasPicture: Bool, refusal: SurfaceError? = nil, hint: String?,
        takeBack: TakeBack = .impossible
    ) -> Notice? {
        switch end {
        case .guestQuit: return .guestQuit(nil)
        case .failed(let reason): return .guestQuit(reason)
        case .takenOver where takeBack == .underWay: return .takingBack
        case .takenOver(let reason):
            return .takenOver(reason, canTakeBack: takeBack == .possible)
        case nil: break
        }
        // It passes by itself, and what it hides comes back.
        if let hint { return .hint(hint) }
        if isRemoved { return .headRemoved }
        switch machine {
        case .paused: return .paused
        case .shutDown: return .shutDown
        case .running, nil: break
        }
        if let refusal { return .refused(refusal.description) }
        if isOff { return .displayOff }
        return hasPicture ? nil : .connecting
    }
}
