import Dispatch
import GuestDisplay
import Logging
import Synchronization
import Testing

@testable import GuestDisplayGL

/// Far beyond what anything here takes, so that only a missing event fails.
let deadline = DispatchTimeInterval.seconds(60)

let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

/// The renderers that every test of the ingest runs with.
enum Kind: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case software, gl

    var testDescription: String { rawValue }

    func makeIngest() throws -> Ingest {
        switch self {
        case .software: try Ingest(.software, logger: quiet)
        case .gl: try Ingest(.gl(EGLDisplayHandle.surfaceless()), logger: quiet)
        }
    }
}

/// Numbers that look random and are the same in each run.
struct Random: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    mutating func pixels(_ count: Int) -> [UInt32] {
        (0..<count).map { _ in UInt32(truncatingIfNeeded: next()) & 0xff_ffff }
    }

    mutating func rect(in size: Size) -> Rect {
        let x = Int.random(in: 0..<size.width, using: &self)
        let y = Int.random(in: 0..<size.height, using: &self)
        return Rect(
            x: x, y: y, width: Int.random(in: 1...(size.width - x), using: &self),
            height: Int.random(in: 1...(size.height - y), using: &self))
    }
}

/// A picture in a test's hand: 0x00RRGGBB rows.
struct Pixels: Equatable {
    var size: Size
    var values: [UInt32]

    static func random(_ size: Size, seed: UInt64) -> Pixels {
        var random = Random(seed)
        return Pixels(size: size, values: random.pixels(size.width * size.height))
    }

    subscript(x: Int, y: Int) -> UInt32 {
        get { values[y * size.width + x] }
        set { values[y * size.width + x] = newValue }
    }

    func part(_ rect: Rect) -> Pixels {
        var values: [UInt32] = []
        for y in rect.y..<rect.maxY {
            values += self.values[(y * size.width + rect.x)..<(y * size.width + rect.maxX)]
        }
        return Pixels(size: rect.size, values: values)
    }

    mutating func put(_ other: Pixels, x: Int, y: Int) {
        for row in 0..<other.size.height {
            for column in 0..<other.size.width {
                self[x + column, y + row] = other[column, row]
            }
        }
    }

    /// x8r8g8b8 with junk where no colour is, and rows padded by `padding` bytes.
    func surface(padding: Int = 0) throws -> DisplaySurface {
        let stride = size.width * 4 + padding
        let memory = SurfaceBytes(count: stride * size.height) { bytes in
            for index in bytes.indices { bytes[index] = 0xa5 }
            for y in 0..<size.height {
                for x in 0..<size.width {
                    bytes.storeBytes(
                        of: self[x, y] | 0x5a00_0000, toByteOffset: y * stride + x * 4,
                        as: UInt32.self)
                }
            }
        }
        return try DisplaySurface(
            width: size.width, height: size.height, stride: stride, format: .x8r8g8b8,
            memory: memory)
    }
}

/// Waits for what an asynchronous call gives.
func wait<Value: Sendable>(
    _ what: Comment, for start: (@escaping @Sendable (Value) -> Void) -> Void
) throws -> Value {
    let done = DispatchSemaphore(value: 0)
    let box = Box<Value>()
    start { value in
        box.value.withLock { $0 = value }
        done.signal()
    }
    try #require(done.wait(timeout: .now() + deadline) == .success, what)
    return try #require(box.value.withLock { $0 })
}

final class Box<Value: Sendable>: Sendable {
    let value = Mutex<Value?>(nil)
}

extension IngestHead {
    /// Waits until the content is as wanted.
    func waitForContent(_ what: Comment, _ isWanted: (Content) -> Bool) throws -> Content {
        let wake = DispatchSemaphore(value: 0)
        let observation = observe { wake.signal() }
        defer { observation.cancel() }
        while true {
            let content = self.content
            if isWanted(content) { return content }
            try #require(wake.wait(timeout: .now() + deadline) == .success, what)
        }
    }

    /// Waits until the published picture is this one.
    @discardableResult
    func waitForPicture(_ pixels: Pixels) throws -> Picture {
        let content = try waitForContent("the picture comes") { content in
            guard case .picture(let picture) = content, picture.size == pixels.size else {
                return false
            }
            return (try? read(picture)) == pixels
        }
        guard case .picture(let picture) = content else { fatalError() }
        return picture
    }

    func read(_ picture: Picture) throws -> Pixels {
        let result = try wait("pixels are read") { done in
            readPixels(of: picture, completion: done)
        }
        return Pixels(size: picture.size, values: try result.get())
    }
}

extension HeadContent {
    var isOff: Bool { if case .off = self { true } else { false } }
    var isNothing: Bool { if case .nothing = self { true } else { false } }
    var picture: Picture? { if case .picture(let picture) = self { picture } else { nil } }
}
