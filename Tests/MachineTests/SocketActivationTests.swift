import Glibc
import Reactor
import Systemd
import Testing

extension MachineTests {
    @Suite("A .socket unit of systemd's")
    struct SocketActivation {
        private static let unit = "/run/systemd/system/cadre-test.socket"
        private static let path = "/run/cadre-test-activation.sock"

        @Test("has its sockets passed to the service that names them, over restarts of cadre.service as well")
        func passed() throws {
            try write(
                """
                [Socket]
                ListenStream=\(Self.path)
                FileDescriptorName=public
                Service=cadre.service
                """, to: Self.unit)
            try succeed("systemctl", "daemon-reload")
            defer {
                _ = try? run("systemctl", "stop", "cadre-test.socket")
                unlink(Self.unit)
                unlink(Self.path)
                _ = try? run("systemctl", "daemon-reload")
            }
            try succeed("systemctl", "start", "cadre-test.socket")
            let configuration = """
                [service.web]
                \(command("echo"))
                ready.by = "notify"
                [[service.web.socket]]
                name = "http"
                from_systemd = "public"
                """
            try Unit.running(configuration) { unit in
                #expect(try ask("one") == "\(try unit.pid("web/0")) http one")
                try succeed("systemctl", "restart", "cadre")
                #expect(try ask("two") == "\(try unit.pid("web/0")) http two")
            }
            #expect(exists(Self.path), "the path is systemd's")
        }

        /// Sends a text to the socket, and returns the answer.
        private func ask(_ text: String) throws -> String {
            let script = """
                import socket, sys
                s = socket.socket(socket.AF_UNIX)
                s.settimeout(60)
                s.connect(sys.argv[1])
                s.send(sys.argv[2].encode())
                print(s.recv(4096).decode(), end="")
                """
            let answer = try succeed("python3", "-c", script, Self.path, text)
            return answer.hasSuffix("\n") ? String(answer.dropLast()) : answer
        }
    }
}
