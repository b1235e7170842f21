import CLinux
import Cadre
import Glibc
import Reactor
import Testing

/// What strangers and broken clients get at the control socket, and that nobody else notices.
@Suite(.needsControlGroups) struct ControlSocketTests {
    /// What executes a command as nobody.
    private let asNobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

    @Test("another user may not connect, and one that may but is a stranger is refused", .needsRoot)
    func strangers() throws {
        try withSupervisor(service("web", "sleep")) { supervisor in
            try supervisor.ready("web/0")
            let stop = asNobody + [Machine.cadre, "stop", "web", "--socket", supervisor.socket]
            let kept = try run(stop)
            #expect(kept.code == 4 && kept.output.contains("you may not use \(supervisor.socket)"))
            chmod(supervisor.socket, 0o666)
            let refused = try run(stop)
            #expect(refused.code == 4 && refused.output.contains("you may not control this supervisor; root may"))
            #expect(try supervisor.worker("web/0").state == "ready")
        }
    }

    @Test("the members of the socket's group may control the supervisor, and others may not", .needsRoot)
    func group() throws {
        try withSupervisor("[control]\ngroup = 'daemon'\n" + service("web", "sleep")) { supervisor in
            try supervisor.ready("web/0")
            let status = [Machine.cadre, "status", "--socket", supervisor.socket]
            #expect(try run(asNobody + status).code == 4)
            #expect(try run(["setpriv", "--reuid=65534", "--regid=65534", "--groups=1"] + status).code == 0)
            #expect(try run(["setpriv", "--reuid=65534", "--regid=1", "--clear-groups"] + status).code == 0)
        }
    }

    @Test(
        "what is no HTTP is answered with a problem and hung up on, and the next client is answered",
        arguments: [
            "{}\n", "status\r\n\r\n", "GET /v1 HTTP/3.14\r\n\r\n", "GET /v1 HTTP/1.1\r\nno colon\r\n\r\n",
            "GET /v1 HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", "\u{0}\u{1}\n", "[[[[[[[[\n",
            "POST /v1/stop HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        ])
    func malformed(request: String) throws {
        try withSupervisor(service("web", "sleep")) { supervisor in
            try supervisor.ready("web/0")
            let answer = try exchange(request, with: supervisor)
            #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n"), "\(answer)")
            #expect(answer.contains("urn:cadre:problem:malformed"), "\(answer)")
            #expect(try supervisor.worker("web/0").state == "ready")
        }
    }

    @Test("headers that are too long are refused, and what comes of them is not kept")
    func hugeHeaders() throws {
        try withSupervisor(service("web", "sleep")) { supervisor in
            try supervisor.ready("web/0")
            let answer = try exchange(
                "GET /v1 HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "x", count: 17 * 1024))\r\n\r\n",
                with: supervisor)
            #expect(answer.hasPrefix("HTTP/1.1 431 "), "\(answer)")
            #expect(answer.contains("urn:cadre:problem:headers-too-large"), "\(answer)")
            #expect(try supervisor.worker("web/0").state == "ready")
        }
    }

    @Test("a body that is too long is refused, whether its length is told or not")
    func oversized() throws {
        try withSupervisor(service("web", "sleep")) { supervisor in
            try supervisor.ready("web/0")
            let head = "POST /v1/stop HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n"
            let size = 64 * 1024 + 1
            let body = String(repeating: " ", count: size)
            for request in [
                "\(head)Content-Length: \(size)\r\n\r\n\(body)",
                "\(head)Transfer-Encoding: chunked\r\n\r\n\(String(size, radix: 16))\r\n\(body)\r\n0\r\n\r\n",
            ] {
                let answer = try exchange(request, with: supervisor)
                #expect(answer.hasPrefix("HTTP/1.1 413 "), "\(answer)")
                #expect(answer.contains("longer than 64 KiB"))
            }
            #expect(try supervisor.worker("web/0").state == "ready")
        }
    }

    @Test(
        "a client that says nothing, or only a part, is told off and hung up on, and holds up no one meanwhile",
        arguments: ["", "GET /v1/status HT", "POST /v1/stop HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{"])
    func halfOpen(part: String) throws {
        try withSupervisor(service("web", "sleep")) { supervisor in
            try supervisor.ready("web/0")
            let silent = try connect(to: supervisor.socket)
            if !part.isEmpty { try send(part, to: silent) }
            #expect(try supervisor.worker("web/0").state == "ready")
            let answer = try silent.readText()
            #expect(answer.hasPrefix("HTTP/1.1 408 Request Timeout\r\n"), "\(answer)")
            #expect(answer.contains("the request did not come within 10 s"), "\(answer)")
        }
    }

    @Test("a client that doesn't take its answers is hung up on, and what it wants is not kept")
    func deafClient() throws {
        try withSupervisor(service("web", "sleep")) { supervisor in
            try supervisor.ready("web/0")
            let deaf = try connect(to: supervisor.socket)
            let before = try memory(of: supervisor.pid)
            // Until the supervisor reads no more of it, and then until it hangs up.
            let requests = String(repeating: "GET /v1/status HTTP/1.1\r\nHost: a\r\n\r\n", count: 1000)
            while (try? send(requests, to: deaf)) != nil {}
            #expect(try supervisor.worker("web/0").state == "ready")
            #expect(try memory(of: supervisor.pid) - before < 16 << 20)
        }
    }

    @Test("of many clients at once those too many are told so, and the others are answered")
    func manyClients() throws {
        try withSupervisor(service("web", "sleep")) { supervisor in
            try supervisor.ready("web/0")
            let clients = try (0..<600).map { _ in try Client(supervisor.socket) }
            for client in clients.suffix(600 - 512) {
                #expect(try client.connection.readText().contains("too many clients; try again"))
            }
            for client in [clients[0], clients[511]] {
                try send("GET /v1/status HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", to: client.connection)
                #expect(try client.connection.readText().contains("\"state\":\"ready\""))
            }
        }
    }

    private func exchange(_ text: String, with supervisor: SupervisorProcess) throws -> String {
        let connection = try connect(to: supervisor.socket)
        try send(text, to: connection)
        return try connection.readText()
    }

    /// The anonymous memory of a process in bytes; 0 where that is a sanitizer's.
    private func memory(of process: Int32) throws -> Int {
        if Machine.isSanitized { return 0 }
        let lines = try Descriptor.open("/proc/\(process)/status").readText().split(separator: "\n")
        let line = try #require(lines.first { $0.hasPrefix("RssAnon:") })
        return try #require(Int(line.split(whereSeparator: \.isWhitespace)[1])) * 1024
    }

    private final class Client {
        let connection: Descriptor

        init(_ path: String) throws {
            connection = try connect(to: path)
        }
    }
}
