internal import Logging

/// Tells of refused messages without letting a guest flood standard error: the first of a kind, then every thousandth.
struct RefusalLog {
    static let interval = 1000

    let logger: Logger
    private var counts: [String: Int] = [:]

    init(logger: Logger) {
        self.logger = logger
    }

    /// Notes one. `kind` is one of ours (a method's name), never text from outside, so that there are few.
    mutating func note(_ kind: String, _ text: String) {
        let count = counts[kind, default: 0] + 1
        counts[kind] = count
        if count == 1 {
            logger.warning("\(kind): \(text)")
        } else if count % RefusalLog.interval == 0 {
            logger.warning("\(kind): \(text) (refusal \(count))")
        }
    }
}
