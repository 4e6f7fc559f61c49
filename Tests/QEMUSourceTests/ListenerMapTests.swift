import DisplayTesting
import Glibc
import GuestDisplay
import Synchronization
import Testing

@testable import QEMUSource

/// A value that a sink's closure and its test share.
private final class Box<Value: Sendable>: Sendable {
    let value: Mutex<Value>

    init(_ value: Value) {
        self.value = Mutex(value)
    }
}

/// Mappings and descriptors that are wrong.
@Suite struct ListenerMapTests {
    private let failed = "org.freedesktop.DBus.Error.Failed"

    @Test func `a bad mapping is refused and the picture stays`() throws {
        let rig = try ListenerRig()
        let file = try SharedFile(card(64))
        let empty = try SharedFile([])
        try rig.good(.scanout(4, 4, card(64, seed: 4)))
        let before = rig.sink.picture
        try rig.bad(.scanoutMap(file, 4, 5), "mapping: the file has 64 bytes")
        try rig.bad(.scanoutMap(file, offset: 1, 4, 4), "mapping: the file has 64 bytes")
        try rig.bad(.scanoutMap(file, offset: .max, 4, 4), "offset")
        try rig.bad(.scanoutMap(empty, 1, 1), "mapping: the file has 0 bytes")
        try rig.bad(.scanoutMap(file, 0, 4), "width: 0")
        try rig.bad(.scanoutMap(file, 65536, 65536), "width: 65536")
        try rig.bad(.scanoutMap(file, 4, 4, stride: 15), "stride: 15")
        try rig.bad(.scanoutMap(file, 4, 4, stride: .max), "stride")
        try rig.bad(.scanoutMap(file, 4, 4, format: 1), "format")
        #expect(rig.sink.picture == before)
        try rig.bad(.updateMap(0, 0, 1, 1), "refused", error: failed)
        try rig.good(.scanoutMap(file, 4, 4))
        #expect(rig.sink.picture?.bytes == card(64))
    }

    @Test func `a descriptor that is no shared memory is refused`() throws {
        let rig = try ListenerRig()
        var message = WireMessage.scanoutMap(try SharedFile(card(4)), 1, 1)
        message.descriptors = [rig.peer.descriptor]
        try rig.bad(message, "mapping")
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(null) }
        message.descriptors = [null]
        try rig.bad(message, "mapping")
        try rig.good(.scanout(1, 1, card(4)))
    }

    @Test func `a mapping that shrank before an update is an error`() throws {
        let rig = try ListenerRig()
        let file = try SharedFile(card(128 * 128 * 4))
        try rig.good(.scanoutMap(file, 128, 128))
        let before = rig.sink.picture
        file.resize(to: 4096)
        try rig.bad(.updateMap(0, 0, 128, 128), "mapping", error: failed)
        #expect(rig.sink.picture == before)
        try rig.good(.scanout(1, 1, card(4)))
        #expect(rig.sink.picture?.bytes == card(4))
    }

    @Test func `a mapping that shrinks while it is read is an error, not a crash`() throws {
        let file = try SharedFile(card(128 * 128 * 4))
        let shown = Box<DisplaySurface?>(nil)
        let caught = Box<SurfaceError?>(nil)
        let sink = RecordingSink { event in
            guard case .update(.inPlace) = event else { return }
            // The picture was taken over with the scanout; here its memory goes away between two reads.
            let surface = shown.value.withLock { $0 }
            do throws(SurfaceError) {
                try surface?.memory.withBytes { bytes in
                    var sum = Int(bytes[0])
                    file.resize(to: 0)
                    for index in stride(from: 0, to: bytes.count, by: 512) {
                        sum += Int(bytes[index])
                    }
                    _ = sum
                }
            } catch {
                caught.value.withLock { $0 = error }
            }
        }
        let rig = try ListenerRig(sink: sink)
        try rig.good(.scanoutMap(file, 128, 128))
        shown.value.withLock { $0 = sink.keptSurface }
        let before = rig.sink.picture
        try rig.bad(.updateMap(0, 0, 128, 128), "mapping", error: failed)
        shown.value.withLock { $0 = nil }
        #expect(caught.value.withLock { $0?.field } == "mapping")
        #expect(rig.sink.picture == before)
        try rig.good(.scanout(1, 1, card(4)))
    }

    @Test func `descriptors that do not fit the header are refused and do not shift`() throws {
        let rig = try ListenerRig()
        let file = try SharedFile(card(64))
        let other = try SharedFile(card(64, seed: 8))
        let good = WireMessage.scanoutMap(file, 4, 4)
        // One is claimed, none comes.
        try rig.bad(
            good.with {
                $0.descriptors = []
                $0.descriptorCount = 1
            }, "UNIX_FDS: 1, but 0")
        // None is claimed, one comes.
        try rig.bad(
            .scanout(1, 1, card(4)).with {
                $0.descriptors = [other.descriptor]
                $0.descriptorCount = 0
            }, "UNIX_FDS: 0, but 1")
        try rig.bad(
            good.with {
                $0.descriptors = [other.descriptor, other.descriptor]
                $0.descriptorCount = 1
            }, "UNIX_FDS: 1, but 2")
        try rig.bad(
            good.with { $0.descriptors = [CInt](repeating: other.descriptor, count: 200) },
            "UNIX_FDS: 200, but more than 16")
        // The index names none.
        try rig.bad(good.with { $0.values[0] = .h(1) }, "handle: descriptor 1")
        try rig.bad(good.with { $0.values[0] = .h(.max) }, "handle: descriptor 4294967295")
        #expect(rig.sink.eventCount == 0)
        // Behind all of them, the right message still finds the right descriptor.
        try rig.good(good)
        #expect(rig.sink.picture?.bytes == card(64))
        try rig.good(.scanoutMap(other, 4, 4))
        #expect(rig.sink.picture?.bytes == card(64, seed: 8))
    }

    @Test func `10,000 messages with descriptors leave none behind`() throws {
        let rig = try ListenerRig(sink: RecordingSink(isCounting: true))
        let file = try SharedFile(card(64 * 64 * 4))
        try rig.good(.scanoutMap(file, 64, 64))
        let descriptors = openDescriptors()
        let mappings = mappingCount()
        let bad = WireMessage.scanoutMap(file, 64, 65)
        let surplus = WireMessage.scanout(1, 1, card(4)).with {
            $0.descriptors = [file.descriptor, file.descriptor]
            $0.descriptorCount = 0
        }
        for round in 0..<2500 {
            try rig.good(.scanoutMap(file, 64, 64))
            try rig.good(.updateMap(0, 0, 64, 64))
            _ = try rig.peer.call(bad)
            _ = try rig.peer.call(surplus)
            if round % 500 == 0 { try rig.good(.cursor(64, 64, card(64 * 64 * 4))) }
        }
        // Other tests run beside this one: a leak of one a message would be thousands.
        #expect(openDescriptors() < descriptors + 400)
        #expect(mappingCount() < mappings + 1000)
        #expect(rig.sink.eventCount == 5006)
    }

    /// How many pieces this process's memory is of.
    private func mappingCount() -> Int {
        guard let file = fopen("/proc/self/maps", "r") else { return -1 }
        defer { fclose(file) }
        var count = 0
        while case let character = fgetc(file), character != EOF {
            if character == 10 { count += 1 }
        }
        return count
    }
}
