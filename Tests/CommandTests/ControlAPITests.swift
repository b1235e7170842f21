import Cadre
import ControlAPI
import FoundationEssentials
import Glibc
import Reactor
import Specification
import Testing

/// The API as programs use it.
@Suite(.needsControlGroups) struct ControlAPITests {
    @Test("the document describes all routes and no others")
    func document() throws {
        try withSupervisor(service("web", "sleep")) { supervisor in
            try supervisor.ready("web/0")
            let text = try supervisor.get("/v1/openapi.json").body
            let document = try JSONDecoder().decode(Document.self, from: Data(text.utf8))
            var described: [String] = []
            for (path, item) in document.paths {
                for method in item.methods { described.append("\(method.uppercased()) \(path)") }
            }
            #expect(document.openapi == "3.1.0")
            #expect(try supervisor.ask { try await $0.about() }.routes == described.sorted())
        }
    }

    @Test("what the client asks for is answered in the client's types")
    func looking() throws {
        let toml = service("web", "sleep", workers: 2) + service("job", "sleep", workers: 1)
        try withSupervisor(toml) { supervisor in
            for worker in ["web/0", "web/1", "job/0"] { try supervisor.ready(worker) }
            let about = try supervisor.ask { try await $0.about() }
            #expect(about.pid == supervisor.pid && about.api == "v1" && about.root == supervisor.scene.cgroup)
            let all = try supervisor.ask { try await $0.status() }
            #expect(all.services.map(\.name) == ["job", "web"] && all.supervisor == supervisor.pid)
            #expect(all.services[1].cpuSeconds != nil)
            let some = try supervisor.ask { try await $0.status(["web/[1-9]"], withStatistics: false) }
            #expect(some.services.map(\.name) == ["web"] && some.services[0].workers.map(\.number) == [1])
            #expect(some.services[0].cpuSeconds == nil)
            #expect(try supervisor.ask { try await $0.service("web") }.workers.count == 2)
            #expect(try supervisor.ask { try await $0.worker(1, of: "web") }.pid == all.services[1].workers[1].pid)
            let incarnations = try supervisor.ask { try await $0.incarnations(0, of: "job") }
            #expect(incarnations.map(\.number) == [1] && incarnations[0].phase == "ready")
            let health = try supervisor.ask { try await $0.health() }
            #expect(health.isHealthy && health.ready == 3 && health.wanted == 3)
            #expect(try supervisor.ask { try await $0.plan() }.isEmpty)
        }
    }

    @Test("a command is followed at once, and who wants to wait learns what became of it for each worker")
    func commands() throws {
        let toml = service("web", "sleep", workers: 2) + service("deaf", "ignore-term")
        try withSupervisor(toml) { supervisor in
            let first = try supervisor.ready("web/0")
            try supervisor.ready("web/1")
            try supervisor.expect("deaf/0 ", "| ignoring")
            let stopped = try supervisor.ask { try await $0.command(.stop, ["web"], until: .stopped) }.outcomes
            #expect(stopped.map(\.worker) == ["web/0", "web/1"] && stopped.allSatisfy { $0.outcome == .reached })
            let started = try supervisor.ask {
                try await $0.command(.start, ["web/0"], until: .ready, within: .seconds(60))
            }.outcomes
            #expect(started.map(\.outcome) == [.reached] && started[0].state == "ready")
            #expect(try supervisor.worker("web/0").pid != first)
            let late = try supervisor.ask {
                try await $0.command(.stop, ["deaf"], until: .stopped, within: .milliseconds(50))
            }.outcomes
            #expect(late.map(\.outcome) == [.timedOut] && late[0].state == "stopping")
            let accepted = try supervisor.ask { try await $0.command(.kill, ["deaf"]) }.outcomes
            #expect(accepted.map(\.outcome) == [.accepted])
            try supervisor.expect("deaf/0 is stopped")
            let scaled = try supervisor.ask { try await $0.scale(["web": .by(1)], until: .ready) }.outcomes
            #expect(scaled.map(\.worker) == ["web/2"])
            let applied = try supervisor.ask { try await $0.apply(until: .stopped) }
            #expect(applied.plan.services.first { $0.name == "web" }?.workersAfter == 2)
        }
    }

    @Test("health is 503 with too few workers, of all and of each service")
    func unhealthy() throws {
        let toml = service("web", "sleep", workers: 2) + service("job", "sleep")
        try withSupervisor(toml) { supervisor in
            try supervisor.ready("job/0")
            _ = try supervisor.ask { try await $0.command(.stop, ["web"], until: .stopped) }
            #expect(try supervisor.get("/health").status == 503)
            #expect(try supervisor.get("/health/web").status == 503)
            #expect(try supervisor.get("/health/job").status == 200)
            let health = try supervisor.ask { try await $0.health() }
            #expect(!health.isHealthy && health.unhealthy == ["web"])
        }
    }

    /// A request that can't be performed, and the problem that says so.
    struct Refusal: Sendable, CustomTestStringConvertible {
        let method: String
        let path: String
        var body = ""
        var type = "application/json"
        let status: Int
        let detail: String

        var testDescription: String { "\(method) \(path) \(body)" }
    }

    static let refusals = [
        Refusal(method: "GET", path: "/nothing", status: 404, detail: "there is nothing at /nothing"),
        Refusal(method: "GET", path: "/v1/services/job", status: 404, detail: "the services are web"),
        Refusal(method: "GET", path: "/v1/services/web/workers/00", status: 404, detail: "web/00"),
        Refusal(method: "GET", path: "/v1/status?name=job", status: 404, detail: "the services are web"),
        Refusal(method: "DELETE", path: "/v1/status", status: 405, detail: "/v1/status takes GET, HEAD, not DELETE"),
        Refusal(method: "GET", path: "/v1/stop", status: 405, detail: "/v1/stop takes POST, not GET"),
        Refusal(method: "GET", path: "/v1/status?names=web", status: 400, detail: "it takes name, statistics"),
        Refusal(method: "GET", path: "/v1/status?statistics=2", status: 400, detail: "write true or false"),
        Refusal(method: "GET", path: "/v1/events?after=x", status: 400, detail: "\"x\" is no event's id"),
        Refusal(method: "POST", path: "/v1/stop", status: 400, detail: "the request has no body"),
        Refusal(method: "POST", path: "/v1/stop", body: "{", status: 400, detail: "the body is no JSON"),
        Refusal(method: "POST", path: "/v1/stop", body: "[]", status: 400, detail: "the body is of another type"),
        Refusal(method: "POST", path: "/v1/stop", body: "{}", status: 400, detail: "the request has no \"names\""),
        Refusal(method: "POST", path: "/v1/stop", body: #"{"names":[]}"#, status: 400, detail: "names is empty"),
        Refusal(method: "POST", path: "/v1/stop", body: #"{"names":["a",7]}"#, status: 400, detail: "names.[1]"),
        Refusal(
            method: "POST", path: "/v1/stop", body: #"{"names":["web"],"force":true}"#, status: 400,
            detail: "there is no \"force\" in this request; it has names"),
        Refusal(
            method: "POST", path: "/v1/stop", body: #"{"names":["web"]}"#, type: "text/plain", status: 415,
            detail: "the body's type is text/plain"),
        Refusal(method: "POST", path: "/v1/stop", body: #"{"names":["job"]}"#, status: 404, detail: "\"job\""),
        Refusal(
            method: "POST", path: "/v1/stop?wait=gone", body: #"{"names":["web"]}"#, status: 400,
            detail: "it is one of ready, stopped, frozen"),
        Refusal(
            method: "POST", path: "/v1/stop?timeout=1s", body: #"{"names":["web"]}"#, status: 400,
            detail: "timeout needs wait"),
        Refusal(
            method: "POST", path: "/v1/stop?wait=stopped&timeout=soon", body: #"{"names":["web"]}"#, status: 400,
            detail: "the query parameter timeout: "),
        Refusal(
            method: "POST", path: "/v1/signal", body: #"{"names":["web"],"signal":"HOP"}"#, status: 422,
            detail: "there is no signal \"HOP\""),
        Refusal(
            method: "POST", path: "/v1/scale", body: #"{"counts":{"web":"many"}}"#, status: 422, detail: "web: \"many\""
        ),
        Refusal(
            method: "POST", path: "/v1/limit", body: #"{"names":["web"],"limits":{"memory":"1G"}}"#, status: 422,
            detail: "memory"),
        Refusal(method: "POST", path: "/v1/apply", body: #"{"force":true}"#, status: 400, detail: "takes no body"),
    ]

    @Test("a request that can't be performed gets a problem that says why, and changes nothing", arguments: refusals)
    func refused(_ refusal: Refusal) throws {
        try withSupervisor(service("web", "sleep")) { supervisor in
            let pid = try supervisor.ready("web/0")
            let answer = try supervisor.request(
                refusal.method, refusal.path, refusal.body, headers: ["Content-Type: \(refusal.type)"])
            #expect(answer.status == refusal.status)
            #expect(answer.head.contains("\r\nContent-Type: application/problem+json\r\n"))
            let problem = try JSONDecoder().decode(Problem.self, from: Data(answer.body.utf8))
            #expect(problem.status == refusal.status && problem.kind != nil && !problem.title.isEmpty)
            #expect(problem.detail.contains(refusal.detail), "\(problem.detail)")
            #expect(try supervisor.worker("web/0").pid == pid)
        }
    }

    @Test("a specification with problems is refused with all of them")
    func badSpecification() throws {
        try withSupervisor(service("web", "sleep")) { supervisor in
            let pid = try supervisor.ready("web/0")
            try supervisor.scene.write("cadre.toml", "[service.web]\ncommand = 7\nworkers = -1\n")
            for path in ["/v1/plan", "/v1/apply"] {
                let answer = try supervisor.request(path == "/v1/plan" ? "GET" : "POST", path)
                #expect(answer.status == 422)
                let problem = try JSONDecoder().decode(Problem.self, from: Data(answer.body.utf8))
                #expect(problem.kind == .badSpecification && problem.problems?.count == 2)
            }
            #expect(throws: ControlError.self) { try supervisor.ask { try await $0.apply() } }
            #expect(try supervisor.worker("web/0").pid == pid)
        }
    }

    private struct Document: Decodable {
        struct Item: Decodable {
            let methods: [String]

            init(from decoder: any Decoder) throws {
                methods = try decoder.container(keyedBy: Key.self).allKeys.map(\.stringValue)
            }
        }

        struct Key: CodingKey {
            let stringValue: String
            let intValue: Int? = nil
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        let openapi: String
        let paths: [String: Item]
    }
}
