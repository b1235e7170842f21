import CLinux
import Cadre
import Glibc
import Reactor
import Testing

/// A Prometheus of Debian scrapes a running supervisor; `make test-tools` gets it.
@Suite(.needsControlGroups, .enabled(if: Tools.areThere, "needs prometheus: make test-tools")) struct PrometheusTests {
    @Test("Prometheus scrapes the loopback address, and answers with what the supervisor knows")
    func scrape() throws {
        let port = try unusedPort()
        let metrics = "[metrics]\nlisten = '127.0.0.1:\(port)'\naliases = ['monoceros']\n"
        try withSupervisor(metrics + service("web", "sleep", workers: 2)) { supervisor in
            let first = try supervisor.ready("web/0")
            try supervisor.ready("web/1")
            kill(first, SIGKILL)
            try supervisor.ready("web/0")
            let prometheus = try startPrometheus(scraping: port, in: supervisor.scene)
            for (expression, value) in [
                ("up", "1"), ("cadre_service_workers_ready{service='web'}", "2"),
                ("cadre_service_restarts_total{service='web', reason='signal'}", "1"),
                ("cadre_worker_restarts_total{worker='0', reason='signal'}", "1"),
                ("count(cadre_worker_cpu_seconds_total{mode='user'})", "2"),
                ("cadre_service_ready_duration_seconds_count{service='web'}", "3"),
                ("monoceros_workerpool_worker_state{pool='web', state='running'}", "2"),
                ("cadre_worker_open_file_descriptors{worker='1'} > bool 2", "1"),
                ("abs(time() - cadre_worker_start_time_seconds{worker='1'}) < bool 600", "1"),
            ] {
                let (code, output) = try run([Tools.promtool, "query", "instant", prometheus.address, expression])
                #expect(code == 0 && output.contains("=> \(value) @"), "\(expression): \(output)")
            }
            try prometheus.server.signal(SIGTERM)
            #expect(try prometheus.server.finish().code == 0)
        }
    }

    private struct Prometheus {
        let server: RunningProgram
        let relay: RunningProgram
        let address: String
    }

    /// Starts a Prometheus, and returns when it has scraped a port once.
    private func startPrometheus(scraping port: UInt16, in scene: Scene) throws -> Prometheus {
        // In between is what tells when a scrape was answered.
        let relay = try RunningProgram([Tools.python, Tools.relay, "http://127.0.0.1:\(port)/metrics"])
        let relayPort = try relay.expect(["port "]).dropFirst(5)
        let configuration = try scene.write(
            "prometheus.yml",
            """
            global: { scrape_interval: 500ms, scrape_timeout: 500ms }
            scrape_configs:
              - job_name: cadre
                static_configs: [ { targets: ["127.0.0.1:\(relayPort)"] } ]
            """)
        let server = try RunningProgram([
            Tools.prometheus, "--config.file", configuration, "--storage.tsdb.path", scene.path("data"),
            "--web.listen-address", "127.0.0.1:0",
        ])
        let address = try server.expect(["msg=\"Listening on\""]).split(separator: "address=").last ?? ""
        try server.expect(["Server is ready"])
        // It scrapes one at a time, so what the first scrape brought is there when the second one comes.
        try relay.expect(["answered /metrics"])
        try relay.expect(["answered /metrics"])
        return Prometheus(server: server, relay: relay, address: "http://\(address)")
    }

    /// A port of the loopback address that nobody listens on.
    private func unusedPort() throws -> UInt16 {
        let descriptor = Descriptor(
            owning: try systemCall("socket") { socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0) }
        )
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        try withUnsafeMutablePointer(to: &address) {
            try $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                try systemCall("bind") { bind(descriptor.rawValue, pointer, size) }
                try systemCall("getsockname") { getsockname(descriptor.rawValue, pointer, &size) }
            }
        }
        return UInt16(bigEndian: address.sin_port)
    }
}

private enum Tools {
    static let relay: String = "\(Machine.source)/Tests/MetricsTests/relay.py"
    static let promtool: String = "\(Machine.source)/.build/test-tools/root/usr/bin/promtool"
    static let prometheus: String = "\(Machine.source)/.build/test-tools/root/usr/bin/prometheus"
    static let python: String = "\(Machine.source)/.build/test-tools/python/bin/python3"
    static let areThere = [promtool, prometheus, python].allSatisfy { (path: String) in access(path, X_OK) == 0 }
}
