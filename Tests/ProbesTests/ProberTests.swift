import CLinux
import Reactor
import Synchronization
import Testing

@testable import Probes

@Suite("Probes by connections") struct ProberTests {
    private let prober: Prober

    init() throws {
        prober = try Prober()
    }

    private func ask(
        _ server: TestServer, body: String? = nil, statuses: [ClosedRange<Int>] = [200...399],
        timeout: Duration = .ample
    ) async -> ProbeResult {
        let http = HTTPProbe(address: server.address, path: "/health?a=b", statuses: statuses, body: body)
        return await prober.run(Probe(.http(http), timeout: timeout), of: "web/0@1")
    }

    private func path() -> String { "/tmp/cadre-probe-\(getpid())-\(UInt64.random(in: 0 ... .max)).sock" }

    // MARK: TCP

    @Test("a connection that is taken passes, at a port, a name and a unix socket") func connects() async throws {
        let server = try TestServer { waitForHangUp($0) }
        let result = await prober.run(Probe(.connect(server.address), timeout: .ample), of: "a")
        #expect(result == .passed)
        guard case .internet(_, let port) = server.address else { return }
        let named = ProbeAddress.internet(host: "localhost", port: port)
        #expect(await prober.run(Probe(.connect(named), timeout: .ample), of: "a") == .passed)
        let socket = path()
        defer { unlink(socket) }
        let local = try TestServer(path: socket) { waitForHangUp($0) }
        #expect(await prober.run(Probe(.connect(local.address), timeout: .ample), of: "a") == .passed)
    }

    @Test(
        "a refused connection, a socket that isn't there, a path that is too long and an unknown host fail with the reason"
    )
    func refused() async throws {
        func ask(_ address: ProbeAddress) async -> ProbeResult {
            await prober.run(Probe(.connect(address), timeout: .ample), of: "a")
        }
        #expect(
            await ask(.internet(host: "127.0.0.1", port: 1))
                == .failed("connect to 127.0.0.1:1: Connection refused (ECONNREFUSED)"))
        #expect(
            await ask(.internet(host: "::1", port: 1)).problem?.hasPrefix("connect to [::1]:1: ") == true)
        #expect(
            await ask(.unix(path: "/nowhere.sock"))
                == .failed("connect to unix:/nowhere.sock: No such file or directory (ENOENT)"))
        let long = String(repeating: "x", count: 200)
        #expect(await ask(.unix(path: "/\(long)")).problem?.contains("ENAMETOOLONG") == true)
        #expect(
            await ask(.internet(host: "no-such-host.invalid", port: 1)).problem?
                .hasPrefix("no-such-host.invalid:1 is not found: ") == true)
    }

    // MARK: HTTP

    @Test("it asks as HTTP/1.1 has it, and an answer that is expected passes", .bounded)
    func passes() async throws {
        let request = Mutex("")
        let server = try TestServer { connection in
            let text = readRequest(connection)
            request.withLock { $0 = text }
            send("HTTP/1.1 204 No Content\r\n\r\n", to: connection)
        }
        #expect(await ask(server) == .passed)
        let lines = request.withLock { $0 }.split(separator: "\r\n").map(String.init)
        #expect(lines.first == "GET /health?a=b HTTP/1.1" && lines.contains("Connection: close"))
        #expect(lines.contains("Host: \(server.address)"))
    }

    @Test("a wrong status fails") func status() async throws {
        let server = try TestServer { connection in
            _ = readRequest(connection)
            send("HTTP/1.1 503 Unwell\r\nContent-Length: 0\r\n\r\n", to: connection)
        }
        #expect(await ask(server) == .failed("GET /health?a=b of \(server.address): it answered with status 503"))
        #expect(await ask(server, statuses: [200...200, 503...503]) == .passed)
    }

    @Test("a body that matches passes, in whatever pieces it comes, and over a unix socket too") func body()
        async throws
    {
        let socket = path()
        defer { unlink(socket) }
        let server = try TestServer(path: socket) { connection in
            _ = readRequest(connection)
            send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nI a\r\n", to: connection)
            send("6\r\nm fine\r\n0\r\n\r\n", to: connection)
        }
        #expect(await ask(server, body: "am fine") == .passed)
        #expect(
            await ask(server, body: "ill")
                == .failed("GET /health?a=b of \(server.address): the body of its answer does not contain \"ill\""))
    }

    @Test("one that never answers fails at the time-out, and its connection is closed", .bounded)
    func silent() async throws {
        let hungUp = Mutex(0)
        let server = try TestServer { connection in
            waitForHangUp(connection)
            hungUp.withLock { $0 += 1 }
        }
        for _ in 0..<3 {
            #expect(
                await ask(server, timeout: .milliseconds(100))
                    == .failed("\(server.address) did not answer within 100 ms"))
        }
        // It treats one connection after another, so the first two have been hung up.
        #expect(server.connections <= 3 && hungUp.withLock { $0 } >= 1)
    }

    @Test("half an answer, one without an end, one that isn't HTTP and an abrupt end fail", .bounded)
    func broken() async throws {
        func answer(_ text: String, keepsOpen: Bool = false, body: String? = nil) async throws -> String? {
            let server = try TestServer { connection in
                _ = readRequest(connection)
                send(text, to: connection)
                if keepsOpen { waitForHangUp(connection) }
            }
            return await ask(server, body: body, timeout: keepsOpen ? .milliseconds(100) : .ample).problem
        }
        #expect(try await answer("")?.hasSuffix("it hung up without an answer") == true)
        #expect(try await answer("HTTP/1.1 200 OK\r\nA: b")?.hasSuffix("in the middle of its answer") == true)
        #expect(try await answer("HTTP/1.1 200 O", keepsOpen: true)?.hasSuffix("did not answer within 100 ms") == true)
        #expect(try await answer("SSH-2.0-OpenSSH\r\n")?.hasSuffix("it does not answer in HTTP") == true)
        #expect(
            try await answer("HTTP/1.1 200 OK\r\n\r\nfi", keepsOpen: true, body: "fine")?
                .hasSuffix("did not answer within 100 ms") == true)
    }

    @Test("an endless head or body is read to its bound only", .bounded) func endless() async throws {
        let filler = String(repeating: "x", count: 1000)
        func server(_ beginning: String) throws -> TestServer {
            try TestServer { connection in
                _ = readRequest(connection)
                send(beginning, to: connection)
                while CLinux.send(connection, filler, filler.utf8.count, Int32(MSG_NOSIGNAL)) > 0 {}
            }
        }
        #expect(
            await ask(try server("HTTP/1.1 200 OK\r\n\r\n"), body: "fine").problem?
                .hasSuffix("the first 64 KiB of its answer do not contain \"fine\"") == true)
        #expect(
            await ask(try server("HTTP/1.1 200 OK\r\nA: ")).problem?.hasSuffix("the head of its answer has no end")
                == true)
    }

    // MARK: One at a time

    @Test(
        "a second probe of a worker fails while one is under way, and others are not held up", .bounded)
    func single() async throws {
        let server = try TestServer { waitForHangUp($0) }
        let other = try TestServer { waitForHangUp($0) }
        let first = Task { await ask(server) }
        while server.connections == 0 { await Task.yield() }
        #expect(await ask(server) == .failed("an earlier probe of it still hangs"))
        #expect(await prober.run(Probe(.connect(other.address), timeout: .ample), of: "web/1@1") == .passed)
        first.cancel()
        #expect(await first.value == .failed("it was given up"))
        #expect(await prober.run(Probe(.connect(other.address), timeout: .ample), of: "web/0@1") == .passed)
    }

    @Test("one that is cancelled before it begins asks nobody") func cancelledBefore() async throws {
        let server = try TestServer { waitForHangUp($0) }
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return await ask(server)
        }
        task.cancel()
        #expect(await task.value == .failed("it was given up"))
        #expect(server.connections == 0)
    }
}

extension ProbeResult {
    var problem: String? {
        switch self {
        case .passed: nil
        case .failed(let problem): problem
        }
    }
}
