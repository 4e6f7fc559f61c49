/// The part of a picture that changed: a small set of rectangles inside the picture.
///
/// The rectangles may touch but a later ``add(_:)`` merges them so that there are never more than ``maximumRects``; what it covers is
/// then larger than what changed, never smaller.
public struct Damage: Hashable, Sendable {
    /// How many rectangles are kept apart before they are merged. Sixteen covers a desktop's usual frame (cursor, clock, a
    /// few windows) and keeps the cost of a merge below that of a copied row.
    public static let maximumRects = 16

    /// The size of the picture it belongs to.
    public let size: Size

    /// The changed rectangles, each within `size`, none within another.
    public private(set) var rects: [Rect] = []

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
        rects.append(added)
        if rects.count > Damage.maximumRects { rects = [bounds] }
    }

    /// Adds all that the other covers. A damage of another size makes this one full.
    public mutating func formUnion(_ other: Damage) {
        guard other.size == size else {
            rects = [Rect(size)]
            return
        }
        for rect in other.rects { add(rect) }
    }
}
