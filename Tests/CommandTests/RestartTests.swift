import CLinux
import Cadre
import Glibc
import Reactor
import Testing

@Suite(.needsControlGroups) struct RestartTests {
    @Test("a worker that dies is started again, counted, and its last exit is shown; its sibling is untouched")
    func crash() throws {
        try withSupervisor(service("web", "sleep", workers: 2)) { supervisor in
            let (first, sibling) = (try supervisor.ready("web/0"), try supervisor.ready("web/1"))
            kill(first, SIGKILL)
            try supervisor.expect("web/0 was killed by SIGKILL")
            let second = try supervisor.ready("web/0")
            let (crashed, other) = (try supervisor.worker("web/0"), try supervisor.worker("web/1"))
            #expect(crashed.pid == second && second != first && crashed.incarnation == 2 && crashed.restarts == 1)
            #expect(crashed.lastExit?.reason == "signal" && crashed.lastExit?.signal == "SIGKILL")
            #expect(other.pid == sibling && other.restarts == 0 && other.lastExit == nil)
            let table = try supervisor.cadre("status").output.split(separator: "\n").map { $0.split(separator: " ") }
            #expect(table[0].starts(with: ["SERVICE", "WORKER", "STATE", "PID", "UPTIME", "RESTARTS"]))
            #expect(table[1].starts(with: ["web", "0", "ready", "\(second)"]) && table[1].last == "SIGKILL")
            #expect(table[2].starts(with: ["web", "1", "ready", "\(sibling)"]) && table[2].last == "-")
            #expect(!supervisor.scene.hasGroup("web/0@1"))
        }
    }

    @Test("a flapping worker is left as failed, its siblings go on, and start revives it")
    func flapping() throws {
        try withSupervisor({ scene in
            service(
                "web",
                script: #"""
                    if [ "$CADRE_WORKER" = 0 ] && ! [ -e \#(scene.path("mended")) ]; then exit 3; fi
                    exec "$worker" notify READY=1
                    """#,
                workers: 2, more: "ready.by = 'notify'\nrestart = { budget = 3, delay = '1ms' }")
        }) { supervisor in
            let sibling = try supervisor.ready("web/1")
            try supervisor.expect(
                "web/0 has failed: its budget of 3 restarts in 60 s is spent; its last end was exit 3; cadre start web/0 revives it"
            )
            let failed = try supervisor.worker("web/0")
            #expect(failed.state == "failed" && failed.restarts == 3 && failed.lastExit?.code == 3)
            #expect(try supervisor.status().summary == "1 service, 1 of 2 workers ready, 1 failed")
            let (code, output) = try supervisor.cadre("start", "web/0")
            #expect(code == 5 && output.contains("web/0 has failed"))
            try supervisor.scene.write("mended", "")
            #expect(try supervisor.cadre("start", "web/0").code == 0)
            try supervisor.ready("web/0")
            #expect(try supervisor.worker("web/1").pid == sibling)
        }
    }

    @Test(
        "what happens after an end is what the policy says",
        arguments: [
            ("on-failure", "exit 0", "is done"), ("on-failure", "kill -TERM $$", "is done"),
            ("on-failure", "exit 7", "is started again"), ("on-failure", "kill -SEGV $$", "is started again"),
            ("never", "exit 0", "is done"), ("never", "exit 7", "has failed: its last end was exit 7"),
            ("never", "kill -KILL $$", "has failed: its last end was SIGKILL"),
            ("always", "exit 0", "is started again"), ("always", "exit 7", "is started again"),
        ])
    func policy(policy: String, end: String, result: String) throws {
        try withSupervisor(service("web", script: end, more: "restart.policy = '\(policy)'")) { supervisor in
            try supervisor.expect("web/0 \(result)")
        }
    }

    @Test("exit codes that count as success are the service's choice")
    func successExitCodes() throws {
        let more = "restart = { policy = 'on-failure', success_exit_codes = [0, 42] }"
        try withSupervisor(service("web", "exit", "42", more: more)) { try $0.expect("web/0 is done") }
    }

    @Test("a client that never stops asking gets every answer while all workers are replaced, and while one crashes")
    func replacement() throws {
        func toml(_ scene: Scene, version: Int) -> String {
            service(
                "web", "serve", "\(version)", workers: 3,
                more: "ready.by = 'notify'\nsocket = [{ name = 'http', listen = 'unix:\(scene.path("http"))' }]")
        }
        try withSupervisor({ toml($0, version: 1) }) { supervisor in
            let client = Client(path: supervisor.scene.path("http"))
            let old = try (0..<3).map { try supervisor.ready("web/\($0)") }
            #expect(try old.contains(client.ask()))
            kill(old[1], SIGKILL)
            while try !supervisor.hasPrinted("web/1 is ready after") { _ = try client.ask() }
            try supervisor.reload(toml(supervisor.scene, version: 2))
            for number in 0..<3 {
                while try !supervisor.hasPrinted("web/\(number) was replaced") { _ = try client.ask() }
            }
            let status = try supervisor.status()
            let new = try #require(status.services.first).workers
            #expect(new.map(\.restarts) == [1, 2, 1])
            #expect(Set(new.compactMap(\.pid)).isDisjoint(with: old))
            for _ in 0..<20 { #expect(try new.map(\.pid).contains(client.ask())) }
        }
    }
}

/// Asks a test worker that serves, one connection a question.
struct Client {
    let path: String

    /// The process that answered.
    func ask() throws -> Int32 {
        let connection = try connect(to: path)
        try connection.write("GET / HTTP/1.0\r\n\r\n")
        let body = try connection.readText().split(separator: "\r\n").last
        return try #require(Int32(body?.split(separator: " ").first ?? ""), "no answer")
    }
}
