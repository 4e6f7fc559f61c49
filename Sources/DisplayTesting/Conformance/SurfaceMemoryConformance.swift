public import GuestDisplay

/// What every ``SurfaceMemory`` must do. Each implementation runs it in its tests; ``run()`` throws the first rule that is broken as a ``ScriptError``.
public struct SurfaceMemoryConformance {
    private let make: ([UInt8]) throws -> any SurfaceMemory

    /// A suite over memories with the bytes that `make` is given.
    public init(_ make: @escaping ([UInt8]) throws -> any SurfaceMemory) {
        self.make = make
    }

    /// Runs all rules.
    public func run() throws {
        for count in [1, 4, 4095, 4096, 4097, 1 << 20] {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ count) }
            let memory = try make(bytes)
            guard memory.byteCount == count else {
                throw ScriptError("SurfaceMemory: \(memory.byteCount) bytes instead of \(count)")
            }
            // Twice: reading takes nothing away.
            for _ in 1...2 {
                var calls = 0
                var isSame = false
                try memory.withBytes { read in
                    calls += 1
                    isSame = read.elementsEqual(bytes)
                }
                guard calls == 1, isSame else {
                    throw ScriptError(
                        "SurfaceMemory: \(count) bytes, \(calls) call(s), same: \(isSame)")
                }
            }
        }
    }
}
