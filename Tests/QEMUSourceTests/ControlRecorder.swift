import CShims
import Dispatch
import DisplayTesting
import GuestDisplay
import Synchronization

/// Notes values from any thread, and waits for them.
final class Recorder<Value: Sendable>: Sendable {
    private let noted = Mutex<[Value]>([])
    private let arrived = DispatchSemaphore(value: 0)

    var values: [Value] { noted.withLock { $0 } }

    func note(_ value: Value) {
        noted.withLock { $0.append(value) }
        arrived.signal()
    }

    /// Waits until there are that many; false when they do not come.
    func wait(for count: Int) -> Bool {
        while values.count < count {
            if arrived.wait(timeout: .now() + .seconds(60)) == .timedOut { return false }
        }
        return true
    }
}

/// A socket that is connected to the one at that path.
func swiftvmConnect(_ path: String) -> OwnedDescriptor {
    let socket = swiftvm_connect_unix_now(path)
    precondition(socket >= 0)
    return OwnedDescriptor(owning: socket)
}

extension RecordingDelegate {
    /// Waits for the end; nil when it does not come.
    func end() -> SourceEnd? {
        _ = wait(seconds: 60) { !$0.ends.isEmpty }
        return ends.first
    }
}
