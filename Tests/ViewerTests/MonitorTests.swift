import GuestDisplay
import Testing

@testable import Viewer

@Suite struct MonitorTests {
    @Test func aListingHasNameSizePositionAndWhatIsUnusual() {
        let plain = Monitor(name: "DP-1", frame: Rect(x: 0, y: 0, width: 1920, height: 1080))
        #expect(plain.listing == "DP-1\t1920x1080\t+0+0")
        let scaled = Monitor(
            name: "eDP-1", description: "A\nmaker",
            frame: Rect(x: -10, y: 5, width: 1280, height: 720),
            pixelSize: Size(width: 1920, height: 1080))
        #expect(scaled.listing == "eDP-1\t1920x1080@1.5\t-10+5\tA maker")
        let twice = Monitor(
            name: "a", frame: Rect(x: 0, y: 0, width: 100, height: 100),
            pixelSize: Size(width: 200, height: 200))
        #expect(twice.listing == "a\t200x200@2\t+0+0")
        let quarter = Monitor(
            name: "a", frame: Rect(x: 0, y: 0, width: 1000, height: 100),
            pixelSize: Size(width: 1250, height: 125))
        #expect(quarter.listing == "a\t1250x125@1.25\t+0+0")
        let little = Monitor(
            name: "a", frame: Rect(x: 0, y: 0, width: 1000, height: 1000),
            pixelSize: Size(width: 1050, height: 1050))
        #expect(little.listing == "a\t1050x1050@1.05\t+0+0")
    }

    @Test func monitorsAreSortedByTheirPlaceAndKeepTheirOrderThere() {
        let monitors = [
            monitor("right", x: 200), monitor("below", y: 100), monitor("left"),
            monitor("mirror"),
        ]
        #expect(Monitor.sorted(monitors).map(\.name) == ["left", "mirror", "below", "right"])
    }

    @Test func aToolkitsMonitorsAreFoundByFrameThenPlaceThenOrder() {
        let monitors = [monitor("a"), monitor("b", x: 100), monitor("c", x: 200)]
        #expect(
            Monitor.indices(
                of: [monitors[2].frame, monitors[0].frame, monitors[1].frame], among: monitors)
                == [2, 0, 1])
        // The toolkit rounds the second one's size otherwise, and the first stands where none does.
        let odd = [
            Rect(x: 7, y: 7, width: 7, height: 7), Rect(x: 100, y: 0, width: 99, height: 100),
            Rect(x: 200, y: 0, width: 100, height: 100), Rect(x: 1, y: 1, width: 1, height: 1),
        ]
        #expect(Monitor.indices(of: odd, among: monitors) == [0, 1, 2, nil])
    }

    @Test func mirroredMonitorsAreToldApartByOrder() {
        let monitors = [monitor("a"), monitor("b")]
        #expect(
            Monitor.indices(of: monitors.map(\.frame), among: monitors) == [0, 1])
    }

    private func monitor(_ name: String, x: Int = 0, y: Int = 0) -> Monitor {
        Monitor(name: name, frame: Rect(x: x, y: y, width: 100, height: 100))
    }
}
