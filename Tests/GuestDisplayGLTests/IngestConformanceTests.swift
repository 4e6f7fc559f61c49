import DisplayTesting
import Testing

@testable import GuestDisplayGL

/// The rules that every sink of a head keeps, with both renderers.
struct IngestConformanceTests {
    @Test(arguments: Kind.allCases)
    func headSink(_ kind: Kind) throws {
        let ingest = try kind.makeIngest()
        defer { ingest.stop() }
        try HeadSinkConformance {
            let head = ingest.makeHead()
            return HeadSinkConformance.Subject(
                sink: head,
                settle: {
                    // The head's own job is before this one.
                    _ = try wait("the ingest thread's turn") {
                        (done: @escaping @Sendable (Bool) -> Void) in
                        head.settle { done(true) }
                    }
                },
                shown: {
                    guard let picture = head.content.picture else { return nil }
                    let pixels = try head.read(picture)
                    return (pixels.size, pixels.values)
                })
        }.run()
    }
}
