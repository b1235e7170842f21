import Cadre
import ControlAPI
import FoundationEssentials
import Glibc
import Reactor
import Specification
import Testing

/// Who may do what, and where.
@Suite(.needsControlGroups) struct ControlAccessTests {
    /// What executes a command as nobody, with these groups.
    private func asNobody(_ group: String = "65534") -> [String] {
        ["setpriv", "--reuid=65534", "--regid=65534", "--groups=\(group)"]
    }

    @Test("the members of the read-only group may look and change nothing; all others are told who may", .needsRoot)
    func readOnlyGroup() throws {
        let toml = "[control]\ngroup = 'daemon'\nread_only_group = 'bin'\n" + service("web", "sleep")
        try withSupervisor(toml) { supervisor in
            let pid = try supervisor.ready("web/0")
            let (status, stop) = (
                [Machine.cadre, "status", "--socket", supervisor.socket],
                [Machine.cadre, "stop", "web", "--socket", supervisor.socket]
            )
            #expect(try run(asNobody("2") + status).code == 0)
            let refused = try run(asNobody("2") + stop)
            #expect(refused.code == 4 && refused.output.contains("you may look, and change nothing; root and the"))
            #expect(refused.output.contains("members of the group daemon may"))
            let stranger = try run(asNobody() + status)
            #expect(stranger.code == 4)
            #expect(stranger.output.contains("the members of the group bin may look, and change nothing"))
            #expect(try supervisor.worker("web/0").pid == pid)
            #expect(try run(asNobody("1") + stop).code == 0)
        }
    }

    @Test("a reload changes who may, at once; one that can't be listened to changes nothing", .needsRoot)
    func reload() throws {
        try withSupervisor(service("web", "sleep")) { supervisor in
            try supervisor.ready("web/0")
            let status = [Machine.cadre, "status", "--socket", supervisor.socket]
            #expect(try run(asNobody("1") + status).code == 4)
            try supervisor.reload("[control]\ngroup = 'daemon'\n" + service("web", "sleep"))
            try supervisor.expect("reloaded: set control.group")
            #expect(try run(asNobody("1") + status).code == 0)
            let taken = try TCPListener()
            try supervisor.reload("[metrics]\nlisten = '127.0.0.1:\(taken.port)'\n" + service("web", "sleep"))
            try supervisor.expect("reload rejected, nothing is changed", "Address already in use (EADDRINUSE)")
            #expect(try run(asNobody("1") + status).code == 0)
            try supervisor.reload(service("web", "sleep"))
            try supervisor.expect("reloaded: set control.group")
            #expect(try run(asNobody("1") + status).code == 4)
        }
    }

    @Test("metrics and health are for everybody on this host, and nothing else is; listeners come and go live")
    func metricsListener() throws {
        try withSupervisor(service("web", "sleep")) { supervisor in
            try supervisor.ready("web/0")
            let port = try TCPListener().port
            try supervisor.reload("[metrics]\nlisten = '127.0.0.1:\(port)'\n" + service("web", "sleep"))
            try supervisor.expect("reloaded: set metrics.listen")
            #expect(try request("GET", "/health", at: port).status == 200)
            #expect(try request("GET", "/health/web", at: port).status == 200)
            let metrics = try request("GET", "/metrics", at: port)
            #expect(metrics.head.contains("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"))
            #expect(metrics.body.contains("cadre_worker_state{service=\"web\",worker=\"0\""))
            #expect(try request("GET", "/v1/status", at: port).status == 404)
            #expect(try request("POST", "/v1/shutdown", at: port).status == 403)
            try supervisor.reload(service("web", "sleep"))
            try supervisor.expect("reloaded: set metrics.listen")
            #expect(throws: (any Error).self) { try request("GET", "/health", at: port) }
        }
    }

    @Test("on TCP the token is needed, the right one")
    func token() throws {
        let port = try TCPListener().port
        let toml = { (scene: Scene) throws -> String in
            chmod(try scene.write("token", "secret-of-this-test\n"), 0o600)
            return "[control]\nlisten = '127.0.0.1:\(port)'\ntoken_file = '\(scene.path("token"))'\n"
                + service("web", "sleep")
        }
        try withSupervisor(toml) { supervisor in
            try supervisor.ready("web/0")
            for header in [[], ["Authorization: Bearer wrong"], ["Authorization: secret-of-this-test"]] {
                let answer = try request("GET", "/v1/status", at: port, headers: header)
                #expect(answer.status == 401 && answer.head.contains("\r\nWWW-Authenticate: Bearer\r\n"))
            }
            let right = ["Authorization: Bearer secret-of-this-test"]
            #expect(try request("GET", "/v1/status", at: port, headers: right).status == 200)
            // The log has who changed what from where, and never the token.
            #expect(try request("POST", "/v1/apply", at: port, headers: right).status == 202)
            try supervisor.expect("somebody at 127.0.0.1:", " commanded: apply")
            #expect(try request("POST", "/v1/apply", at: port, headers: ["Authorization: Bearer no"]).status == 401)
            try supervisor.expect("somebody at 127.0.0.1:", " was refused: /v1/apply: the request has no token")
            #expect(!supervisor.lines.contains { $0.contains("secret-of-this-test") || $0.contains("Bearer no") })
        }
    }

    @Test("a token that everybody may read is refused")
    func openToken() throws {
        try withScene { scene in
            chmod(try scene.write("token", "secret\n"), 0o644)
            let toml =
                "[control]\nlisten = '127.0.0.1:9476'\ntoken_file = '\(scene.path("token"))'\n"
                + service("web", "sleep")
            let supervisor = try SupervisorProcess(toml, in: scene)
            let (code, output) = try supervisor.waitForEnd()
            #expect(code == 1 && output.contains("everybody may use it; take that away (chmod o= "), "\(output)")
        }
    }

    @Test("with TLS a certificate of the right authority is needed")
    func certificates() throws {
        let port = try TCPListener().port
        let toml = { (scene: Scene) throws -> String in
            try makeCertificates(in: scene)
            return """
                [control]
                listen = 'localhost:\(port)'
                [control.tls]
                certificate = '\(scene.path("server.pem"))'
                key = '\(scene.path("server.key"))'
                client_ca = '\(scene.path("ca.pem"))'

                """ + service("web", "sleep")
        }
        try withSupervisor(toml) { supervisor in
            try supervisor.ready("web/0")
            func client(_ name: String?) throws -> ControlClient {
                let scene = supervisor.scene
                return try ControlClient(
                    remote: ControlClient.Remote(
                        address: .internet(host: "localhost", port: port), authorities: scene.path("ca.pem"),
                        identity: name.map { .init(certificate: scene.path("\($0).pem"), key: scene.path("\($0).key")) }
                    ))
            }
            let known = try client("client")
            #expect(try waitFor { try await known.about().pid } == supervisor.pid)
            _ = try waitFor { try await known.apply() }
            try supervisor.expect("somebody at ", "common_name=client;", " commanded: apply")
            for name in ["stranger", nil] {
                let client = try client(name)
                #expect(throws: ControlError.self) { try waitFor { try await client.about() } }
            }
            // What is no TLS gets no answer.
            #expect(throws: (any Error).self) { try request("GET", "/v1", at: port) }
            #expect(try supervisor.worker("web/0").state == "ready")
        }
    }

    /// An authority, what it signed for a server and a client, and a client's certificate that it did not sign.
    private func makeCertificates(in scene: Scene) throws {
        try shell(
            """
            cd "$1"
            new="openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
            $new -x509 -subj /CN=authority -keyout ca.key -out ca.pem
            $new -x509 -subj /CN=stranger -keyout stranger.key -out stranger.pem
            for name in server client; do
                $new -subj /CN=$name -addext subjectAltName=DNS:localhost -keyout $name.key -out $name.csr
                openssl x509 -req -in $name.csr -copy_extensions copy -days 2 -CA ca.pem -CAkey ca.key -out $name.pem
            done
            """, scene.directory)
    }

    private func request(
        _ method: String, _ path: String, at port: UInt16, headers: [String] = []
    ) throws -> SupervisorProcess.Answer {
        let connection = try connect(to: port)
        try send(requestText(method, path, headers: headers), to: connection)
        return try SupervisorProcess.Answer(try connection.readText())
    }
}
