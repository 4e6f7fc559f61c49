import DisplayTesting
import GuestDisplay
import Testing

@testable import QEMUSource

/// The doubles obey the rules that the real ones run, and a double that does not is found out.
@Suite struct ConformanceTests {
    private func subject(_ sink: RecordingSink) -> HeadSinkConformance.Subject {
        HeadSinkConformance.Subject(
            sink: sink, settle: {},
            shown: {
                guard let picture = sink.picture else { return nil }
                let pixels = stride(from: 0, to: picture.bytes.count, by: 4).map { index in
                    let bytes = picture.bytes[index..<index + 3]
                    return bytes.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
                }
                return (picture.size, pixels)
            })
    }

    @Test func `the recording sink is a head's sink`() throws {
        try HeadSinkConformance { subject(RecordingSink()) }.run()
    }

    @Test func `a sink that refuses everything is found out`() {
        #expect(throws: (any Error).self) {
            try HeadSinkConformance {
                let sink = RecordingSink()
                sink.fail(with: SurfaceError(field: "all", reason: "refused"))
                return subject(sink)
            }.run()
        }
    }

    /// Accepts everything and shows nothing.
    private final class Blind: HeadSink {
        func receive(_ event: DisplayEvent) throws(SurfaceError) {}
    }

    @Test func `a sink that shows nothing is found out`() {
        #expect(throws: ScriptError.self) {
            try HeadSinkConformance {
                HeadSinkConformance.Subject(sink: Blind(), settle: {}, shown: { nil })
            }.run()
        }
    }

    @Test func `the scripted machine is a machine`() throws {
        try MachineControlConformance(ScriptedMachine()).run()
        try MachineControlConformance(ScriptedMachine(actions: [.quit])).run()
    }

    /// Says that everything is done, and does nothing.
    private final class Lazy: MachineControl {
        let actions: Set<MachineAction> = [.pause, .resume]
        let state: MachineState? = nil
        func perform(
            _ action: MachineAction, completion: @escaping @Sendable (DisplayError?) -> Void
        ) {
            completion(nil)
        }
    }

    @Test func `a machine that accepts what it does not offer is found out`() {
        #expect(throws: ScriptError.self) { try MachineControlConformance(Lazy()).run() }
    }

    @Test func `every kind of memory reads as it should`() throws {
        try SurfaceMemoryConformance { SurfaceBytes($0) }.run()
        try SurfaceMemoryConformance { bytes in
            let file = try SharedFile(bytes)
            return try MappedMemory(file.duplicate(), byteCount: bytes.count)
        }.run()
        try SurfaceMemoryConformance { bytes in
            var lender = BytesLender()
            return lender.lend(UnsafeRawBufferPointer(Leaked.bytes(bytes)))
        }.run()
    }

    /// Bytes that outlive a test, as a connection's buffer outlives the calls it lends to.
    private enum Leaked {
        static func bytes(_ bytes: [UInt8]) -> UnsafeMutableRawBufferPointer {
            let copy = UnsafeMutableRawBufferPointer.allocate(
                byteCount: bytes.count, alignment: 8)
            copy.copyBytes(from: bytes)
            return copy
        }
    }

    @Test func `a memory that reads something else is found out`() {
        #expect(throws: ScriptError.self) {
            try SurfaceMemoryConformance { SurfaceBytes($0.reversed()) }.run()
        }
    }

    @Test func `the scripted source is a source`() throws {
        try DisplaySourceConformance {
            let source = ScriptedSource(heads: [Head(id: 0, label: "a", kind: .graphic)])
            return DisplaySourceConformance.Subject(source: source, head: 0) {
                try source.emit(
                    .scanout(
                        .surface(
                            try DisplaySurface(
                                width: 1, height: 1, stride: 4, format: .x8r8g8b8,
                                memory: SurfaceBytes([1, 2, 3, 4])))), to: 0)
            }
        }.run()
    }

    @Test func `a source without its head is found out`() {
        #expect(throws: ScriptError.self) {
            try DisplaySourceConformance {
                .init(source: ScriptedSource(heads: []), head: 0)
            }.run()
        }
    }
}
