internal import GuestDisplay

/// What the guest is told of its heads: their sizes where somebody wants one, and how they lie beside each other. It decides what there
/// is to tell; sending it is its user's business.
struct HeadLayouts {
    /// What a secondary output gets that nobody has wanted a size for: QEMU keeps it off until it is told one, and shows 640×480 in
    /// its place.
    static let firstSize = Size(width: 1024, height: 768)

    private struct Told {
        var frame: Rect
        var isFollowed: Bool
    }

    // What a user or a monitor wants a head to have. Without, the guest's own choice counts.
    private var wanted: [Head.ID: Size] = [:]
    private var told: [Head.ID: Told] = [:]

    /// A head's window was opened. A secondary output without a size of its own is wanted at one.
    mutating func opened(_ head: Head) {
        guard head.isSecondary, wanted[head.id] == nil else { return }
        let placeholder = Size(width: 640, height: 480)
        wanted[head.id] =
            head.size.isEmpty || head.size == placeholder ? HeadLayouts.firstSize : head.size
    }

    /// A head's window was closed. True when the guest is to be told that nobody sees it: a secondary output, which it can do without.
    mutating func closed(_ head: Head) -> Bool {
        told[head.id] = nil
        return head.isSecondary
    }

    /// A head is gone, and what was said of it.
    mutating func forget(_ head: Head.ID) {
        wanted[head] = nil
        told[head] = nil
    }

    /// Somebody wants a head to have that size.
    mutating func want(_ size: Size, of head: Head.ID) {
        wanted[head] = size
    }

    /// The guest shows a head at that size. One that had followed what was wanted, and now does otherwise, has its own will.
    mutating func guestShows(_ size: Size, on head: Head.ID) {
        guard let last = told[head], let wish = wanted[head] else { return }
        if size == wish {
            told[head] = Told(frame: last.frame, isFollowed: true)
        } else if last.isFollowed {
            wanted[head] = nil
        }
    }

    /// What has to be told now, in order of heads. `places` are all open heads with the sizes that the guest shows.
    mutating func changes(_ places: [HeadArrangement.Place]) -> [(head: Head.ID, frame: Rect)] {
        let arranged = HeadArrangement.frames(
            places.map { place in
                var place = place
                place.size = wanted[place.head] ?? place.size
                return place
            })
        var changes: [(head: Head.ID, frame: Rect)] = []
        for place in places.sorted(by: { $0.head < $1.head }) {
            let head = place.head
            guard let frame = arranged[head] else { continue }
            let last = told[head]?.frame
            let isMoved = frame.x != (last?.x ?? 0) || frame.y != (last?.y ?? 0)
            guard isMoved || (wanted[head] != nil && frame != last) else { continue }
            told[head] = Told(frame: frame, isFollowed: place.size == frame.size)
            changes.append((head, frame))
        }
        return changes
    }
}

extension Head {
    /// Whether it is an output that its adapter can do without, and that a guest may switch off.
    var isSecondary: Bool { kind == .graphic && output > 0 }
}
