public import GuestDisplay

extension HeadController: InputControllerDelegate {
    /// The guest's pointing device now.
    public var pointerMode: PointerMode { session.pointerMode(of: head.id) }

    /// Whether the guest can take input; without, keys work the window.
    public var takesInput: Bool { session.isConnected && session.end == nil }

    var canTakeBack: Bool { session.canTakeBack }

    var isFullScreen: Bool { window?.isFullScreen ?? false }

    var isActive: Bool { window?.isActive ?? false }

    func send(_ event: InputEvent) {
        session.source.send(event, to: head.id)
    }

    /// Does what a shortcut means.
    public func perform(_ shortcut: Shortcut) {
        switch shortcut {
        case .grab: input.toggleGrab()
        case .fullScreen: owner?.setFullScreen(!isFullScreen, head.id)
        case .takeBack: session.takeBack()
        case .statistics: setShowsStatistics(!showsStatistics)
        case .scale: setScaleMode(scaleMode == .fit ? .oneToOne : .fit)
        case .menu:
            input.releaseAll()
            input.endGrab()
            window?.openMenu()
        }
    }

    func beginGrab(pointer: Bool) -> Bool {
        window?.beginGrab(pointer: pointer) ?? false
    }

    func endGrab() {
        window?.endGrab()
    }

    func grabDidChange() {
        updateTitle()
        updateCursor()
    }
}
