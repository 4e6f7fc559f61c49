public import GuestDisplay

/// What a snapshot may show over the guest's picture, by the names of `--layers`.
public enum SnapshotLayer: String, CaseIterable, Sendable {
    /// The guest's cursor, where the guest tells its shape and place and shows it.
    case cursor
    /// That the guest is paused or has shut down.
    case notices
    /// Size, renderer, and what became of the guest's pictures.
    case statistics

    /// The names, for a user to read.
    public static var list: String { allCases.map(\.rawValue).joined(separator: ", ") }

    /// The layers of a list of names with commas between them. Throws for a name that no layer has, and for none.
    public static func parse(_ text: String) throws(DisplayError) -> Set<SnapshotLayer> {
        var layers: Set<SnapshotLayer> = []
        for name in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let layer = SnapshotLayer(rawValue: String(name)) else {
                throw DisplayError("there is no layer '\(name)'; the layers are \(list)")
            }
            layers.insert(layer)
        }
        return layers
    }
}
