public import GuestDisplay

/// Which head goes to which monitor when it is full screen: what `--monitors` says, and the rule for the others.
public struct MonitorAssignment: Hashable, Sendable {
    /// The names of the monitors that heads were assigned to by the user.
    public private(set) var names: [Head.ID: String] = [:]

    /// Assigns nothing: the Nth opened head goes to the Nth monitor.
    public init() {}

    /// Reads what follows `--monitors`: `HEAD:NAME`, several with commas between. A name may hold colons. Throws when the list is
    /// malformed, or a head or a monitor is in it twice.
    public init(parsing list: String) throws(DisplayError) {
        for entry in list.split(separator: ",", omittingEmptySubsequences: false) {
            let parts = entry.split(
                separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let head = Int(parts[0]), head >= 0, !parts[1].isEmpty else {
                throw DisplayError(
                    "'\(PlainText.oneLine(String(entry)))' is not HEAD:NAME, such as 0:DP-1")
            }
            let name = PlainText.oneLine(String(parts[1]))
            if names[head] != nil { throw DisplayError("head \(head) is given twice") }
            if names.values.contains(name) {
                throw DisplayError("monitor \(name) is given to two heads")
            }
            names[head] = name
        }
    }

    /// Throws when a monitor that was named is not there; the error lists those that are.
    public func check(_ monitors: [Monitor]) throws(DisplayError) {
        for (_, name) in names.sorted(by: { $0.key < $1.key })
        where !monitors.contains(where: { $0.name == name }) {
            let known = monitors.map(\.name).joined(separator: ", ")
            throw DisplayError(
                "there is no monitor \(name); there is \(known.isEmpty ? "none" : known)")
        }
    }

    /// Gives each head a monitor of its own. A head that the user assigned goes there alone: while its monitor is unplugged it has none.
    /// The others stay where they are, or take the next monitor that is free and was not named for another head.
    ///
    /// - Parameters:
    ///   - heads: In the order in which they were opened.
    ///   - monitors: In the order of ``Monitor/sorted(_:)``.
    ///   - current: The monitors' names that heads have now, so that plugging one in or out moves no other head.
    /// - Returns: The heads' monitors; a head that is not in it remains a window.
    public func assign(
        _ heads: [Head.ID], to monitors: [Monitor], current: [Head.ID: String] = [:]
    ) -> [Head.ID: Monitor] {
        var assigned: [Head.ID: Monitor] = [:]
        let named = Set(heads.compactMap { names[$0] })
        for head in heads {
            guard let name = names[head] else { continue }
            assigned[head] = monitors.first { $0.name == name }
        }
        var free = monitors.filter { !named.contains($0.name) }
        let others = heads.filter { names[$0] == nil }
        for head in others {
            guard let place = free.firstIndex(where: { $0.name == current[head] }) else { continue }
            assigned[head] = free.remove(at: place)
        }
        for head in others where assigned[head] == nil && !free.isEmpty {
            assigned[head] = free.removeFirst()
        }
        return assigned
    }

    /// What to say when some heads have no monitor; nil when all have one. One line.
    public static func shortage(of heads: [Head.ID], monitors: [Monitor]) -> String? {
        guard let first = heads.first else { return nil }
        let numbers = heads.map(String.init).joined(separator: ", ")
        let what =
            heads.count == 1
            ? "head \(first) is shown in a window" : "heads \(numbers) are shown in windows"
        return monitors.count == 1
            ? "there is 1 monitor: \(what)" : "there are \(monitors.count) monitors: \(what)"
    }
}
