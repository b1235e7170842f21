import CLinux
import Cadre
import FoundationEssentials
import Glibc
import Processes
import Systemd
import Testing

extension MachineTests {
    /// What the suite LoadTests proves on any machine, under systemd, and with limits of memory. An emulated processor
    /// takes twenty times as long for it, hence the smaller numbers.
    @Suite("Clients that never pause")
    struct Load {
        private static let port: UInt16 = 8080

        private static func service(_ command: [String], more: String = "") -> String {
            """
            [service.web]
            command = [\(command.map { "\"\($0)\"" }.joined(separator: ", "))]
            workers = 2
            ready = { by = "notify", timeout = "3min" }
            # Not one restart is allowed, but for planned ones.
            restart.budget = 0
            stop.timeout = "3min"
            socket = [{ name = "http", listen = "127.0.0.1:\(port)" }]
            \(more)
            """
        }

        @Test("get every answer while workers of http.server touch memory_high and are replaced")
        func memoryHigh() throws {
            let configuration = Self.service(
                ["/usr/bin/python3", "-B", "\(LoadClients.scripts)/server.py", "--leak", "500000"],
                more: #"limits = { memory_high = "64M", memory_max = "512M" }"#)
            try Unit.running(configuration) { unit in
                for number in 0..<2 { try unit.journal.event(.ready, of: "web/\(number)") }
                let clients = try LoadClients(port: Self.port)
                for number in 0..<2 {
                    try unit.journal.event(.memoryHigh, of: "web/\(number)", within: patience * 3)
                }
                try clients.waitForMore()
                try clients.expectNothingLost("workers touch memory_high")
                #expect(try !unit.journal.has(.oomKill))
                #expect(try !unit.journal.has(.killed))
                for number in 0..<2 {
                    let worker = try unit.worker("web/\(number)")
                    #expect(worker.state == "ready" || worker.state == "draining", "\(worker.state)")
                    #expect(Set(worker.restartsByReason.keys) == ["memory-high"], "\(worker.restartsByReason)")
                }
            }
        }

        @Test("get every answer of gunicorn while workers are replaced, and the supervisor is killed and upgraded")
        func gunicorn() throws {
            let configuration = Self.service([
                "/usr/bin/gunicorn", "--preload", "--chdir", LoadClients.scripts, "--log-level", "warning",
                "application:wsgi",
            ])
            try Unit.running(configuration) { unit in
                for number in 0..<2 { try unit.journal.event(.ready, of: "web/\(number)") }
                let clients = try LoadClients(port: Self.port)
                try succeed("cadre", "restart", "web", within: patience * 3)
                let workers = try [unit.pid("web/0"), unit.pid("web/1")]
                let killer = try Command([
                    "/usr/bin/python3", "-B", "\(LoadClients.scripts)/killer.py", "--kills", "4", "--longest", "2000",
                    "\(try unit.keeper())",
                ])
                let exit = try killer.wait(within: patience * 3)
                try #require(exit == .exited(code: 0), "\(killer.output)")
                let last = try #require(killer.output.split(separator: "\n").last.flatMap { Int32($0) })
                try unit.journal.entry("that supervisor \(last) goes on") {
                    $0.event == EventKind.adopted.rawValue && $0.pid == last
                }
                try succeed("cadre", "upgrade")
                try clients.waitForMore()
                try clients.expectNothingLost("gunicorn: a restart, 4 kills and an upgrade of the supervisor")
                #expect(try [unit.pid("web/0"), unit.pid("web/1")] == workers)
                for number in 0..<2 {
                    let worker = try unit.worker("web/\(number)")
                    #expect(worker.state == "ready" && worker.restartsByReason == ["manual": 1] && worker.kills == 0)
                }
                #expect(try unit.property("NRestarts") == "0")
            }
        }

        @Test("lose what http.server has in work when systemd itself stops it, as nothing has it wait for that")
        func plainServerUnderSystemd() throws {
            let directory = "/run/systemd/system"
            try write(
                "[Socket]\nListenStream=127.0.0.1:\(Self.port)\n", to: "\(directory)/cadre-test-load.socket")
            try write(
                """
                [Service]
                Type=notify
                NotifyAccess=all
                ExecStart=/usr/bin/python3 -B \(LoadClients.scripts)/server.py --plain
                """, to: "\(directory)/cadre-test-load.service")
            try succeed("systemctl", "daemon-reload")
            defer {
                _ = try? run("systemctl", "stop", "cadre-test-load.socket", "cadre-test-load.service")
                for suffix in ["socket", "service"] { unlink("\(directory)/cadre-test-load.\(suffix)") }
                _ = try? run("systemctl", "daemon-reload")
            }
            try succeed("systemctl", "start", "cadre-test-load.socket")
            let clients = try LoadClients(port: Self.port, slow: 1)
            for _ in 0..<3 {
                try succeed("systemctl", "restart", "cadre-test-load.service")
                try clients.waitForMore()
            }
            let lost = try clients.finish().map(\.lost).reduce(0, +)
            print("load: http.server as it is, restarted 3 times by systemd: \(lost) lost")
            #expect(lost > 0)
        }
    }
}

/// Tests/load/client.py with a connection for each request, and with connections that it keeps. Each has no more than a
/// fourth of a processor: what they ask, and a server that comes up meanwhile, have the rest. Without a limit, clients
/// that never pause would keep the servers busy on all of an emulated machine's processors, and another server would take
/// a minute to come up.
private final class LoadClients {
    static let scripts: String = {
        #filePath.split(separator: "/").dropLast(2).map { "/\($0)" }.joined() + "/load"
    }()
    private let clients: [Command]
    private var reports = 1

    /// Starts asking; returns when both have had answers.
    init(port: UInt16, slow: Int = 10) throws {
        let client = [
            "systemd-run", "--quiet", "--scope", "--collect", "--property=CPUQuota=25%",
            "/usr/bin/python3", "-B", "\(Self.scripts)/client.py", "--slow", "\(slow)",
        ]
        let address = "127.0.0.1:\(port)"
        clients = [try Command(client + [address]), try Command(client + ["--keep-alive", "--retry", address])]
        for client in clients { try client.waitForLine("answered 1", within: patience * 3) }
    }

    /// Waits until they have had answers to requests that were sent from now on.
    func waitForMore() throws {
        reports += 1
        for client in clients { kill(client.pid, SIGUSR1) }
        for client in clients { try client.waitForLine("answered \(reports)", within: patience * 3) }
    }

    /// What one of them tells in the end.
    struct Report: Decodable {
        struct Longest: Decodable {
            let ms: Double
        }
        struct Failure: Decodable {
            let at: Double
            let path: String
            let error: String
        }
        let answered: Int
        let failed: Int
        let failures: [Failure]
        let again: [String: Int]
        let longest: Longest

        /// Requests without an answer that no client has to expect.
        var lost: Int { failed + (again["new"] ?? 0) }
    }

    /// Ends the load.
    func finish() throws -> [Report] {
        for client in clients { kill(client.pid, SIGTERM) }
        return try clients.map { client in
            let exit = try client.wait(within: patience * 3)
            try #require(exit == .exited(code: 0), "\(client.output)")
            let line = try #require(client.output.split(separator: "\n").last)
            return try JSONDecoder().decode(Report.self, from: Data(line.utf8))
        }
    }

    /// Ends the load, expects that nothing was lost, and prints what there was.
    func expectNothingLost(_ what: String) throws {
        let reports = try finish()
        let lost = reports.map(\.lost).reduce(0, +)
        #expect(lost == 0, "\(reports)")
        let answers = reports.map(\.answered).reduce(0, +)
        let longest = reports.map(\.longest.ms).max() ?? 0
        print("load: \(what): \(answers) answers, \(lost) lost; the longest took \(longest) ms")
    }
}
