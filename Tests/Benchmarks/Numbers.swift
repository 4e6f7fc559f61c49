import Foundation

/// What is said of several values of the same thing.
struct Spread: Encodable, Sendable {
    let median: Double
    let lowest: Double
    let highest: Double

    /// Nil of nothing.
    init?(_ values: [Double]) {
        guard let lowest = values.min(), let highest = values.max() else { return nil }
        median = Spread.median(values)
        self.lowest = lowest
        self.highest = highest
    }

    /// The median of some values, with the lowest and highest, as words with so many places; empty of none.
    static func words(_ values: [Double], _ places: Int = 2) -> String {
        guard let spread = Spread(values) else { return "" }
        let range = [spread.lowest, spread.highest].map { decimal($0, places) }
        return "\(decimal(spread.median, places)) (\(range.joined(separator: "–")))"
    }

    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}

/// A mean with the interval that holds it with 95 in 100 (Student's t): of differences or ratios of values that were measured in turn.
struct Interval: Encodable, Sendable {
    let mean: Double
    let lower: Double
    let upper: Double

    // The 97.5 % quantiles of Student's t for 1, 2, 3 … degrees of freedom, then the normal distribution's.
    private static let quantiles = [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
        2.145, 2.131, 2.120, 2.110, 2.101, 2.093,
    ]

    /// Nil of fewer than two.
    init?(_ values: [Double]) {
        guard values.count > 1 else { return nil }
        let count = Double(values.count)
        let mean = values.reduce(0, +) / count
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
        let quantile =
            values.count - 2 < Interval.quantiles.count
            ? Interval.quantiles[values.count - 2] : 1.96
        let half = quantile * (variance / count).squareRoot()
        self.init(mean: mean, lower: mean - half, upper: mean + half)
    }

    /// Of ratios: their geometric mean. Nil of fewer than two, or where one is not positive.
    init?(ratios: [Double]) {
        guard ratios.allSatisfy({ $0 > 0 }), let logarithms = Interval(ratios.map { log($0) })
        else { return nil }
        self.init(
            mean: exp(logarithms.mean), lower: exp(logarithms.lower), upper: exp(logarithms.upper))
    }

    /// As words: 1.25 (1.20–1.30).
    var words: String { "\(decimal(mean, 2)) (\(decimal(lower, 2))–\(decimal(upper, 2)))" }

    private init(mean: Double, lower: Double, upper: Double) {
        self.mean = mean
        self.lower = lower
        self.upper = upper
    }
}

/// A number with so many places.
func decimal(_ value: Double?, _ places: Int) -> String {
    value.map { String(format: "%.\(places)f", $0) } ?? ""
}
