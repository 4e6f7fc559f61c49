internal import Dispatch
public import GuestDisplay

/// One head in one window, whatever the toolkit: picture, layers, title, menu, input, size. A toolkit's window tells it what happened
/// and asks it what to show.
@MainActor
public final class HeadController<Pictures: HeadPictures> {
    /// The head.
    public let head: Head
    /// The guest.
    public let session: Session
    /// The head's pictures.
    public let pictures: Pictures
    /// Where a window sends its events.
    public let input = InputController()
    /// How the picture is fitted.
    public private(set) var scaleMode: ScaleMode
    /// Whether a guest that can follows the window's size.
    public private(set) var resizesGuest: Bool
    /// The size of the newest picture; zero before the first.
    public private(set) var guestSize = Size.zero

    /// Whether the guest has taken the head away; what it showed last stays.
    var isRemoved = false
    weak var owner: (any HeadControllerOwner)?
    private(set) var window: (any ViewerWindow)?
    private var observation: Observation?
    private var pointer: (x: Double, y: Double)?
    private var hint: String?
    private let hintTimer = MainTimer()
    private var layers = LayerStack()
    /// Shows pictures without this thread, where that can be.
    public let arrivals: PictureArrivals<Pictures.Picture>
    // Of the guest's pointer as the window has it.
    private var cursorSerial: UInt64 = 0
    private let rendererDescription: String
    private let statistics: HeadStatistics
    private let offTimer = MainTimer()
    private var isKnownOff = false
    private let showTimer = MainTimer()
    private var isShown = false
    // The first picture of the guest's size.
    private var sizedNumber: UInt64 = 0
    private let sizeTimer = MainTimer()
    // Full screen was asked for and has not come yet; the display server may never grant it.
    private var awaitsFullScreen = false
    // The size that the window was told to take, and the one that the guest was told of last; neither is a new wish of the user's.
    private var expectedSize = Size.zero
    private var reportedSize = Size.zero

    /// `rendererDescription` is for the statistics.
    init(
        head: Head, session: Session, pictures: Pictures, rendererDescription: String,
        options: ViewerOptions
    ) {
        self.head = head
        self.rendererDescription = rendererDescription
        self.session = session
        self.pictures = pictures
        scaleMode = options.scale
        resizesGuest = options.resizesGuest
        statistics = HeadStatistics(of: head.id, file: options.statistics)
        arrivals = PictureArrivals(times: statistics.times) { [session, id = head.id] in
            session.requestUpdate(of: id)
        }
        input.delegate = self
    }

    /// Begins to show the head in a window, which is shown once the picture's size is known, so that it need not grow where it was put: a
    /// moment after the first picture, or with a second one of its size, as QEMU's first one is that of the last time anybody looked; without a picture after
    /// a second.
    func attach(_ window: any ViewerWindow) {
        self.window = window
        expectedSize = window.fit(
            to: head.size.isEmpty ? Size(width: 640, height: 480) : head.size)
        // The wake comes on another thread, so it uses nothing of this one.
        let isWoken = WakeFlag()
        let wake: @Sendable () -> Void = { [weak self, arrivals, pictures] in
            if arrivals.show(pictures) { return }
            // One block at a time, however long this thread is busy: it looks for what is new when it runs.
            guard isWoken.set() else { return }
            DispatchQueue.main.async {
                MainActor.assumeIsolated {
                    isWoken.clear()
                    self?.pictureChanged()
                }
            }
        }
        observation = pictures.observe(wake)
        stateDidChange()
        showTimer.start(milliseconds: 1000) { [weak self] in self?.show() }
        statistics.begin { [weak self] in
            guard let self else { return nil }
            self.countArrivals()
            return HeadStatistics.Reading(
                geometry: self.geometry, renderer: self.rendererDescription,
                path: self.pictures.path, policy: self.pictures.releasePolicy,
                counters: self.pictures.counters)
        } onChange: { [weak self] in
            self?.window?.queueDraw()
        }
    }

    /// Takes the window away; the head goes on without it.
    func close() {
        observation?.cancel()
        observation = nil
        arrivals.forbid()
        for timer in [offTimer, showTimer, sizeTimer, hintTimer] { timer.cancel() }
        statistics.end()
        input.releaseAll()
        input.endGrab()
        window?.close()
        window = nil
    }

    /// Titles, menus, notices and cursors follow the session.
    func stateDidChange() {
        input.stateDidChange()
        updateTitle()
        window?.menuDidChange()
        updateCursor()
        window?.queueDraw()
    }

    /// Says something in passing, over the picture, for some seconds.
    public func show(hint text: String) {
        hint = text
        window?.queueDraw()
        hintTimer.start(milliseconds: 4000) { [weak self] in
            self?.hint = nil
            self?.window?.queueDraw()
        }
    }

    private func show() {
        guard !isShown, observation != nil else { return }
        isShown = true
        showTimer.cancel()
        window?.show()
    }

    /// Where the picture lies now.
    public var geometry: PictureGeometry {
        PictureGeometry(
            guest: guestSize, window: window?.drawingArea ?? .zero, mode: scaleMode,
            granularity: window?.scaleFactor ?? 1, pointer: pointer)
    }

    /// Whether a picture can be seen now.
    public var hasPicture: Bool { newestPicture != nil }

    /// The newest picture; nil when the display is off or has shown nothing yet.
    public var newestPicture: Pictures.Picture? {
        if case .picture(let picture) = pictures.content { picture } else { nil }
    }
}

// MARK: - What the window asks

extension HeadController {
    /// What to draw now; nil when there is no window to draw in.
    public func frame() -> HeadFrame<Pictures.Picture>? {
        // Before the content is looked at: nothing newer is shown by itself from here on.
        arrivals.forbid()
        let geometry = geometry
        guard !geometry.window.isEmpty else { return nil }
        let picture = lastPicture
        let refusal = pictures.lastRefusal
        countArrivals()
        // A picture is the end of a refusal, and of a display that is off.
        let isPlain = refusal == nil && !offTimer.isRunning
        arrivals.frameBegins(picture, cursor: isPlain ? cursorSerial : nil)
        if let picture { statistics.didTake(picture) }
        let notice = Notice.of(
            end: session.end, isRemoved: isRemoved, machine: session.machineState,
            isOff: isKnownOff, hasPicture: guestSize != .zero, refusal: refusal,
            hint: hint,
            takeBack: session.takeBackNotice)
        // With a relative mouse the guest decides where its cursor is, so it is drawn there.
        let drawsCursor = pointerMode == .relative && session.end == nil
        let layers = layers.layers(
            over: geometry, scaleFactor: window?.scaleFactor ?? 1,
            cursor: drawsCursor ? pictures.cursor : nil, statistics: statistics.shown,
            notice: notice)
        return HeadFrame(
            picture: picture, layers: layers, geometry: geometry, times: statistics.times,
            arrivals: arrivals)
    }

    private func countArrivals() {
        if let (count, number) = arrivals.takeCount() { statistics.didShow(count, last: number) }
    }

    // While the display is off the last picture goes once it is known to be so.
    private var lastPicture: Pictures.Picture? {
        switch pictures.content {
        case .picture(let picture): picture
        case .off, .nothing: isKnownOff ? nil : arrivals.newest
        }
    }
}

// MARK: - What the window tells

extension HeadController {
    /// The drawing area has another size.
    public func areaResized() {
        window?.queueDraw()
        sizeTimer.cancel()
        guard scaleMode == .fit, resizesGuest, takesInput, let window else { return }
        let now = window.drawingArea
        guard now != expectedSize, now != guestSize, now != reportedSize, !now.isEmpty,
            !guestSize.isEmpty
        else { return }
        // There is no event for the end of a drag; a quarter of a second without a change is one. On the way to full screen windows
        // pass through sizes that nobody wants.
        sizeTimer.start(milliseconds: awaitsFullScreen ? 1000 : 250) { [weak self] in
            guard let self, self.session.end == nil else { return }
            self.reportedSize = now
            self.owner?.head(self.head.id, wantsSize: now)
        }
    }

    /// The window is on a monitor of another scale.
    public func scaleFactorChanged() {
        stateDidChange()
    }

    /// The window is on another monitor, as far as the toolkit hears of it.
    public func monitorChanged() {
        owner?.headChangedPlace(head.id)
    }

    func setFullScreen(_ on: Bool, monitor: Monitor?) {
        awaitsFullScreen = on && !isFullScreen
        window?.setFullScreen(on, monitor: monitor)
    }

    /// The window came to the screen.
    public func mapped() {
        updateCursor()
    }

    /// The window can be seen, or, minimised, no longer: a guest need not hurry for one that cannot.
    public func visibilityChanged(isVisible: Bool) {
        arrivals.setVisible(isVisible)
    }

    /// The window is full screen or no longer.
    public func fullScreenChanged() {
        guard let window else { return }
        awaitsFullScreen = false
        owner?.headChangedFullScreen(head.id)
        if window.isFullScreen {
            show(
                hint: "\(Shortcut.fullScreen.label) leaves full screen\n"
                    + "\(Shortcut.menu.label) opens the menu")
        } else {
            input.endGrab()
        }
        stateDidChange()
    }

    /// The user wants to close the window.
    public func wantsToClose() {
        owner?.headWantsToClose(head.id)
    }

    /// Another program has destroyed the window, as X11 lets it: as if it were closed, but a guest that would end with it gets another window. This one may be
    /// asked to let go of a grab, then it is closed.
    public func windowLost() {
        owner?.headLostWindow(head.id)
    }

    private func pictureChanged() {
        switch pictures.content {
        case .nothing: break
        case .off: noteOff()
        case .picture(let picture):
            offTimer.cancel()
            let wasOff = isKnownOff
            isKnownOff = false
            if wasOff { stateDidChange() }
            arrivals.note(picture)
            if picture.size != guestSize {
                sizedNumber = picture.number
                guestResized(picture.size)
            } else if !isShown, picture.number > sizedNumber {
                show()
            }
        }
        updateCursor()
        window?.queueDraw()
    }

    // QEMU announces a mode change, and the end of any dma-buf, as off: wait a moment before saying so.
    private func noteOff() {
        guard !offTimer.isRunning, !isKnownOff else { return }
        offTimer.start(milliseconds: 300) { [weak self] in
            guard let self else { return }
            if case .off = self.pictures.content {
                self.isKnownOff = true
                self.arrivals.note(nil)
            }
            self.stateDidChange()
        }
    }

    private func guestResized(_ size: Size) {
        let hadPicture = guestSize != .zero
        guestSize = size
        if !hadPicture {
            showTimer.start(milliseconds: 80) { [weak self] in self?.show() }
        }
        if let window, !window.isFullScreen, !awaitsFullScreen {
            expectedSize = window.fit(to: size)
        }
        owner?.head(head.id, shows: size)
        if !hadPicture {
            window?.menuDidChange()
            // It may have been given its size before there was a picture.
            if isFullScreen { areaResized() }
        }
    }

    func updateCursor() {
        cursorSerial = pictures.cursor.serial
        window?.setCursor(windowCursor)
    }

    private var windowCursor: WindowCursor {
        guard takesInput, guestSize != .zero else { return .standard }
        if input.holdsPointer { return .blank }
        if pointerMode == .relative { return .standard }
        let cursor = pictures.cursor
        guard cursor.isDefined else { return .dot }
        guard let shape = cursor.shape, !shape.isInvisible, cursor.position?.isVisible != false
        else { return .blank }
        return .shape(shape)
    }

    func updateTitle() {
        window?.setTitle(title)
    }
}

// MARK: - What the user chooses

extension HeadController {
    func pointerMoved(x: Double, y: Double) {
        let before = geometry.frame
        pointer = (x, y)
        if geometry.frame != before { window?.queueDraw() }
    }

    func setScaleMode(_ mode: ScaleMode) {
        scaleMode = mode
        stateDidChange()
    }

    /// Whether the statistics layer is shown.
    var showsStatistics: Bool { statistics.shown != nil }

    func setShowsStatistics(_ on: Bool) {
        statistics.setShown(on)
        window?.menuDidChange()
        window?.queueDraw()
    }

    func setResizesGuest(_ on: Bool) {
        resizesGuest = on
        window?.menuDidChange()
        areaResized()
    }
}
