public import GuestDisplay

/// A monitor of the display server, the same in every viewer.
public struct Monitor: Hashable, Sendable {
    /// The connector's name, by which users and ``MonitorAssignment`` choose it: `DP-1`. One line, unique on its server.
    public let name: String
    /// For people: maker and model. One line, maybe empty.
    public let description: String
    /// Position and size in the desktop's own coordinates: logical ones on Wayland, pixels on X11.
    public let frame: Rect
    /// Size in pixels, as the picture lies on the desktop.
    public let pixelSize: Size
    /// Size in millimetres; zero when unknown.
    public let millimetres: Size
    /// Whether the desktop calls it the primary one (X11 alone tells).
    public let isPrimary: Bool

    /// Describes a monitor; texts are made one line. Without a pixel size, it is the frame's.
    public init(
        name: String, description: String = "", frame: Rect, pixelSize: Size? = nil,
        millimetres: Size = .zero, isPrimary: Bool = false
    ) {
        self.name = PlainText.oneLine(name)
        self.description = PlainText.oneLine(description)
        self.frame = frame
        self.pixelSize = pixelSize ?? frame.size
        self.millimetres = millimetres
        self.isPrimary = isPrimary
    }

    /// Pixels for a unit of the desktop's coordinates: 1 on X11, what the user set on Wayland.
    public var scale: Double {
        frame.width > 0 && pixelSize.width > 0
            ? Double(pixelSize.width) / Double(frame.width) : 1
    }

    /// The line that `--list-monitors` prints, in columns with a tabulator between: name, size in pixels (`@` and the scale where it
    /// is not 1), position in the desktop's coordinates, description.
    public var listing: String {
        let hundredths = Int((scale * 100).rounded())
        var size = "\(pixelSize.width)x\(pixelSize.height)"
        if hundredths != 100 {
            size += "@\(hundredths / 100)"
            let part = hundredths % 100
            if part != 0 {
                size += part % 10 == 0 ? ".\(part / 10)" : part < 10 ? ".0\(part)" : ".\(part)"
            }
        }
        let x = frame.x < 0 ? "\(frame.x)" : "+\(frame.x)"
        let y = frame.y < 0 ? "\(frame.y)" : "+\(frame.y)"
        return ([name, size, x + y] + (description.isEmpty ? [] : [description]))
            .joined(separator: "\t")
    }

    /// The order of `--list-monitors`, and of heads that nobody assigned: from left to right, then from top to bottom. Monitors at
    /// one place (mirrored) keep their order.
    public static func sorted(_ monitors: [Monitor]) -> [Monitor] {
        monitors.enumerated().sorted { first, second in
            (first.element.frame.x, first.element.frame.y, first.offset)
                < (second.element.frame.x, second.element.frame.y, second.offset)
        }.map(\.element)
    }

    /// Finds out which monitor each of a toolkit's is, for a toolkit that has no names: the one with the same frame, else
    /// the one at the same position, else the next that is left, in both lists' order. No monitor is given to two.
    ///
    /// - Parameter frames: The toolkit's monitors, in the coordinates of ``frame``.
    /// - Returns: For each frame the index of its monitor; nil when there are more frames than monitors.
    public static func indices(of frames: [Rect], among monitors: [Monitor]) -> [Int?] {
        var indices = [Int?](repeating: nil, count: frames.count)
        var left = Array(monitors.indices)
        func match(_ fits: (Rect, Monitor) -> Bool) {
            for index in frames.indices where indices[index] == nil {
                guard let place = left.firstIndex(where: { fits(frames[index], monitors[$0]) })
                else { continue }
                indices[index] = left.remove(at: place)
            }
        }
        match { $0 == $1.frame }
        match { $0.x == $1.frame.x && $0.y == $1.frame.y }
        match { _, _ in true }
        return indices
    }
}
