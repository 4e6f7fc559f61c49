internal import Dispatch
internal import Glibc
internal import Synchronization

/// SIGINT, SIGTERM and SIGHUP as a wish to end: a guest that was started ends with its program, not in the middle of a write.
public final class TerminationSignals: Sendable {
    private let sources: Mutex<[any DispatchSourceSignal]>

    /// From now on `handler` hears of the first of these signals, by its number, on a queue of its own; the second one ends the program at once, by
    /// that signal, so that a guest that does not end cannot hold its user. For the life of the value.
    public init(_ handler: @escaping @Sendable (Int32) -> Void) {
        sources = Mutex([])
        let queue = DispatchQueue(label: "swiftvm.signals")
        let wasAsked = Mutex(false)
        let asked: @Sendable (Int32) -> Void = { number in
            let isSecond = wasAsked.withLock { asked in
                defer { asked = true }
                return asked
            }
            if isSecond {
                signal(number, SIG_DFL)
                raise(number)
            } else {
                handler(number)
            }
        }
        sources.withLock { sources in
            for number in [SIGINT, SIGTERM, SIGHUP] {
                signal(number, SIG_IGN)
                let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
                source.setEventHandler { asked(number) }
                source.resume()
                sources.append(source)
            }
        }
    }

    deinit {
        sources.withLock { sources in
            for source in sources { source.cancel() }
        }
        for number in [SIGINT, SIGTERM, SIGHUP] { signal(number, SIG_DFL) }
    }
}
