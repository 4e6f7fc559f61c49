internal import CShims
internal import GuestDisplay

/// What a picture's rows were when they came last, as digests of 63 bits: rows that come again as they were need not be compared with a picture that left the processor's
/// cache a frame ago.
///
/// QEMU tells what changed on a VGA as whole rows, of which mostly little did. Digests are kept while that is so: where much changes, making them would cost more than it
/// saves. They are made with random numbers of this object's own: that two rows have the same is not to be expected, nor to be brought about. For one
/// thread at a time.
final class RowDigests {
    private let tilesPerRow: Int
    private let rowBytes: Int
    private let height: Int
    /// Empty until digests are kept for the first time.
    private var keys: [UInt64] = []
    private var digests: UnsafeMutableBufferPointer<UInt64>?
    /// By how many pixels it paid, or would have: what did not change, less four times what did; from 0 to ``limit``.
    private var gain = 0

    /// Nil where this processor compares as quickly.
    init?(size: Size) {
        guard swiftvm_has_digests() else { return nil }
        let tile = Int(SWIFTVM_TILE)
        rowBytes = size.width * 4
        tilesPerRow = (rowBytes + tile - 1) / tile
        height = size.height
    }

    deinit {
        digests?.deallocate()
    }

    /// A quarter of the picture's pixels.
    private var limit: Int { max(rowBytes / 4 * height / 4, 1) }

    /// Whether they are kept.
    private(set) var areKept = false

    /// Which pixels of a whole row, from the first to before the end, hold all that is new in it since it came last; nil when nothing is. They are taken to be the picture's
    /// from here on.
    func changes(in row: UnsafeRawPointer, y: Int) -> (first: Int, end: Int)? {
        precondition(areKept && y >= 0 && y < height)
        var (first, end) = (0, 0)
        let isNew = swiftvm_row_changes(
            row, rowBytes, keys, digests!.baseAddress! + y * tilesPerRow, &first, &end)
        return isNew ? (first / 4, end / 4) : nil
    }

    /// Of whole rows with so many pixels so many have changed.
    func didCopyRows(changing changed: Int, of pixels: Int) {
        gain = min(max(gain + pixels - changed * 4, 0), limit)
        if gain == 0 {
            areKept = false
        } else if gain == limit, !areKept {
            begin()
        }
    }

    /// The picture has become another otherwise.
    func forget() {
        areKept = false
        gain = 0
    }

    private func begin() {
        if keys.isEmpty {
            keys = (0..<Int(SWIFTVM_DIGEST_KEYS) / 8).map { _ in .random(in: .min ... .max) }
        }
        let kept = digests ?? .allocate(capacity: tilesPerRow * height)
        kept.initialize(repeating: 0)
        digests = kept
        areKept = true
    }
}
