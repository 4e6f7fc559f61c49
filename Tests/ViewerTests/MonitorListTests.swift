import GuestDisplay
import MonitorList
import Testing

@Suite struct MonitorListTests {
    @Test(arguments: [
        MonitorList.Server.x11("unix:/nonexistent/display:0"),
        MonitorList.Server.wayland("/nonexistent/wayland-0"),
    ])
    func aServerThatIsNotThereIsAnError(server: MonitorList.Server) {
        let error = #expect(throws: DisplayError.self) { try MonitorList.read(server) }
        #expect(error?.description.contains("connection") == true)
    }
}
