import GuestDisplay
import Testing

/// Damage never covers less than what was added, and stays small.
struct DamageTests {
    private let size = Size(width: 40, height: 30)

    @Test func emptyAndFull() {
        var damage = Damage(size: size)
        #expect(damage.isEmpty && !damage.isFull && damage.bounds == .zero)
        damage.add(Rect(x: 3, y: 3, width: 0, height: 5))
        damage.add(Rect(x: 50, y: 3, width: 5, height: 5))
        #expect(damage.isEmpty, "what lies outside is cut off")
        damage.add(Rect(x: -10, y: -10, width: 100, height: 100))
        #expect(damage.isFull && damage == .full(size))
        #expect(damage.pixelCount == 1200)
    }

    @Test func neighboursBecomeOne() {
        var damage = Damage(size: size)
        for x in 0..<10 { damage.add(Rect(x: x, y: 4, width: 1, height: 2)) }
        #expect(Array(damage.rects) == [Rect(x: 0, y: 4, width: 10, height: 2)])
        damage.add(Rect(x: 2, y: 4, width: 3, height: 1))
        #expect(damage.rects.count == 1)
    }

    @Test func anotherSizeIsEverything() {
        var damage = Damage(size: size)
        damage.formUnion(Damage(size: Size(width: 1, height: 1)))
        #expect(damage.isFull)
    }

    @Test(arguments: 0..<40)
    func coversWhatWasAdded(_ seed: Int) {
        var random = SystemlessRandom(UInt64(seed))
        var damage = Damage(size: size)
        var other = Damage(size: size)
        var expected = Set<Int>()
        for step in 0..<Int.random(in: 1...60, using: &random) {
            let rect = Rect(
                x: Int.random(in: -5..<40, using: &random),
                y: Int.random(in: -5..<30, using: &random),
                width: Int.random(in: 0..<9, using: &random),
                height: Int.random(in: 0..<9, using: &random))
            if step % 3 == 0 { other.add(rect) } else { damage.add(rect) }
            for y in rect.y..<rect.maxY where y >= 0 && y < 30 {
                for x in rect.x..<rect.maxX where x >= 0 && x < 40 { expected.insert(y * 40 + x) }
            }
        }
        damage.formUnion(other)
        var covered = Set<Int>()
        for rect in damage.rects {
            #expect(rect.lies(within: size))
            for y in rect.y..<rect.maxY {
                for x in rect.x..<rect.maxX { covered.insert(y * 40 + x) }
            }
        }
        #expect(covered.isSuperset(of: expected))
        #expect(damage.rects.count <= Damage.maximumRects)
        #expect(damage.pixelCount >= covered.count)
        for index in damage.rects.indices {
            for other in damage.rects.indices where other != index {
                #expect(!damage.rects[index].contains(damage.rects[other]))
            }
        }
    }

    @Test func fewRectanglesStayExact() {
        var damage = Damage(size: size)
        let rects = [
            Rect(x: 0, y: 0, width: 2, height: 2), Rect(x: 20, y: 20, width: 3, height: 3),
        ]
        for rect in rects { damage.add(rect) }
        #expect(Set(damage.rects) == Set(rects))
        #expect(damage.bounds == Rect(x: 0, y: 0, width: 23, height: 23))
    }
}

/// Numbers that look random and are the same in each run (SplitMix64).
struct SystemlessRandom: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
