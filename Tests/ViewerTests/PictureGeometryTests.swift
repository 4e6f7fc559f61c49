import GuestDisplay
import Testing
import Viewer

@Suite struct PictureGeometryTests {
    @Test(arguments: [1, 2, 3, 4])
    func wholeFactorsFillExactly(factor: Int) {
        let guest = Size(width: 1366, height: 768)
        let window = Size(width: 1366 * factor, height: 768 * factor)
        let geometry = PictureGeometry(guest: guest, window: window, mode: .fit)
        #expect(geometry.frame == Rect(window))
        #expect(geometry.isIntegerScale)
    }

    @Test func anOddSizeStaysSharpOnAHiDPIMonitor() {
        let guest = Size(width: 1023, height: 767)
        let window = Size(width: 1024, height: 768)
        let sharp = PictureGeometry(guest: guest, window: window, mode: .fit, granularity: 2)
        #expect(sharp.frame.size == guest)
        let plain = PictureGeometry(guest: guest, window: window, mode: .fit)
        #expect(plain.frame.size == window)
    }

    @Test func fitKeepsAspectAndCentres() {
        let geometry = PictureGeometry(
            guest: Size(width: 640, height: 480), window: Size(width: 1000, height: 480),
            mode: .fit)
        #expect(geometry.frame == Rect(x: 180, y: 0, width: 640, height: 480))
        let tall = PictureGeometry(
            guest: Size(width: 640, height: 480), window: Size(width: 640, height: 1000),
            mode: .fit)
        #expect(tall.frame == Rect(x: 0, y: 260, width: 640, height: 480))
    }

    @Test(arguments: [(3, 5), (1023, 767), (1366, 768), (16384, 1), (1, 16384)])
    func fitNeverLeavesTheWindow(width: Int, height: Int) {
        for window in [Size(width: 1, height: 1), Size(width: 777, height: 333)] {
            let frame = PictureGeometry(
                guest: Size(width: width, height: height), window: window, mode: .fit
            ).frame
            #expect(frame.lies(within: window))
        }
    }

    @Test func everyMonitorPixelFindsItsGuestPixelAtWholeFactors() {
        let guest = Size(width: 37, height: 23)
        let geometry = PictureGeometry(
            guest: guest, window: Size(width: 37 * 3 + 11, height: 23 * 3), mode: .fit)
        for x in 0..<geometry.frame.width {
            let place = geometry.guestPixel(x: Double(geometry.frame.x + x) + 0.5, y: 0.5)
            #expect(place?.x == x / 3)
        }
    }

    @Test func placesOutsideClampToTheEdge() {
        let geometry = PictureGeometry(
            guest: Size(width: 640, height: 480), window: Size(width: 1000, height: 480),
            mode: .fit)
        #expect(geometry.guestPixel(x: -50, y: -1)! == (0, 0))
        #expect(geometry.guestPixel(x: 5000, y: 5000)! == (639, 479))
        #expect(geometry.guestPixel(x: .nan, y: .infinity)! == (0, 0))
        let none = PictureGeometry(guest: .zero, window: Size(width: 9, height: 9), mode: .fit)
        #expect(none.guestPixel(x: 1, y: 1) == nil)
    }

    @Test func oneToOneIsExactAndCentred() {
        let geometry = PictureGeometry(
            guest: Size(width: 640, height: 480), window: Size(width: 1000, height: 700),
            mode: .oneToOne)
        #expect(geometry.frame == Rect(x: 180, y: 110, width: 640, height: 480))
    }

    @Test func oneToOnePansWithThePointerAndEveryPixelIsReached() {
        let guest = Size(width: 2000, height: 1500)
        let window = Size(width: 800, height: 600)
        for (pointer, expected) in [
            ((0.0, 0.0), (0, 0)), ((799.0, 599.0), (1999, 1499)),
        ] {
            let geometry = PictureGeometry(
                guest: guest, window: window, mode: .oneToOne, pointer: pointer)
            #expect(geometry.guestPixel(x: pointer.0, y: pointer.1)! == expected)
        }
    }
}
