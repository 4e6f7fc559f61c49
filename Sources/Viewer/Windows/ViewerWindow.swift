public import GuestDisplay

/// What a head's window shows in its next frame, all in the monitor's own pixels.
public struct HeadFrame<Picture: GuestPicture> {
    /// The guest's picture; nil shows black.
    public var picture: Picture?
    /// Over the picture, the last on top.
    public var layers: [Layer]
    /// Where the picture goes.
    public var geometry: PictureGeometry
    /// Where the window counts how long it takes to draw this and to hand it over.
    public let times: WindowTimes
    /// Where a window says that it can show what comes next by itself.
    public let arrivals: PictureArrivals<Picture>

    /// Names all.
    public init(
        picture: Picture?, layers: [Layer], geometry: PictureGeometry, times: WindowTimes,
        arrivals: PictureArrivals<Picture>
    ) {
        self.picture = picture
        self.layers = layers
        self.geometry = geometry
        self.times = times
        self.arrivals = arrivals
    }
}

/// The pointer's shape over a window's drawing area.
public enum WindowCursor: Hashable, Sendable {
    /// The host's arrow.
    case standard
    /// None.
    case blank
    /// A small dot: shows where the pointer is without standing beside the guest's own.
    case dot
    /// The guest's shape, one guest pixel a monitor pixel, with its hot-spot.
    case shape(Cursor)
}

extension Cursor {
    /// The picture of ``WindowCursor/dot``: 5 × 5 pixels, its middle is the place.
    public static let dot: Cursor = {
        let ring: UInt32 = 0xc0c0_c0c0
        let core: UInt32 = 0xff00_0000
        let pixels = (0..<25).map { index -> UInt32 in
            let (x, y) = (index % 5 - 2, index / 5 - 2)
            let distance = x * x + y * y
            return distance <= 2 ? core : distance <= 5 ? ring : 0
        }
        do throws(SurfaceError) {
            return try Cursor(width: 5, height: 5, hotSpotX: 2, hotSpotY: 2, pixels: pixels)
        } catch {
            preconditionFailure("\(error)")
        }
    }()
}

/// One answer to a question.
public struct Answer {
    /// The button's text.
    public let label: String
    /// Whether it destroys something, so that it is shown as such.
    public let isDestructive: Bool
    /// What it does.
    public let action: @MainActor () -> Void

    /// Names an answer.
    public init(label: String, isDestructive: Bool, action: @escaping @MainActor () -> Void) {
        self.label = label
        self.isDestructive = isDestructive
        self.action = action
    }
}

/// A toolkit's window of one head. What it does with its events is the ``HeadController``'s business, which it calls. Sizes and
/// places are in the monitor's own pixels.
@MainActor
public protocol ViewerWindow: AnyObject {
    /// The drawing area's size; empty before the window has one.
    var drawingArea: Size { get }
    /// Pixels of the monitor that a logical pixel has, for the size of text (1, 2, …); also the step in which the drawing area's size changes.
    var scaleFactor: Int { get }
    /// Whether it has the keyboard's focus.
    var isActive: Bool { get }
    /// Whether it is full screen, as the display server last said.
    var isFullScreen: Bool { get }

    /// Shows the window for the first time, or again after ``hide()``.
    func show()
    /// Brings it before other windows, full-screen ones too, as far as the display server lets programs do so.
    func raise()
    /// Takes it from the screen, before the program ends.
    func hide()
    /// Destroys it; no call comes after it.
    func close()
    /// Draws ``HeadController/frame()`` soon: on the window's own clock, never when it is not on screen. Cheap; many calls make one frame.
    func queueDraw()
    /// Sets the title, plain text.
    func setTitle(_ title: String)
    /// Sets the pointer's shape over the drawing area.
    func setCursor(_ cursor: WindowCursor)
    /// Makes the drawing area as large as the picture or as the monitor allows, unless the window is maximized. Returns the size that was
    /// asked for, whose arrival is then no wish of the user's; zero when it asked for none.
    @discardableResult
    func fit(to guest: Size) -> Size
    /// Asks for full screen or its end; ``HeadController/fullScreenChanged()`` tells of the change. `monitor` is one of
    /// ``ViewerToolkit/monitors``, and may be another one than a window fills that is full screen; nil leaves it to the display server.
    func setFullScreen(_ on: Bool, monitor: Monitor?)
    /// The monitor of ``ViewerToolkit/monitors`` that shows the window, or most of it; nil when unknown. ``HeadController/monitorChanged()``
    /// tells of another, where the toolkit hears of it.
    var monitor: Monitor? { get }
    /// How large a picture of that many pixels is on the window's monitor; zero when the monitor does not say.
    func millimetres(of size: Size) -> Size
    /// Opens the menu that ``HeadController/menu`` describes.
    func openMenu()
    /// What the menu shows has changed.
    func menuDidChange()
    /// Takes the keyboard, with `pointer` the pointer as well, which is then hidden and reports motion. False when the display server
    /// refuses.
    func beginGrab(pointer: Bool) -> Bool
    /// Lets go.
    func endGrab()
    /// Says what failed.
    func complain(_ text: String, details: String)
    /// Asks; dismissing it chooses the first answer.
    func ask(_ question: String, details: String, answers: [Answer])
    /// Asks where to save a PNG; `chosen` gets the path, and is not called when the user thinks better of it.
    func askWhereToSave(suggestedName: String, chosen: @escaping @MainActor (String) -> Void)
}
