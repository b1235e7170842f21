import CLinux
import Reactor
import Testing

@testable import Systemd

/// In processes of their own, as the notifier reads the environment, which the whole test process shares.
@Suite("The service manager") struct ServiceNotifierTests {
    @Test("is told one assignment a line, in datagrams") func messages() async {
        await #expect(processExitsWith: .success) {
            let path = temporaryPath("manager")
            let manager = try NotificationSocket(path: path)
            setenv("NOTIFY_SOCKET", path, 1)
            setenv("WATCHDOG_USEC", "30000000", 1)
            let notifier = try #require(ServiceNotifier())
            try #require(notifier.watchdogInterval == .seconds(30))
            notifier.ready()
            notifier.status("2 services\nREADY=1")
            notifier.watchdog()
            notifier.stopping()
            notifier.extendTimeout(.seconds(90))
            try #require(manager.receive() == [.ready])
            try #require(manager.receive() == [.status("2 services READY=1")])
            try #require(manager.receive() == [.watchdog])
            try #require(manager.receive() == [.stopping])
            try #require(manager.receive() == [.extendTimeout(.seconds(90))])
        }
    }

    @Test("that doesn't listen doesn't hold anybody up") func full() async {
        await #expect(processExitsWith: .success) {
            let path = temporaryPath("manager")
            let manager = try NotificationSocket(path: path)
            setenv("NOTIFY_SOCKET", path, 1)
            let notifier = try #require(ServiceNotifier())
            // More than any queue has room for; this test hangs if a send does.
            for _ in 0..<10_000 { notifier.watchdog() }
            notifier.ready()
            try #require(manager.receive() == [.watchdog])
        }
    }

    @Test("in the abstract namespace is found, too") func abstract() async {
        await #expect(processExitsWith: .success) {
            let name = "@cadre-test-\(getpid())"
            let manager = Descriptor(
                owning: try systemCall("socket") { CLinux.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0) })
            var address = try #require(UnixAddress(path: name))
            try systemCall("bind", name) { address.bind(manager) }
            setenv("NOTIFY_SOCKET", name, 1)
            try #require(ServiceNotifier()).ready()
            var buffer = [UInt8](repeating: 0, count: 16)
            let count = CLinux.read(manager.rawValue, &buffer, buffer.count)
            try #require(String(decoding: buffer[..<max(0, count)], as: UTF8.self) == "READY=1")
        }
    }

    @Test("is none where nobody asked") func nobody() async {
        await #expect(processExitsWith: .success) {
            unsetenv("NOTIFY_SOCKET")
            try #require(ServiceNotifier() == nil)
        }
    }
}
