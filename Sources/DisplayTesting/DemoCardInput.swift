/// The input that the demo guest says it received.
public struct DemoInput: Hashable, Sendable {
    /// The bytes of the keyboard.
    public var keys: DemoKeyLog
    /// The events of virtio keyboards; their bytes are in `keys`, too.
    public var events: DemoKeyEvents
    /// The mouse; nil while it has not moved, which puts it into the middle of the screen.
    public var mouse: DemoMouse?

    /// Describes what arrived; the defaults are nothing.
    public init(
        keys: DemoKeyLog = DemoKeyLog(), events: DemoKeyEvents = DemoKeyEvents(),
        mouse: DemoMouse? = nil
    ) {
        self.keys = keys
        self.events = events
        self.mouse = mouse
    }
}

/// What virtio keyboards have sent.
public struct DemoKeyEvents: Hashable, Sendable {
    /// How many events have arrived.
    public var count: UInt32
    /// The last one's evdev code (`linux/input-event-codes.h`).
    public var code: UInt16
    /// The last one's value: 1 pressed, 0 released.
    public var value: UInt16

    /// Describes what arrived; the defaults are nothing.
    public init(count: UInt32 = 0, code: UInt16 = 0, value: UInt16 = 0) {
        self.count = count
        self.code = code
        self.value = value
    }
}

/// The demo guest's log of keyboard bytes: scancode set 1, as the keyboard controller hands it over.
public struct DemoKeyLog: Hashable, Sendable {
    /// How many bytes the guest keeps.
    public static let capacity = 64

    /// How many bytes have arrived in all.
    public private(set) var count: UInt32
    /// The newest bytes, the oldest of them first; at most `capacity`.
    public private(set) var bytes: [UInt8]

    /// A log into which nothing but `bytes` has arrived.
    public init(_ bytes: [UInt8] = []) {
        count = UInt32(bytes.count)
        self.bytes = Array(bytes.suffix(Self.capacity))
    }

    /// A log of `count` bytes with the guest's slots: byte number n (from 0) in slot n modulo 64.
    init(count: UInt32, slots: [UInt8]) {
        let kept = min(count, UInt32(Self.capacity))
        self.count = count
        bytes = (count - kept..<count).map { slots[Int($0) % Self.capacity] }
    }

    /// Adds bytes that arrived after those already here.
    public mutating func append(_ more: [UInt8]) {
        count &+= UInt32(more.count)
        bytes = Array((bytes + more).suffix(Self.capacity))
    }

    /// The bytes that arrived after the first `earlier` ones; nil when some of them are no longer
    /// kept, or when the log is older than that.
    public func bytes(since earlier: UInt32) -> [UInt8]? {
        guard earlier <= count, count - earlier <= UInt32(bytes.count) else { return nil }
        return Array(bytes.suffix(Int(count - earlier)))
    }

    /// The guest's slots; 0 where nothing has arrived.
    var slots: [UInt8] {
        var slots = [UInt8](repeating: 0, count: Self.capacity)
        for (offset, byte) in bytes.enumerated() {
            slots[(Int(count) - bytes.count + offset) % Self.capacity] = byte
        }
        return slots
    }
}

/// The demo guest's pointer: moved by an IntelliMouse Explorer on the PS/2 port, virtio mice and virtio tablets.
public struct DemoMouse: Hashable, Sendable {
    /// Mouse buttons that are down.
    public struct Buttons: OptionSet, Hashable, Sendable {
        /// The guest's bits.
        public let rawValue: UInt8
        /// Takes the guest's bits.
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// The left button.
        public static let left = Buttons(rawValue: 1)
        /// The right button.
        public static let right = Buttons(rawValue: 2)
        /// The middle button, or the wheel pressed.
        public static let middle = Buttons(rawValue: 4)
        /// The side button, often "back".
        public static let side = Buttons(rawValue: 8)
        /// The extra button, often "forward".
        public static let extra = Buttons(rawValue: 16)
    }

    /// The pointer's hot-spot in pixels from the left, kept within the screen.
    public var x: Int
    /// The pointer's hot-spot in pixels from the top, kept within the screen.
    public var y: Int
    /// The buttons that are down.
    public var buttons: Buttons
    /// The sum of wheel steps; towards the person (down) is positive.
    public var wheel: Int32
    /// How many packets have arrived. The pointer is drawn from the first one on.
    public var packets: UInt32
    /// The sum of all movement to the right, not kept within the screen.
    public var totalX: Int32
    /// The sum of all movement downwards, not kept within the screen.
    public var totalY: Int32

    /// The last place that a tablet told, from the left, 0 to 32767.
    public var absoluteX: Int
    /// The last place that a tablet told, from the top, 0 to 32767.
    public var absoluteY: Int
    /// The number of the head that the pointer is on.
    public var head: Int

    /// Describes a mouse; the defaults are one that has not reported.
    public init(
        x: Int, y: Int, buttons: Buttons = [], wheel: Int32 = 0, packets: UInt32 = 0,
        totalX: Int32 = 0, totalY: Int32 = 0, absoluteX: Int = 0, absoluteY: Int = 0, head: Int = 0
    ) {
        self.x = x
        self.y = y
        self.buttons = buttons
        self.wheel = wheel
        self.packets = packets
        self.totalX = totalX
        self.totalY = totalY
        self.absoluteX = absoluteX
        self.absoluteY = absoluteY
        self.head = head
    }
}
