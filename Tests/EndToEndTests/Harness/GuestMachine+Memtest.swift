import DisplayTesting

extension GuestMachine {
    /// Waits until memtest86+ shows its screen: a title in red and grey on the first row, on blue, changing all the time.
    func waitForMemtest() throws {
        try eventually("memtest86+'s blue screen", within: 120) {
            let picture = try screendump()
            // VGA's blue, about two thirds of full.
            let blue = picture.pixels.reduce(0) { $0 + ((0xa0...0xb0).contains($1) ? 1 : 0) }
            return blue > picture.pixels.count / 3
        }
        let first = try screendump()
        try eventually("memtest86+ tests") { try screendump() != first }
    }
}
