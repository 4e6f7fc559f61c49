import DisplayTesting
import GuestDisplay
import Testing
import Viewer

@MainActor
private final class Listener: SessionDelegate {
    private var waiting: CheckedContinuation<Void, Never>?
    private(set) var headChanges = 0
    private(set) var failure: DisplayError?

    func sessionDidConnect(_ session: Session) { heard() }

    func session(_ session: Session, didFail error: DisplayError) {
        failure = error
        heard()
    }

    func sessionDidChangeHeads(_ session: Session) {
        headChanges += 1
        heard()
    }

    func sessionDidChangeState(_ session: Session) { heard() }

    private func heard() {
        waiting?.resume()
        waiting = nil
    }

    /// Waits until that holds after some call.
    func wait(until condition: () -> Bool) async {
        while !condition() {
            await withCheckedContinuation { waiting = $0 }
        }
    }
}

/// A display that another program takes, and that is taken back.
@MainActor
@Suite(.timeLimit(.minutes(1))) struct SessionTests {
    private let head = Head(id: 0, label: "a", kind: .graphic)
    private let words = "swiftvm-snapshot (pid 12) has taken it"
    private let listener = Listener()

    private func start(_ source: ScriptedSource) async -> Session {
        let session = Session(source: source)
        session.delegate = listener
        session.start()
        await listener.wait { session.isConnected || listener.failure != nil }
        return session
    }

    private func open(_ sink: RecordingSink, _ session: Session) async {
        let error = await withCheckedContinuation { done in
            session.open(0, sink: sink) { done.resume(returning: $0) }
        }
        #expect(error == nil)
    }

    private func picture() throws -> DisplayEvent {
        .scanout(
            .surface(
                try DisplaySurface(
                    width: 1, height: 1, stride: 4, format: .x8r8g8b8,
                    memory: SurfaceBytes([1, 2, 3, 4]))))
    }

    @Test func `a display that was taken is taken back into the same sinks`() async throws {
        let machine = ScriptedMachine()
        let again = ScriptedSource(
            heads: [head, Head(id: 1, label: "b", kind: .graphic)], machine: machine)
        let source = ScriptedSource(heads: [head], successor: { again })
        let session = await start(source)
        let sink = RecordingSink()
        await open(sink, session)
        #expect(!session.canTakeBack)
        source.end(.takenOver(words))
        await listener.wait { session.end != nil }
        #expect(session.end == .takenOver(words))
        #expect(session.canTakeBack)
        session.takeBack()
        #expect(session.isTakingBack && !session.canTakeBack)
        await listener.wait { session.end == nil }
        #expect(session.source === again)
        #expect(session.heads.map(\.id) == [0, 1])
        #expect(listener.headChanges == 1)
        #expect(session.machineState == .running)
        #expect(!session.isTakingBack && !session.canTakeBack)
        #expect(try again.emit(picture(), to: 0))
        #expect(sink.wait { $0.picture != nil })
        // And again.
        again.end(.failed("gone"))
        await listener.wait { session.end != nil }
        #expect(session.end == .failed("gone"))
        #expect(!session.canTakeBack)
    }

    @Test func `a taking back that fails says why, and may be tried again`() async throws {
        let again = ScriptedSource(heads: [head])
        let deaf = ScriptedSource(heads: [head], failure: DisplayError("it does not answer"))
        let sources = Sources([deaf, deaf, again])
        let source = ScriptedSource(heads: [head], successor: { sources.next() })
        let session = await start(source)
        source.end(.takenOver(words))
        await listener.wait { session.end != nil }
        session.takeBack()
        await listener.wait { !session.isTakingBack }
        guard case .takenOver(let why) = session.end else {
            Issue.record("\(String(describing: session.end))")
            return
        }
        #expect(why.contains("it does not answer"))
        #expect(session.canTakeBack)
        session.takeBack()
        await listener.wait { session.end == nil }
        #expect(session.source === again)
    }

    @Test func `nothing is taken back that was not taken, or cannot be`() async {
        let plain = ScriptedSource(heads: [head])
        let session = await start(plain)
        session.takeBack()
        #expect(!session.isTakingBack)
        plain.end(.takenOver(words))
        await listener.wait { session.end != nil }
        #expect(!session.canTakeBack)
        session.takeBack()
        #expect(!session.isTakingBack && session.end == .takenOver(words))
    }
}

/// One source after the other; the first is what a session asks for to learn whether there is any.
private final class Sources: @unchecked Sendable {
    // Used on the main thread alone.
    private var rest: [ScriptedSource]

    init(_ sources: [ScriptedSource]) {
        rest = sources
    }

    func next() -> ScriptedSource { rest.removeFirst() }
}
