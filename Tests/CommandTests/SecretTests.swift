import CLinux
import Cadre
import Glibc
import Reactor
import Testing

/// What is given to a worker as a secret is shown to nobody.
@Suite("Secrets", .needsControlGroups)
struct SecretTests {
    private static let secrets = ["in-the-table-7261", "in-the-url-8934", "in-the-file-5527", "in-the-credential-9183"]

    private func toml(in scene: Scene, _ value: String, _ more: String = "") -> String {
        """
        [service.web]
        command = ['\(Machine.worker)', 'notify', 'READY=1\\nSTATUS=well']
        environment = { DATABASE_PASSWORD = '\(value)', DATABASE = 'postgresql://web:in-the-url-8934@db/web' }
        environment_file = '\(scene.path("secret.env"))'
        credentials = ['key']
        ready.by = 'notify'
        \(more)
        """
    }

    /// Looks for each secret in what somebody was shown.
    private func expectNone(in text: String, _ place: String) {
        #expect(!text.isEmpty, "\(place)")
        for secret in Self.secrets { #expect(!text.contains(secret), "\(secret) in \(place)") }
    }

    @Test("appear in no status, inspection, plan, event, log, metric or document") func nowhere() throws {
        try withScene { scene in
            mkdir(scene.path("given"), 0o700)
            try scene.write("given/key", "in-the-credential-9183")
            try scene.write("secret.env", "API_TOKEN=in-the-file-5527\n")
            let supervisor = try SupervisorProcess(
                toml(in: scene, "before"), in: scene, environment: ["CREDENTIALS_DIRECTORY": scene.path("given")])
            try supervisor.ready("web/0")
            let events = try supervisor.begin(["events", "--json"])
            try scene.write("cadre.toml", toml(in: scene, "in-the-table-7261"))
            for command in [["plan"], ["plan", "--json"], ["apply", "--json"]] {
                expectNone(in: try supervisor.begin(command).finish().output, "\(command)")
            }
            // It is there, for those who have to have it.
            let environment = try Descriptor.open("/proc/\(try supervisor.worker("web/0").pid ?? 0)/environ").readText()
            #expect(environment.contains("in-the-table-7261") && environment.contains("in-the-file-5527"))
            let commands = [
                ["status"], ["status", "--json"], ["status", "--wide"], ["inspect", "web/0"],
                ["inspect", "web/0", "--json"],
                ["rollout", "status"],
            ]
            for command in commands {
                expectNone(in: try supervisor.begin(command).finish().output, "\(command)")
            }
            for path in ["/metrics", "/health", "/v1/services/web/workers/0/incarnations", "/v1/services/web/rollout"] {
                let connection = try connect(to: supervisor.socket)
                try send(requestText("GET", path), to: connection)
                expectNone(in: try connection.readText(), path)
            }
            try supervisor.cadre("restart", "web")
            var status = stat()
            #expect(stat("\(supervisor.runtimeDirectory)/state", &status) == 0 && status.st_mode & 0o077 == 0)
            // Lines that can't be read are told without what is in them.
            try scene.write("secret.env", "in-the-file-5527\nin-the-file-5527+/=1\nA='in-the-file-5527\n")
            try supervisor.cadre("restart", "web", "--timeout", "1ms")
            try supervisor.expect("secret.env:1: the line has no \"=\"")
            try scene.write("cadre.toml", toml(in: scene, "{in-the-table-7261}"))
            let apply = try supervisor.cadre("apply")
            #expect(apply.code == 2)
            expectNone(in: apply.output, "apply of what is wrong")
            try supervisor.stop()
            try events.signal(SIGINT)
            expectNone(in: try events.finish().output, "events")
            expectNone(in: supervisor.lines.joined(separator: "\n"), "the log")
        }
    }
}
