import DisplayTesting

/// A D-Bus message bus of a test's own.
final class MessageBus {
    /// Its address, for `dbus:ADDRESS` and `DBUS_SESSION_BUS_ADDRESS`, without the identifier after the path: a comma would end
    /// the option in QEMU's `-display dbus,addr=`.
    let address: String

    /// Starts it.
    init(_ run: TestRun) throws {
        let process = try run.start(
            "dbus-daemon",
            [
                "--session", "--nofork", "--nopidfile", "--print-address",
                "--address=unix:path=\(run.path("bus"))",
            ], name: "dbus-daemon")
        address = try eventually(
            "the bus tells its address", details: { process.standardError }
        ) {
            let output = process.standardOutput
            return output.hasSuffix("\n") ? String(output.trimmed.prefix { $0 != "," }) : nil
        }
    }
}
