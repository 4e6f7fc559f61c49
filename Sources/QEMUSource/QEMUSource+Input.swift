public import GuestDisplay
internal import Synchronization

extension QEMUSource {
    public func send(_ event: InputEvent, to head: Head.ID) {
        let (connection, console, updates) = state.withLock {
            ($0.connection, $0.objects.consoles[head], $0.updates)
        }
        guard let connection, let console else { return }
        guard let call = QEMUInput.call(for: event, console: console) else { return }
        connection.send(
            DisplayName.consolePath(head), call.interface, call.method, call.arguments)
        updates?.expect(head, isHasty: !event.isMotion)
    }

    public func setLayout(_ layout: HeadLayout, of head: Head.ID) {
        let (connection, console) = state.withLock { ($0.connection, $0.objects.consoles[head]) }
        guard let connection, console != nil else { return }
        connection.send(
            DisplayName.consolePath(head), DisplayName.console, "SetUIInfo",
            QEMUInput.uiInfo(layout))
    }
}

extension InputEvent {
    fileprivate var isMotion: Bool {
        switch self {
        case .pointerMotion, .pointerPosition: true
        case .key, .button: false
        }
    }
}

/// What a user does, as calls of QEMU's D-Bus display.
enum QEMUInput {
    struct Call {
        let interface: String
        let method: String
        let arguments: [Variant]
    }

    /// The call for an event; nil for what the guest cannot take: a key without a number, a place when the mouse is relative (QEMU
    /// would refuse it), a motion when it is absolute.
    static func call(for event: InputEvent, console: DisplayObjects.Console) -> Call? {
        switch event {
        case .key(let key, let isPressed):
            guard let number = Keymap.qnum(of: key) else { return nil }
            return Call(
                interface: DisplayName.keyboard, method: isPressed ? "Press" : "Release",
                arguments: [.uint32(number)])
        case .button(let button, let isPressed):
            return Call(
                interface: DisplayName.mouse, method: isPressed ? "Press" : "Release",
                arguments: [.uint32(number(of: button))])
        case .pointerPosition(let x, let y):
            let size = console.head.size
            guard console.mode == .absolute, !size.isEmpty else { return nil }
            return Call(
                interface: DisplayName.mouse, method: "SetAbsPosition",
                arguments: [
                    .uint32(UInt32(min(max(x, 0), size.width - 1))),
                    .uint32(UInt32(min(max(y, 0), size.height - 1))),
                ])
        case .pointerMotion(let dx, let dy):
            guard console.mode == .relative, dx != 0 || dy != 0 else { return nil }
            return Call(
                interface: DisplayName.mouse, method: "RelMotion",
                arguments: [.int32(Int32(clamping: dx)), .int32(Int32(clamping: dy))])
        }
    }

    /// QEMU's numbers (qapi/ui.json, `InputButton`; the last two from 7.0 on).
    static func number(of button: PointerButton) -> UInt32 {
        switch button {
        case .left: 0
        case .middle: 1
        case .right: 2
        case .wheelUp: 3
        case .wheelDown: 4
        case .side: 5
        case .extra: 6
        case .wheelLeft: 7
        case .wheelRight: 8
        }
    }

    /// The arguments of SetUIInfo, `(qqiiuu)`. A width or height of 0 switches an output off (virtio_gpu_ui_info).
    static func uiInfo(_ layout: HeadLayout) -> [Variant] {
        let isOff = layout.frame.isEmpty
        func clamp(_ value: Int) -> UInt32 {
            isOff ? 0 : UInt32(min(value, SurfaceLimits.maximumExtent))
        }
        return [
            .uint16(UInt16(clamping: layout.millimetres.width)),
            .uint16(UInt16(clamping: layout.millimetres.height)),
            .int32(Int32(clamping: layout.frame.x)), .int32(Int32(clamping: layout.frame.y)),
            .uint32(clamp(layout.frame.width)), .uint32(clamp(layout.frame.height)),
        ]
    }
}
