import GuestDisplay
import Testing

struct GeometryTests {
    private let rects: [Rect] = {
        var random = SystemlessRandom(1)
        return (0..<40).map { _ in
            Rect(
                x: Int.random(in: -6...6, using: &random),
                y: Int.random(in: -6...6, using: &random),
                width: Int.random(in: -1...7, using: &random),
                height: Int.random(in: -1...7, using: &random))
        }
    }()

    private func points(_ rect: Rect) -> Set<[Int]> {
        guard !rect.isEmpty else { return [] }
        return Set(
            (rect.y..<rect.maxY).flatMap { y in (rect.x..<rect.maxX).map { x in [x, y] } })
    }

    @Test func setOperations() {
        for a in rects {
            for b in rects {
                #expect(points(a.intersection(b)) == points(a).intersection(points(b)))
                #expect(points(a.union(b)).isSuperset(of: points(a).union(points(b))))
                #expect(a.contains(b) == points(a).isSuperset(of: points(b)))
            }
        }
    }

    @Test(arguments: [
        (Rect(x: 0, y: 0, width: 10, height: 5), true),
        (Rect(x: 9, y: 4, width: 1, height: 1), true),
        (Rect(x: 9, y: 4, width: 2, height: 1), false),
        (Rect(x: 9, y: 4, width: 1, height: 2), false),
        (Rect(x: -1, y: 0, width: 2, height: 1), false),
        (Rect(x: 0, y: -1, width: 1, height: 2), false),
        (Rect(x: 0, y: 0, width: 0, height: 1), false),
        (Rect(x: 0, y: 0, width: 1, height: -1), false),
        (Rect(x: .max, y: 0, width: 1, height: 1), false),
        (Rect(x: 1, y: 1, width: .max, height: .max), false),
        (Rect(x: .min, y: .min, width: .max, height: .max), false),
    ])
    func liesWithinForAnyNumbers(_ rect: Rect, _ expected: Bool) {
        #expect(rect.lies(within: Size(width: 10, height: 5)) == expected)
    }
}
