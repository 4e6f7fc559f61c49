public import GuestDisplay

/// Where each head lies in the layout of all heads, as the guest is told it: so that the guest's pointer leaves one picture where
/// it enters the next.
public enum HeadArrangement {
    /// A head and what shows it.
    public struct Place: Hashable, Sendable {
        /// The head.
        public var head: Head.ID
        /// The wanted size of its picture, in pixels.
        public var size: Size
        /// The monitor that it fills; nil for a window.
        public var monitor: Monitor?

        /// Describes a place.
        public init(head: Head.ID, size: Size, monitor: Monitor? = nil) {
            self.head = head
            self.size = size
            self.monitor = monitor
        }
    }

    /// The heads' frames in pixels, none over another, the whole layout at 0,0. Full-screen heads lie as their monitors do, without the gaps
    /// of monitors between that show no head, as guests' desktops refuse gaps. Windows follow to the right, in order of heads: where
    /// the user has put them is nothing the guest could follow. A second head on a monitor counts as a window; a head without a
    /// size has no frame.
    public static func frames(_ places: [Place]) -> [Head.ID: Rect] {
        let places = places.filter { !$0.size.isEmpty }.sorted { $0.head < $1.head }
        var filled: [Place] = []
        for place in places {
            guard let monitor = place.monitor else { continue }
            let overlaps = filled.contains {
                !$0.monitor!.frame.intersection(monitor.frame).isEmpty
            }
            if !overlaps { filled.append(place) }
        }
        let columns = positions(filled, start: \.x, end: \.maxX, extent: \.width)
        let rows = positions(filled, start: \.y, end: \.maxY, extent: \.height)
        var frames: [Head.ID: Rect] = [:]
        for (index, place) in filled.enumerated() {
            frames[place.head] = Rect(
                x: columns[index], y: rows[index], width: place.size.width,
                height: place.size.height)
        }
        var right = frames.values.map(\.maxX).max() ?? 0
        for place in places where frames[place.head] == nil {
            frames[place.head] = Rect(
                x: right, y: 0, width: place.size.width, height: place.size.height)
            right += place.size.width
        }
        return frames
    }

    /// Positions along one axis. Desktops place monitors in units that may be several pixels, and other ones on each monitor, so pixels
    /// would overlap or leave gaps. What lies beyond another's end must do so in pixels, too; as monitors do not overlap,
    /// each pair is kept apart on one axis at least.
    private static func positions(
        _ places: [Place], start: (Rect) -> Int, end: (Rect) -> Int, extent: (Size) -> Int
    ) -> [Int] {
        let scale = places.map { $0.monitor!.scale }.min() ?? 1
        var positions = [Int](repeating: 0, count: places.count)
        let order = places.indices.sorted {
            start(places[$0].monitor!.frame) < start(places[$1].monitor!.frame)
        }
        for (rank, index) in order.enumerated() {
            let own = start(places[index].monitor!.frame)
            var position = Int((Double(own) * scale).rounded())
            for other in order[..<rank] where end(places[other].monitor!.frame) <= own {
                position = max(position, positions[other] + extent(places[other].size))
            }
            positions[index] = position
        }
        return closingGaps(positions, extents: places.map { extent($0.size) })
    }

    /// Moves what lies beyond a stretch that nothing covers up to it, and the first to 0.
    private static func closingGaps(_ positions: [Int], extents: [Int]) -> [Int] {
        var closed = positions
        var covered: Int?
        var shift = 0
        for index in positions.indices.sorted(by: { positions[$0] < positions[$1] }) {
            shift += max(0, positions[index] - (covered ?? positions[index]))
            if covered == nil { shift = positions[index] }
            closed[index] = positions[index] - shift
            covered = max(covered ?? Int.min, positions[index] + extents[index])
        }
        return closed
    }
}
