/// The part of a picture that changed: a small set of rectangles inside the picture.
///
/// The rectangles may touch but a later ``add(_:)`` merges them so that there are never more than ``maximumRects``; what it covers is
/// then larger than what changed, never smaller. Held in place: one comes with each frame, and none is allocated.
public struct Damage: Hashable, Sendable {
    /// How many rectangles are kept apart before they are merged. Sixteen covers a desktop's usual frame (cursor, clock, a
    /// few windows) and keeps the cost of a merge below that of a copied row.
    public static let maximumRects = DamageRects.capacity

    /// The size of the picture it belongs to.
    public let size: Size

    /// The changed rectangles, each within `size`, none within another.
    public private(set) var rects = DamageRects()

    /// Nothing changed.
    public init(size: Size) {
        self.size = size
    }

    /// All of a picture of that size changed.
    public static func full(_ size: Size) -> Damage {
        var damage = Damage(size: size)
        damage.add(Rect(size))
        return damage
    }

    /// Whether nothing changed.
    public var isEmpty: Bool { rects.isEmpty }

    /// Whether the whole picture changed.
    public var isFull: Bool { rects.count == 1 && rects[0] == Rect(size) }

    /// The smallest rectangle around all that changed.
    public var bounds: Rect { rects.reduce(.zero) { $0.union($1) } }

    /// How many pixels it covers, at most (rectangles that overlap count twice).
    public var pixelCount: Int { rects.reduce(0) { $0 + $1.width * $1.height } }

    /// Adds a rectangle; what lies outside the picture is cut off.
    public mutating func add(_ rect: Rect) {
        var added = rect.intersection(Rect(size))
        if added.isEmpty { return }
        if rects.contains(where: { $0.contains(added) }) { return }
        // Merge with any that together fill their bounds exactly or that it covers.
        var index = 0
        while index < rects.count {
            let joined = rects[index].union(added)
            let area = rects[index].width * rects[index].height + added.width * added.height
            if joined.width * joined.height <= area {
                added = joined
                rects.remove(at: index)
                index = 0
            } else {
                index += 1
            }
        }
        if rects.count == Damage.maximumRects {
            added = bounds.union(added)
            rects = DamageRects()
        }
        rects.append(added)
    }

    /// Adds all that the other covers. A damage of another size makes this one full.
    public mutating func formUnion(_ other: Damage) {
        guard other.size == size else {
            self = .full(size)
            return
        }
        for rect in other.rects { add(rect) }
    }
}

/// The rectangles of a ``Damage``, in the order in which they came.
public struct DamageRects: RandomAccessCollection, Hashable, Sendable {
    static let capacity = 16

    /// A rectangle of a picture or a window: no extent comes near 2^31.
    private struct Packed: Sendable {
        var x: Int32 = 0
        var y: Int32 = 0
        var width: Int32 = 0
        var height: Int32 = 0
    }

    private var storage = InlineArray<16, Packed>(repeating: Packed())
    /// How many there are.
    public private(set) var count = 0

    init() {}

    /// 0.
    public var startIndex: Int { 0 }
    /// As ``count``.
    public var endIndex: Int { count }

    /// The rectangle of that number.
    public subscript(index: Int) -> Rect {
        precondition(index >= 0 && index < count)
        let packed = storage[index]
        return Rect(
            x: Int(packed.x), y: Int(packed.y), width: Int(packed.width),
            height: Int(packed.height))
    }

    mutating func append(_ rect: Rect) {
        storage[count] = Packed(
            x: Int32(rect.x), y: Int32(rect.y), width: Int32(rect.width),
            height: Int32(rect.height))
        count += 1
    }

    mutating func remove(at index: Int) {
        count -= 1
        for place in index..<count { storage[place] = storage[place + 1] }
    }

    /// Whether both have the same, in the same order.
    public static func == (one: DamageRects, other: DamageRects) -> Bool {
        one.elementsEqual(other)
    }

    /// Hashes the rectangles.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(count)
        for rect in self { hasher.combine(rect) }
    }
}
