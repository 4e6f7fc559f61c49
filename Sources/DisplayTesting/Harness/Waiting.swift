internal import Glibc

/// Seconds of a clock that only goes forward.
public func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// How much longer than on a usual machine everything may take: the machine of Tools/test-vm is emulated, and says so by that factor.
let patience = TestEnvironment.variable("SWIFTVM_VM").flatMap(Double.init) ?? 1

/// Looks again and again, every 10 ms, until `look` gives a value. Throws what was waited for, and what `details` says, when
/// it does not within a deadline that no healthy run comes near.
public func eventually<Value>(
    _ what: String, within seconds: Double = 90, details: () -> String = { "" },
    _ look: () throws -> Value?
) throws -> Value {
    let deadline = now() + seconds * patience
    while true {
        if let value = try look() { return value }
        if now() > deadline {
            throw HarnessError("\(Int(seconds * patience)) s passed without: \(what). \(details())")
        }
        usleep(10_000)
    }
}

/// Looks until the condition holds.
public func eventually(
    _ what: String, within seconds: Double = 90, details: () -> String = { "" },
    that condition: () throws -> Bool
) throws {
    let _: Bool = try eventually(what, within: seconds, details: details) {
        try condition() ? true : nil
    }
}
