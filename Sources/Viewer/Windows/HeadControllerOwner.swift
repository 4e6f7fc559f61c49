internal import GuestDisplay

/// What a head's controller needs of its program.
@MainActor
protocol HeadControllerOwner: AnyObject {
    /// The user wants to close a window; the program decides.
    func headWantsToClose(_ head: Head.ID)
    /// A window is gone, and nobody asked for it here.
    func headLostWindow(_ head: Head.ID)
    /// The user wants to end the program; the program decides.
    func headWantsToQuit(_ head: Head.ID)
    /// A window is full screen or no longer.
    func headChangedFullScreen(_ head: Head.ID)
    /// The user wants one head's window full screen, or no longer.
    func setFullScreen(_ on: Bool, _ head: Head.ID)
    /// Whether all open heads are full screen.
    var isFullScreenEverywhere: Bool { get }
    /// The user wants all heads full screen, each on a monitor of its own, or none.
    func setFullScreenEverywhere(_ on: Bool)
    /// A head's window is on another monitor.
    func headChangedPlace(_ head: Head.ID)
    /// The user has given a head's window another size.
    func head(_ head: Head.ID, wantsSize size: Size)
    /// The guest has given a head another size.
    func head(_ head: Head.ID, shows size: Size)
    /// Whether a head has a window.
    func isOpen(_ head: Head.ID) -> Bool
    /// Opens or closes a head's window.
    func setOpen(_ isOpen: Bool, _ head: Head.ID)
}
