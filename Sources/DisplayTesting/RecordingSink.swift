internal import Dispatch
public import GuestDisplay
internal import Synchronization

/// A picture that was copied: rows without padding, in the format they came in.
public struct RecordedPicture: Hashable, Sendable {
    /// Size in pixels.
    public let size: Size
    /// How a pixel lies in memory.
    public let format: PixelFormat
    /// `height` rows of `width × bytesPerPixel`, the top first.
    public var bytes: [UInt8]

    /// Names a picture.
    public init(size: Size, format: PixelFormat, bytes: [UInt8]) {
        self.size = size
        self.format = format
        self.bytes = bytes
    }

    /// Copies a surface; throws what its memory throws.
    public init(_ surface: DisplaySurface) throws(SurfaceError) {
        let rowBytes = surface.size.width * surface.format.bytesPerPixel
        var bytes: [UInt8] = []
        bytes.reserveCapacity(rowBytes * surface.size.height)
        try surface.memory.withBytes { memory in
            for row in 0..<surface.size.height {
                let line = surface.isTopDown ? row : surface.size.height - 1 - row
                let start = surface.offset + line * surface.stride
                bytes += memory[start..<start + rowBytes]
            }
        }
        self.init(size: surface.size, format: surface.format, bytes: bytes)
    }

    /// Puts another picture of the same format at a place within this one.
    mutating func put(_ part: RecordedPicture, x: Int, y: Int) {
        let pixel = format.bytesPerPixel
        for row in 0..<part.size.height {
            let from = row * part.size.width * pixel
            let to = ((y + row) * size.width + x) * pixel
            let count = part.size.width * pixel
            bytes.replaceSubrange(to..<to + count, with: part.bytes[from..<from + count])
        }
    }
}

/// A head's sink that copies what it gets, as the real one does, and remembers the order. Any thread.
public final class RecordingSink: HeadSink {
    /// What came, without the pixels, which are in ``picture``.
    public enum Event: Hashable, Sendable {
        case surface(Size, PixelFormat)
        case gl(Size)
        case off
        case pixels(Rect)
        case inPlace(Rect)
        case cursor(Cursor?)
        case cursorPosition(CursorPosition)
    }

    private struct State {
        var events: [Event] = []
        var eventCount = 0
        var picture: RecordedPicture?
        var live: DisplaySurface?
        var last: DisplaySurface?
        var scanout: GLScanout?
        var releases: [FrameRelease] = []
        var failure: SurfaceError?
        var cursor: Cursor?
        var collected = 0
        var flushes: [Int] = []
    }

    private let state = Mutex(State())
    private let arrived = DispatchSemaphore(value: 0)
    private let isCounting: Bool
    private let keepsReleases: Bool
    private let whileReceiving: (@Sendable (DisplayEvent) -> Void)?

    /// - Parameters:
    ///   - isCounting: counts events and forgets them, for long runs.
    ///   - keepsReleases: holds the frames, until ``takeReleases()``.
    ///   - whileReceiving: runs in each ``receive(_:)``, before anything is copied.
    public init(
        isCounting: Bool = false, keepsReleases: Bool = false,
        whileReceiving: (@Sendable (DisplayEvent) -> Void)? = nil
    ) {
        self.keepsReleases = keepsReleases
        self.isCounting = isCounting
        self.whileReceiving = whileReceiving
    }

    /// What came and was accepted, in order.
    public var events: [Event] { state.withLock { $0.events } }
    /// How many events were accepted.
    public var eventCount: Int { state.withLock { $0.eventCount } }
    /// The picture that a window would show; nil while the display is off.
    public var picture: RecordedPicture? { state.withLock { $0.picture } }
    /// The cursor's shape.
    public var cursor: Cursor? { state.withLock { $0.cursor } }
    /// The last surface that came, kept beyond its call, which no real sink may do.
    public var keptSurface: DisplaySurface? { state.withLock { $0.last } }

    /// How many events each ``flush()`` ended that were collected, in order.
    public var flushes: [Int] { state.withLock { $0.flushes } }

    /// The picture that a GPU holds; nil while another is shown, or none.
    public var scanout: GLScanout? { state.withLock { $0.scanout } }

    /// The frames that are held, which are the caller's now.
    public func takeReleases() -> [FrameRelease] {
        state.withLock { state in
            defer { state.releases = [] }
            return state.releases
        }
    }

    /// Makes every further event fail; nil ends that.
    public func fail(with error: SurfaceError?) {
        state.withLock { $0.failure = error }
    }

    /// Waits until `condition` holds after some event; false when it did not in time.
    public func wait(seconds: Int = 90, until condition: (RecordingSink) -> Bool) -> Bool {
        let deadline = DispatchTime.now() + .seconds(seconds)
        while !condition(self) {
            if arrived.wait(timeout: deadline) == .timedOut { return condition(self) }
        }
        return true
    }

    /// Takes an event as ``receive(_:)``, and counts it.
    public func collect(_ event: DisplayEvent) throws(SurfaceError) {
        try receive(event)
        state.withLock { $0.collected += 1 }
    }

    /// Notes how many were collected.
    public func flush() {
        state.withLock { state in
            state.flushes.append(state.collected)
            state.collected = 0
        }
        arrived.signal()
    }

    /// Copies the event's pixels and notes it.
    public func receive(_ event: DisplayEvent) throws(SurfaceError) {
        whileReceiving?(event)
        if keepsReleases, case .update(.inPlace(_, let release?)) = event {
            state.withLock { $0.releases.append(release) }
        }
        let result = state.withLock { state -> Result<Void, SurfaceError> in
            do throws(SurfaceError) {
                if let failure = state.failure { throw failure }
                let noted = try RecordingSink.apply(event, to: &state)
                state.eventCount += 1
                if !isCounting { state.events.append(noted) }
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try result.get()
        if !keepsReleases, case .update(.inPlace(_, let release)) = event { release?.release() }
        arrived.signal()
    }

    private static func apply(_ event: DisplayEvent, to state: inout State) throws(SurfaceError)
        -> Event
    {
        switch event {
        case .scanout(.surface(let surface)):
            state.last = surface
            state.picture = try RecordedPicture(surface)
            state.live = surface
            state.scanout = nil
            return .surface(surface.size, surface.format)
        case .scanout(.gl(let scanout)):
            state.picture = nil
            state.live = nil
            state.scanout = scanout
            return .gl(scanout.backingSize)
        case .scanout(.off):
            state.picture = nil
            state.live = nil
            state.scanout = nil
            return .off
        case .update(.pixels(let surface, let x, let y)):
            let rect = Rect(x: x, y: y, width: surface.size.width, height: surface.size.height)
            guard let picture = state.picture, rect.lies(within: picture.size) else {
                throw SurfaceError(field: "x, y, width, height", reason: "\(rect) is outside")
            }
            guard surface.format == picture.format else {
                throw SurfaceError(
                    field: "format", reason: "\(surface.format) on \(picture.format)")
            }
            state.picture?.put(try RecordedPicture(surface), x: x, y: y)
            return .pixels(rect)
        case .update(.inPlace(let rect, _)):
            if state.scanout != nil { return .inPlace(rect) }
            guard let live = state.live else {
                throw SurfaceError(field: "update", reason: "nothing is shown")
            }
            state.picture = try RecordedPicture(live)
            return .inPlace(rect)
        case .cursor(let cursor):
            state.cursor = cursor
            return .cursor(cursor)
        case .cursorPosition(let position):
            return .cursorPosition(position)
        }
    }
}
