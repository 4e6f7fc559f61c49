internal import GuestDisplay

extension HeadController {
    /// The window's title: the guest, the head, how it stands with both, and how to end a grab.
    var title: String {
        let heads = session.heads.filter { $0.kind == .graphic }
        var title = session.guestName
        if head.kind == .text || heads.count > 1 {
            title += " – \(head.id): \(PlainText.oneLine(head.label, limit: 40))"
        } else {
            title += " – head \(head.id)"
        }
        if case .takenOver = session.end {
            title += " (taken over)"
        } else if session.end != nil {
            title += " (ended)"
        } else if session.machineState == .paused {
            title += " (paused)"
        }
        if input.isGrabbed {
            let held = input.holdsPointer ? "keyboard and pointer" : "the keyboard"
            // First, as a narrow window cuts off a title's end.
            title = "\(Shortcut.grab.label) releases \(held) – \(title)"
        }
        return title
    }
}
