import CLinux
import Cadre
import Glibc
import Reactor
import Testing

/// What a fuzzer makes of the API by its document. It is not in the virtual machines.
@Suite(.needsControlGroups, .enabled(if: APIProgram.hasFuzzer, "needs schemathesis: make test-tools"))
struct APIFuzzTests {
    @Test("whatever is asked is answered as the document says, and nothing breaks")
    func fuzz() throws {
        let more = "log.to = 'none'\nrestart = { delay = '1ms', max_delay = '20ms', budget = 100000 }"
        let toml = service("web", "sleep", workers: 4, more: more) + service("job", "sleep", workers: 2, more: more)
        try withSupervisor(toml) { supervisor in
            try supervisor.ready("web/3")
            let output = try APIProgram.run(
                "fuzz", with: supervisor, python: APIProgram.python, silence: .seconds(300))
            // It tests all but what ends the supervisor: shutdown, upgrade and hand-over.
            let count = try #require(output.firstMatch(of: /Selected: (\d+)\/(\d+)/)?.output)
            #expect(Int(count.1).map { $0 + 3 } == Int(count.2))
            #expect(try supervisor.cadre("status").code == 0)
        }
    }
}

/// Many clients and bad ones. They are not in the virtual machines, where they would take all day.
@Suite(.serialized, .needsControlGroups) struct APILoadTests {
    private static func more(budget: Int = 100_000) -> String {
        "log.to = 'none'\nrestart = { delay = '1ms', max_delay = '10ms', budget = \(budget) }"
    }

    @Test("after 200 clients wanted all kinds of things for a minute everything is as it should be, and nothing leaks")
    func storm() throws {
        let toml =
            service("web", "sleep", workers: 12, more: Self.more())
            + service("fixed", "sleep", workers: 4, more: Self.more())
            + service("frail", "sleep", workers: 2, more: Self.more(budget: 3))
        let seconds = getenv("CADRE_TEST_STORM_SECONDS").map { String(cString: $0) } ?? "60"
        try withSupervisor(toml) { supervisor in
            try supervisor.ready("frail/1")
            try APIProgram.run("storm", with: supervisor, supervisor.scene.cgroup, "\(supervisor.pid)", seconds)
        }
    }

    @Test("half requests, thousands at once and endless ones cost a bounded amount of memory, and workers don't notice")
    func abuse() throws {
        try withSupervisor(service("web", "sleep", workers: 2, more: Self.more())) { supervisor in
            try supervisor.ready("web/0")
            try APIProgram.run("abuse", with: supervisor, "\(supervisor.pid)")
        }
    }

    @Test("who follows events through a storm, or resumes at any moment, misses nothing; who doesn't read is dropped")
    func follow() throws {
        let toml =
            service("web", "sleep", workers: 4, more: Self.more())
            + service("fixed", "sleep", workers: 3, more: Self.more())
            + service("chatty", "sleep", workers: 50, more: Self.more())
        try withSupervisor(toml) { supervisor in
            try supervisor.ready("web/3")
            try APIProgram.run("follow", with: supervisor, silence: .seconds(300))
        }
    }
}

/// Who may do what, for all that the document describes.
@Suite(.needsControlGroups, .needsRoot) struct APIAccessTests {
    @Test(
        "strangers get nothing, the members of the read-only group may look, those of the other one may do everything",
        arguments: ["all": 1, "look": 2, "nothing": 7])
    func rights(_ rights: String, _ group: Int) throws {
        let toml = "[control]\ngroup = '1'\nread_only_group = '2'\n" + service("web", "sleep")
        try withSupervisor(toml) { supervisor in
            let pid = try supervisor.ready("web/0")
            try APIProgram.run("access", with: supervisor, rights, "\(group)")
            #expect(try supervisor.worker("web/0").pid == pid)
        }
    }
}

/// The programs in Tests/api, which are clients of a supervisor.
private enum APIProgram {
    /// The Python that has Schemathesis.
    static let python = "\(Machine.source)/.build/test-tools/python/bin/python3"
    static let hasFuzzer = access("\(Machine.source)/.build/test-tools/python/bin/schemathesis", X_OK) == 0

    /// Runs one, prints what it has to tell, and fails with it if it fails. What it may be told by environment variables,
    /// `CADRE_TEST_…`, it is told.
    @discardableResult
    static func run(
        _ name: String, with supervisor: SupervisorProcess, _ arguments: String..., python: String = "/usr/bin/python3",
        silence: Duration = Machine.patience, at location: SourceLocation = #_sourceLocation
    ) throws -> String {
        var environment = ["PYTHONDONTWRITEBYTECODE": "1", "HOME": "/nonexistent"]
        for variable in ["CADRE_TEST_SEED", "CADRE_TEST_EXAMPLES"] {
            environment[variable] = getenv(variable).map { String(cString: $0) }
        }
        let program = try RunningProgram(
            [python, "\(Machine.source)/Tests/api/\(name).py", supervisor.socket] + arguments, environment: environment)
        let (code, output) = try supervisor.finish(program, silence: silence)
        if code != 0 { Issue.record("\(name).py failed:\n\(output)", sourceLocation: location) }
        print(output.split(separator: "\n").map { "\(name): \($0)" }.joined(separator: "\n"))
        return output
    }
}
