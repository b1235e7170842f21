import Supervision
import Testing

@testable import Specification

@Suite("Keys of probes") struct ProbeKeysTests {
    private func service(_ lines: String) throws -> ServiceSpecification {
        try #require(
            try Specification.parse([("a", "[service.web]\ncommand = [\"app\"]\n\(lines)\n")]).services.first)
    }

    @Test("each way to be ready is read") func ready() throws {
        let tcp = try service("ready = { by = 'tcp', address = 'unix:/run/{worker}.sock', interval = '1s' }")
        #expect(tcp.policy.readiness == .tcp && tcp.policy.readyInterval == .seconds(1))
        #expect(tcp.readyProbe == .tcp(address: "unix:/run/{worker}.sock"))
        let http = try service("ready = { by = 'http', url = 'http://a:1/x', status = '204', body = 'ok' }")
        #expect(http.readyProbe == .http(url: "http://a:1/x", status: try StatusSet.parse("204"), body: "ok"))
        let command = try service("ready = { by = 'command', command = ['check', '{worker}'] }")
        #expect(command.readyProbe == .command(["check", "{worker}"]) && command.policy.readiness == .command)
        let log = try service("ready = { by = 'log', line = 'listening on' }")
        #expect(log.readyLine == "listening on" && log.readyProbe == nil && log.policy.readiness == .log)
    }

    @Test("a health probe is read with its defaults, and with everything set") func health() throws {
        let plain = try service("health = { by = 'tcp', address = '127.0.0.1:900{worker}' }")
        #expect(plain.healthProbe == HealthProbe(target: .tcp(address: "127.0.0.1:900{worker}"), timeout: .seconds(2)))
        #expect(plain.policy.health == HealthPolicy(interval: .seconds(10), failures: 3, successes: 1))
        let full = try service(
            """
            health = { by = 'command', command = ['a'], interval = 1, timeout = 3, failures = 5, successes = 2, \
            start_grace = '1min' }
            """.replacing("\\\n", with: ""))
        #expect(full.healthProbe == HealthProbe(target: .command(["a"]), timeout: .seconds(3)))
        #expect(
            full.policy.health
                == HealthPolicy(interval: .seconds(1), failures: 5, successes: 2, startGrace: .seconds(60)))
    }

    @Test(
        "what contradicts itself, is missing or of no use is reported",
        arguments: [
            (
                "ready.address = 'a:1'",
                "ready.address: an address is used only with by = \"tcp\"; write that, or leave it out"
            ),
            (
                "ready = { by = 'http', url = 'http://a', line = 'a' }",
                "ready.line: a line is used only with by = \"log\"; write that, or leave it out"
            ),
            (
                "ready = { by = 'notify', interval = 1 }",
                "ready.interval: an interval is for by = \"tcp\", \"http\" or \"command\"; leave it out"
            ),
            (
                "ready.by = 'tcp'",
                "ready: it has no address; add a line such as address = \"127.0.0.1:900{worker}\""
            ),
            (
                "ready.by = 'http'",
                "ready: it has no URL; add a line such as url = \"http://127.0.0.1:900{worker}/health\""
            ),
            ("ready.by = 'log'", "ready: no line is told that makes it ready; add one such as line = \"listening on\""),
            (
                "ready = { by = 'tcp', address = ':1' }",
                "ready.address: \":1\" names no host; write \"127.0.0.1:1\""
            ),
            (
                "ready = { by = 'http', url = 'https://a' }",
                "ready.url: a probe by https is not supported; write a URL that begins with \"http://\", or use a command"
            ),
            (
                "ready = { by = 'http', url = 'http://a', status = 200 }",
                "ready.status: 200 is an integer, not a string; write \"200\""
            ),
            (
                "ready = { by = 'http', url = 'http://a', status = '399-200' }",
                "ready.status: \"399-200\" is no set of HTTP statuses; write one from 200 to 599 such as \"200\", "
                    + "\"200-399\" or \"200,204\""
            ),
            (
                "ready = { by = 'http', url = 'http://a', body = '' }",
                "ready.body: the text is empty, so that anything has it; write what must be there"
            ),
            (
                "health.interval = 1",
                "health: it doesn't say how health is found out; add by = \"tcp\", \"http\" or \"command\""
            ),
            ("health.by = 'notify'", "health.by: \"notify\" is unknown; write \"tcp\", \"http\" or \"command\""),
            (
                "health = { by = 'command', command = ['a'], failures = 0 }",
                "health.failures: 0 is out of range; write 1 to 1000"
            ),
            (
                "ready = { by = 'log', line = 'a' }\nlog.to = 'none'",
                "ready: readiness by a line needs output; write another log.to than \"none\""
            ),
            (
                "ready = { by = 'log', line = 'a' }\nlog.file = '/a'\nworkers = 2",
                "ready: all workers write the same log file, whose lines don't tell which one is ready; "
                    + "write {worker} into log.file"
            ),
            (
                "health = { by = 'tcp', address = '127.0.0.1:80' }\nsocket = [{ listen = ':80' }]",
                "health: Cadre itself listens on \"127.0.0.1:80\", which takes connections whatever the worker does; "
                    + "use another way than \"tcp\""
            ),
        ])
    func problems(lines: String, problem: String) {
        #expect(complaints(inService: lines) == ["cadre.toml:3: service.web.\(problem)"])
    }

    @Test("sets of statuses", arguments: [("200", "200"), ("200-399", "200-399"), (" 200 , 301 - 302", "200,301-302")])
    func statuses(text: String, expected: String) throws {
        #expect("\(try StatusSet.parse(text))" == expected)
    }

    @Test("what is no set of statuses", arguments: ["", "a", "200,", "100", "600", "200-", "-200", "1-2-3", "٢٠٠"])
    func noStatuses(text: String) {
        #expect(throws: FormatError.self) { _ = try StatusSet.parse(text) }
    }
}
