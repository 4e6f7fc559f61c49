import GuestDisplay
import Testing

@testable import Viewer

@Suite struct NoticeTests {
    @Test func theEndMattersMost() {
        let notice = Notice.of(
            end: .failed("QEMU was killed by signal 9"), machine: .paused, isOff: true,
            hasPicture: false, hint: "x")
        #expect(notice == .guestQuit("QEMU was killed by signal 9"))
        #expect(notice?.text.contains("is gone") == true)
    }

    @Test func hintsBeforePausedBeforeOffBeforeConnecting() {
        func notice(_ state: MachineState?, off: Bool, picture: Bool) -> Notice? {
            Notice.of(end: nil, machine: state, isOff: off, hasPicture: picture, hint: nil)
        }
        #expect(notice(.paused, off: true, picture: false) == .paused)
        #expect(notice(.shutDown, off: true, picture: false) == .shutDown)
        #expect(notice(.running, off: true, picture: false) == .displayOff)
        #expect(notice(nil, off: false, picture: false) == .connecting)
        #expect(
            Notice.of(end: nil, machine: .paused, isOff: true, hasPicture: true, hint: "hint")
                == .hint("hint"))
        #expect(
            Notice.of(
                end: .takenOver("by another"), machine: .running, isOff: false, hasPicture: true,
                hint: "hint") == .takenOver("by another"))
    }

    @Test func aRunningGuestWithAPictureNeedsNoNotice() {
        #expect(
            Notice.of(end: nil, machine: .running, isOff: false, hasPicture: true, hint: nil)
                == nil)
    }

    @Test func textFromOutsideStaysOneLine() {
        #expect(PlainText.oneLine("a\nb\u{1b}[31m\u{202e}c") == "a b [31m c")
        #expect(PlainText.oneLine(String(repeating: "x", count: 500), limit: 10).count == 10)
        #expect(PlainText.oneLine("<b>&</b>") == "<b>&</b>")
    }

    @Test func aPlateHasTextAndStaysWithinTheWindow() throws {
        let content = try #require(
            TextLayer.plate("Paused", scale: 1, maximumWidth: 400))
        #expect(content.size.width <= 400 && content.size.height > 30)
        #expect(content.pixels.contains(0xffff_ffff))
        #expect(content.pixels[0] == 0)
        let large = try #require(TextLayer.plate("Paused", scale: 2, maximumWidth: 800))
        #expect(large.size.height > content.size.height)
        let long = try #require(
            TextLayer.plate(
                String(repeating: "long words ", count: 40), scale: 1, maximumWidth: 300))
        #expect(long.size.width <= 300)
        #expect(TextLayer.plate("x", scale: 1, maximumWidth: 10) == nil)
    }

    @Test func aGuestIsATargetOrArgumentsNeverBoth() throws {
        let target = try GuestChoice.decide(
            target: "qmp:x", qemuArguments: [], qemu: "q", terminatorWasGiven: false)
        #expect(target == .target("qmp:x"))
        let launch = try GuestChoice.decide(
            target: nil, qemuArguments: ["-m", "1G"], qemu: "q", terminatorWasGiven: true)
        #expect(launch == .launch(binary: "q", arguments: ["-m", "1G"]))
        let bare = try GuestChoice.decide(
            target: nil, qemuArguments: [], qemu: "q", terminatorWasGiven: true)
        #expect(bare == .launch(binary: "q", arguments: []))
        #expect(throws: (any Error).self) {
            try GuestChoice.decide(
                target: "x", qemuArguments: ["-m"], qemu: "q", terminatorWasGiven: true)
        }
        #expect(throws: (any Error).self) {
            try GuestChoice.decide(
                target: nil, qemuArguments: [], qemu: "q", terminatorWasGiven: false)
        }
    }
}
