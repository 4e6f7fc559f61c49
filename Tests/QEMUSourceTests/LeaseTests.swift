import CShims
import Dispatch
import DisplayTesting
import Glibc
import GuestDisplay
import Logging
import Synchronization
import Testing

@testable import QEMUSource

private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// This process, as others see it.
private let me = PeerProgram(process: getpid(), user: geteuid())

/// Leases of guests that are not there.
@Suite(.timeLimit(.minutes(2))) struct LeaseTests {
    private static let count = Atomic(0)

    /// A guest of the test's own.
    private func guest() -> GuestIdentity {
        let number = LeaseTests.count.add(1, ordering: .relaxed).newValue
        return GuestIdentity(name: "swiftvm-test-\(getpid())-\(number)")
    }

    /// The guest whose monitor is in that folder.
    private func guest(_ folder: TestFolder) throws -> GuestIdentity {
        let listener = OwnedDescriptor(owning: swiftvm_listen_unix(folder.file("socket")))
        let client = swiftvmConnect(folder.file("socket"))
        let guest = GuestIdentity(monitor: client.rawValue, path: folder.file("socket"))
        _ = consume listener
        return try #require(guest)
    }

    /// Takes the lease; nil when another has it. A name that nobody serves any more may be held for a moment by a child that another
    /// test is just starting.
    private func take(
        _ guest: GuestIdentity, onRequest: @escaping @Sendable (PeerProgram) -> Void = { _ in }
    ) -> GuestLease? {
        while true {
            if case .held(let lease) = GuestLease.take(guest, onRequest: onRequest) { return lease }
            if LeaseHolder(of: guest) != nil { return nil }
            usleep(1000)
        }
    }

    @Test func identities() throws {
        let folder = try TestFolder()
        let name = try guest(folder).name
        #expect(name.hasPrefix("swiftvm-guest-socket-"))
        let other = try TestFolder()
        #expect(try guest(other).name != name)
        // Without a file, this process is nobody that it could tell.
        var pair: [CInt] = [-1, -1]
        #expect(swiftvm_socketpair(&pair) == 0)
        #expect(GuestIdentity(monitor: pair[0], path: nil) == nil)
        #expect(GuestIdentity(monitor: pair[0], path: folder.file("nothing")) == nil)
        for number in pair { close(number) }
    }

    @Test(
        arguments: [
            ("", nil), ("1 (x", nil), ("1 (x) S 1", nil),
            ("7 (a) b) (c) S \(String(repeating: "1 ", count: 18))99 5", 99),
            ("7 (a) S \(String(repeating: "1 ", count: 18))-1 5", nil),
        ] as [(String, UInt64?)])
    func startTimes(_ text: String, _ start: UInt64?) {
        #expect(GuestIdentity.start(inStat: Array(text.utf8)) == start)
        #expect(GuestIdentity.start(of: getpid()) != nil)
    }

    @Test func programs() {
        #expect(me.isTrusted)
        #expect(!me.name.isEmpty && me.description == "\(me.name) (pid \(getpid()))")
        let other = PeerProgram(process: getpid(), user: 4321)
        #expect(!other.isTrusted && other.description.hasSuffix("(pid \(getpid()), user 4321)"))
        #expect(PeerProgram(process: 0, user: geteuid()).description.contains("cannot be seen"))
    }

    @Test func onceAndAgain() throws {
        let guest = guest()
        #expect(LeaseHolder(of: guest) == nil)
        let lease = try #require(take(guest))
        #expect(take(guest) == nil)
        #expect(LeaseHolder(of: guest)?.program == me)
        lease.release()
        lease.waitUntilFree()
        #expect(LeaseHolder(of: guest) == nil)
        let second = try #require(take(guest))
        second.release()
    }

    @Test func exactlyOneOfMany() throws {
        let guest = guest()
        let held = Recorder<GuestLease>()
        DispatchQueue.concurrentPerform(iterations: 64) { _ in
            if let lease = take(guest) { held.note(lease) }
        }
        #expect(held.values.count == 1)
    }

    @Test func askedToLetGo() throws {
        let guest = guest()
        let asked = Recorder<PeerProgram>()
        let held = Mutex<GuestLease?>(nil)
        let lease = try #require(
            take(guest) { program in
                asked.note(program)
                held.withLock { $0 }?.release()
            })
        held.withLock { $0 = lease }
        let holder = try #require(LeaseHolder(of: guest))
        #expect(holder.letGo(milliseconds: 20_000) == .hasLetGo)
        #expect(asked.values == [me])
        // It is free by then.
        #expect(take(guest) != nil)
        #expect(holder.letGo(milliseconds: 20_000) == .hasLetGo)
    }

    @Test func doesNotLetGo() throws {
        let guest = guest()
        let lease = try #require(take(guest))
        let holder = try #require(LeaseHolder(of: guest))
        #expect(holder.letGo(milliseconds: 50) == .silent)
        let ended = Answer<Bool>()
        DispatchQueue.global().async {
            holder.waitForEnd()
            ended.give(true)
        }
        lease.release()
        #expect(ended.wait(milliseconds: 20_000) == true)
        let other = try #require(take(guest))
        let waiting = try #require(LeaseHolder(of: guest))
        waiting.stopWaiting()
        waiting.waitForEnd()
        other.release()
    }

    /// Nobody makes a holder let go by talking nonsense, or by talking much.
    @Test func nonsense() throws {
        let guest = guest()
        let asked = Recorder<PeerProgram>()
        let lease = try #require(take(guest) { asked.note($0) })
        var clients: [CInt] = []
        for byte in UInt8.min...UInt8.max where byte != GuestLease.request {
            let client = swiftvm_connect_abstract_now(guest.name)
            guard client >= 0 else { continue }
            var bytes = [UInt8](repeating: byte, count: 1000)
            send(client, &bytes, bytes.count, CInt(MSG_NOSIGNAL | MSG_DONTWAIT))
            clients.append(client)
        }
        for client in clients { close(client) }
        // It is found as soon as they are gone.
        while LeaseHolder(of: guest)?.program != me { usleep(1000) }
        #expect(take(guest) == nil)
        #expect(asked.values.isEmpty)
        lease.release()
    }

    /// One that waits for a greeting gives way as well, and says to whom.
    @Test func takenWhileConnecting() throws {
        let server = try ScriptedQMP(.hold)
        let first = QEMUSource(.monitor(path: server.path), logger: logger)
        let failed = Answer<String>()
        DispatchQueue.global().async {
            do {
                try first.connect(delegate: RecordingDelegate())
            } catch {
                failed.give("\(error)")
            }
        }
        let guest = try #require(
            GuestIdentity(monitor: swiftvmConnect(server.path).rawValue, path: server.path))
        while LeaseHolder(of: guest) == nil { usleep(1000) }
        var limits = QEMULimits()
        limits.greeting = 100
        let second = QEMUSource(
            .monitor(path: server.path), takesOver: true, limits: limits, logger: logger)
        let error = #expect(throws: DisplayError.self) {
            try second.connect(delegate: RecordingDelegate())
        }
        // Its monitor does not greet it either.
        #expect(error?.description.contains("no greeting") == true)
        let words = try #require(failed.wait(milliseconds: 20_000))
        #expect(words.contains("\(me) has taken this guest over"))
        #expect(LeaseHolder(of: guest) == nil)
        withExtendedLifetime(server) {}
    }
}
