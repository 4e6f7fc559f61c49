import Dispatch
import GuestDisplay
import Synchronization
import Testing

@testable import GuestDisplayGL

/// Whoever comes first: the source that asks, or the ingest that knows.
@Suite struct ImportTrialTests {
    private static let refusal = SurfaceError(field: "modifier", reason: "is none")

    @Test func knownInTime() throws {
        let trial = ImportTrial()
        DispatchQueue.global().async { trial.end(.failure(Self.refusal)) }
        let outcome = try #require(trial.wait(until: .now() + deadline))
        #expect(throws: Self.refusal) { try outcome.get() }
    }

    @Test(arguments: [true, false])
    func knownLate(_ isAskedFirst: Bool) {
        let trial = ImportTrial()
        #expect(trial.wait(until: .now()) == nil)
        let told = Mutex<[SurfaceError]>([])
        func ask() {
            trial.onFailure { error in told.withLock { $0.append(error) } }
        }
        if isAskedFirst { ask() }
        trial.end(.failure(Self.refusal))
        if !isAskedFirst { ask() }
        #expect(told.withLock { $0 } == [Self.refusal])
    }

    @Test func importedLate() {
        let trial = ImportTrial()
        #expect(trial.wait(until: .now()) == nil)
        trial.onFailure { Issue.record("\($0)") }
        trial.end(.success(.imported))
        trial.onFailure { Issue.record("\($0)") }
    }
}
