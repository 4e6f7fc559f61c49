import ArgumentParser
import DisplayTesting
import Foundation
import GuestDisplay
import GuestDisplayGL
import Logging
import QEMUSource

/// A viewer without a window: what the viewers do with a guest's pictures until a window takes them.
struct IngestProcess: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ingest", abstract: "Takes a guest's pictures and shows them to nobody.",
        shouldDisplay: false)

    @Argument(help: "A render node.")
    var node: String

    @Argument(help: "A QMP socket.")
    var monitor: String

    func run() throws {
        let logger = Logger(label: "ingest") { _ in SwiftLogNoOpLogHandler() }
        let ingest = try Ingest(.gl(.node(node)), releasePolicy: .afterCopy, logger: logger)
        let source = QEMUSource(.monitor(path: monitor), logger: logger)
        let delegate = RecordingDelegate()
        try source.connect(delegate: delegate)
        let head = ingest.makeHead()
        // How the pictures come is for who started this.
        let observation = head.observe { [weak head] in
            guard let head, head.counters.picturesPublished == 1 else { return }
            print(head.path)
            fflush(nil)
        }
        try source.open(0, sink: head)
        while delegate.ends.isEmpty { sleep(1) }
        observation.cancel()
    }
}
