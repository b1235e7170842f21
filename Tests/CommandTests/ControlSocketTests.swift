import Cadre
import Glibc
import Reactor
import Testing

@Suite(.needsControlGroups) struct ControlSocketTests {
    /// What executes a command as nobody.
    private let asNobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

    private func ask(_ text: String, _ supervisor: SupervisorProcess) throws -> String {
        let connection = try connect(to: supervisor.socket)
        try connection.write(text)
        return try connection.readText()
    }

    @Test("another user may not connect, and one that may but is a stranger is refused", .needsRoot)
    func strangers() throws {
        try withSupervisor(service("web", "sleep")) { supervisor in
            try supervisor.ready("web/0")
            let stop = asNobody + [Machine.cadre, "stop", "web", "--socket", supervisor.socket]
            let kept = try run(stop)
            #expect(kept.code == 4 && kept.output.contains("you may not use \(supervisor.socket)"))
            chmod(supervisor.socket, 0o666)
            let refused = try run(stop)
            #expect(refused.code == 4 && refused.output.contains("you may not control this supervisor"))
            #expect(try supervisor.worker("web/0").state == "ready")
        }
    }

    @Test("the members of the socket's group may control the supervisor, and others may not", .needsRoot)
    func group() throws {
        try withSupervisor(service("web", "sleep"), options: ["--socket-group", "daemon"]) { supervisor in
            try supervisor.ready("web/0")
            let status = [Machine.cadre, "status", "--socket", supervisor.socket]
            #expect(try run(asNobody + status).code == 4)
            #expect(try run(["setpriv", "--reuid=65534", "--regid=65534", "--groups=1"] + status).code == 0)
            #expect(try run(["setpriv", "--reuid=65534", "--regid=1", "--clear-groups"] + status).code == 0)
        }
    }

    @Test(
        "a request that is none is refused, and the next one is answered",
        arguments: [
            "\n", "{}\n", "status\n", "{\"status\":\n", "[[[[[[[[\n", "{\"stop\":{\"_0\":7}}\n", "\u{0}\u{1}\n",
        ])
    func malformed(request: String) throws {
        try withSupervisor(service("web", "sleep")) { supervisor in
            try supervisor.ready("web/0")
            #expect(try ask(request, supervisor).contains("the request is none that this supervisor knows"))
            #expect(try supervisor.worker("web/0").state == "ready")
        }
    }

    @Test("a request that is too long is refused as soon as it is")
    func oversized() throws {
        try withSupervisor(service("web", "sleep")) { supervisor in
            try supervisor.ready("web/0")
            let answer = try ask(String(repeating: "x", count: 64 * 1024 + 1), supervisor)
            #expect(answer.contains("the request is longer than 65536 bytes"))
            #expect(try supervisor.worker("web/0").state == "ready")
        }
    }

    @Test("a client that says nothing is told off and hung up on, and holds up no one meanwhile")
    func halfOpen() throws {
        try withSupervisor(service("web", "sleep")) { supervisor in
            try supervisor.ready("web/0")
            let silent = try connect(to: supervisor.socket)
            #expect(try supervisor.worker("web/0").state == "ready")
            #expect(try silent.readText().contains("the request did not come within 10 s"))
        }
    }

    @Test("of many clients at once those too many are told so, and the others are answered")
    func manyClients() throws {
        try withSupervisor(service("web", "sleep")) { supervisor in
            try supervisor.ready("web/0")
            let clients = try (0..<200).map { _ in try Client(supervisor.socket) }
            for client in clients.suffix(200 - 128) {
                #expect(try client.connection.readText().contains("too many clients; try again"))
            }
            for client in [clients[0], clients[127]] {
                try client.connection.write("{\"status\":{}}\n")
                #expect(try client.connection.readText().contains("\"state\":\"ready\""))
            }
        }
    }

    private final class Client {
        let connection: Descriptor

        init(_ path: String) throws {
            connection = try connect(to: path)
        }
    }
}
