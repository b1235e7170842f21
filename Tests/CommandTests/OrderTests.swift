import Cadre
import Glibc
import Testing

/// `after`, `requires`, `type = "oneshot"` and `essential`, through the binary.
@Suite(.needsControlGroups) struct OrderTests {
    private let notified = "ready.by = 'notify'\n"

    /// The supervisor's lines in which one of these texts is, by the first of them that fits.
    private func sequence(_ supervisor: SupervisorProcess, _ texts: [String]) -> [String] {
        supervisor.lines.compactMap { line in texts.first { line.contains($0) } }
    }

    @Test("services start in order, and stop in reverse")
    func startAndStop() throws {
        let toml =
            service("db", "notify", "READY=1", more: notified)
            + service("cache", "notify", "READY=1", more: notified + "requires = { db = 'ready' }")
            + service("web", "sleep", workers: 2, more: "requires = { db = 'ready' }\nafter = { cache = 'ready' }")
        try withSupervisor(toml) { supervisor in
            try supervisor.ready("web/0")
            try supervisor.ready("web/1")
            try supervisor.stop()
            let texts = [
                "web/0 waits for cache to be ready, and for db to be ready", "db/0 is ready", "cache/0 is ready",
                "web/0 is ready", "web/0 is stopped", "stopping web/0", "stopping cache/0", "stopping db/0",
                "cache/0 is stopped", "db/0 is stopped",
            ]
            #expect(
                sequence(supervisor, texts) == [
                    "web/0 waits for cache to be ready, and for db to be ready", "db/0 is ready", "cache/0 is ready",
                    "web/0 is ready", "stopping web/0", "web/0 is stopped", "stopping cache/0", "cache/0 is stopped",
                    "stopping db/0", "db/0 is stopped",
                ])
        }
    }

    @Test("a migration runs to its success before the service that requires it, once, however often it is applied")
    func migration() throws {
        let toml = { (scene: Scene, budget: Int) in
            service("migrate", script: "echo migrated >> '\(scene.path("log"))'", more: "type = 'oneshot'")
                + service(
                    "web", script: "cat '\(scene.path("log"))'; exec \"$worker\" sleep",
                    more: "requires = { migrate = 'completed' }\nrestart.budget = \(budget)")
        }
        try withSupervisor({ toml($0, 10) }) { supervisor in
            try supervisor.expect("web/0", "| migrated")
            #expect(try supervisor.worker("migrate/0").state == "done")
            try supervisor.scene.write("cadre.toml", toml(supervisor.scene, 11))
            #expect(try supervisor.cadre("apply").code == 0)
            #expect(try supervisor.cadre("restart", "web").code == 0)
            #expect(try supervisor.worker("migrate/0").incarnation == nil)
            // A start is a wish.
            let (code, output) = try supervisor.cadre("start", "migrate")
            #expect(code == 0 && output.contains("done, and to stay so: migrate/0"), "\(output)")
            try supervisor.stop()
            #expect(supervisor.lines.count { $0.contains("migrate/0 has completed") } == 2)
            let runs = try run(["cat", supervisor.scene.path("log")]).output.split(separator: "\n")
            #expect(runs == ["migrated", "migrated"])
        }
    }

    @Test("a oneshot that is changed is run again")
    func changedOneshot() throws {
        let toml = { (text: String) in service("job", script: "echo \(text)", more: "type = 'oneshot'") }
        try withSupervisor(toml("first")) { supervisor in
            try supervisor.expect("job/0 has completed")
            try supervisor.scene.write("cadre.toml", toml("second"))
            #expect(try supervisor.cadre("apply").code == 0)
            #expect(try supervisor.output(of: "job/0") == ["first", "second"])
        }
    }

    @Test("a failed migration keeps down what requires it, which says why, until it succeeds")
    func failedMigration() throws {
        try withSupervisor({ scene in
            service(
                "migrate", script: "test -e '\(scene.path("fixed"))'",
                more: "type = 'oneshot'\nrestart.policy = 'never'")
                + service("web", "sleep", more: "requires = { migrate = 'completed' }")
                + service("log", "sleep", more: "after = { migrate = 'completed' }")
        }) { supervisor in
            try supervisor.expect(
                "web/0 is not started: it waits for migrate, which has failed; cadre start web/0 starts")
            try supervisor.ready("log/0")
            #expect(try supervisor.worker("web/0").state == "waiting")
            #expect(try supervisor.worker("web/0").waitingFor == "migrate, which has failed")
            let status = try supervisor.cadre("status", "web").output
            #expect(status.contains("waiting for migrate, which has failed"), "\(status)")
            #expect(try supervisor.cadre("inspect", "web/0").output.contains("migrate, which has failed"))
            // It takes the migration along, which fails again.
            let (code, output) = try supervisor.cadre("start", "web")
            #expect(code == 5)
            #expect(output.contains("web/0 is not started: it waits for migrate, which has failed"), "\(output)")
            #expect(output.contains("migrate/0 has failed"), "\(output)")
            try supervisor.scene.write("fixed", "")
            #expect(try supervisor.cadre("reset", "migrate").code == 0)
            try supervisor.ready("web/0")
            #expect(try supervisor.worker("web/0").waitingFor == nil)
        }
    }

    @Test("a stop by command takes along what requires the service, and a start what the service requires")
    func commands() throws {
        let toml =
            service("db", "sleep") + service("web", "sleep", more: "requires = { db = 'started' }")
            + service("log", "sleep", more: "after = { db = 'started' }")
        try withSupervisor(toml) { supervisor in
            try supervisor.ready("web/0")
            try supervisor.ready("log/0")
            let (code, output) = try supervisor.cadre("stop", "db")
            #expect(code == 0 && output.contains("db/0") && output.contains("web/0"), "\(output)")
            #expect(try supervisor.worker("web/0").state == "stopped")
            #expect(try supervisor.worker("log/0").state == "ready")
            try supervisor.expect("db/0 is stopped")
            #expect(
                sequence(supervisor, ["web/0 is stopped", "stopping db/0"]) == ["web/0 is stopped", "stopping db/0"])
            #expect(try supervisor.cadre("start", "web").code == 0)
            #expect(try supervisor.worker("db/0").state == "ready")
            #expect(try supervisor.worker("web/0").state == "ready")
        }
    }

    @Test("a removal by apply stops in reverse, too, and a new service waits for one that is as new")
    func apply() throws {
        try withSupervisor(service("log", "sleep")) { supervisor in
            try supervisor.ready("log/0")
            let both =
                service("zdb", "notify", "READY=1", more: notified)
                + service("api", "sleep", more: "requires = { zdb = 'ready' }")
            try supervisor.scene.write("cadre.toml", service("log", "sleep") + both)
            #expect(try supervisor.cadre("apply").code == 0)
            try supervisor.scene.write("cadre.toml", service("log", "sleep"))
            #expect(try supervisor.cadre("apply").code == 0)
            try supervisor.stop()
            let texts = ["zdb/0 is ready", "api/0 is ready", "api/0 is stopped", "stopping zdb/0"]
            #expect(sequence(supervisor, texts) == texts)
        }
    }

    @Test("scaled to nothing, services stop in reverse; scaled up again, they start in order")
    func scale() throws {
        let toml =
            service("db", "notify", "READY=1", more: notified)
            + service("web", "sleep", more: "requires = { db = 'ready' }")
        try withSupervisor(toml) { supervisor in
            try supervisor.ready("web/0")
            #expect(try supervisor.cadre("scale", "web=0", "db=0").code == 0)
            #expect(try supervisor.cadre("scale", "web=1", "db=1").code == 0)
            try supervisor.stop()
            let texts = [
                "db/0 is ready", "web/0 is ready", "web/0 is stopped", "stopping db/0", "db/0 is stopped",
            ]
            #expect(sequence(supervisor, texts) == texts + texts)
        }
    }

    @Test(
        "an essential worker that failed for good stops everything in order, and gives its exit code",
        arguments: [
            ("exit 7", 7), ("kill -KILL $$", 137), ("kill -SEGV $$", 139), ("exit 0", 5), ("exec /nowhere/at/all", 127),
        ] as [(String, Int32)])
    func essential(script: String, code: Int32) throws {
        // A success too often is a failure of this one, without a code to exit with.
        let toml =
            service("db", "sleep")
            + service(
                "web", script: script, more: "essential = true\nrequires = { db = 'started' }\nrestart.budget = 0")
        try withScene { scene in
            let supervisor = try SupervisorProcess(toml, in: scene)
            #expect(try supervisor.waitForEnd().code == code)
            let texts = ["web/0 is essential and has failed", "stopping db/0", "db/0 is stopped"]
            #expect(sequence(supervisor, texts) == texts)
        }
    }

    @Test("one that is not essential, and the success of one that is, end nothing")
    func notEssential() throws {
        let toml =
            service("job", "exit", "0", more: "type = 'oneshot'\nessential = true")
            + service("bad", "exit", "3", more: "restart.policy = 'never'") + service("web", "sleep")
        try withSupervisor(toml) { supervisor in
            try supervisor.expect("job/0 has completed")
            try supervisor.expect("bad/0 has failed")
            try supervisor.ready("web/0")
            #expect(try supervisor.worker("web/0").state == "ready")
        }
    }

    @Test("an essential program that can't be executed ends with the code for workers that failed")
    func essentialSpawn() throws {
        try withScene { scene in
            let toml = "[service.web]\ncommand = ['/nowhere/web']\nessential = true\nrestart.policy = 'never'\n"
            let supervisor = try SupervisorProcess(toml, in: scene)
            #expect(try supervisor.waitForEnd().code == 5)
        }
    }

    @Test("a worker that does not stop is killed in its time, then comes what it depends on")
    func stubborn() throws {
        let toml =
            service("db", "sleep")
            + service("web", "ignore-term", more: "requires = { db = 'started' }\nstop.timeout = '200ms'")
        try withSupervisor(toml) { supervisor in
            try supervisor.expect("ignoring")
            try supervisor.stop()
            let texts = ["stopping web/0", "web/0 did not stop in time", "stopping db/0"]
            #expect(sequence(supervisor, texts) == texts)
        }
    }

    @Test("a second interrupt kills those, too, that are waiting to be told")
    func interruptTwice() throws {
        let toml =
            service("db", "ignore-term") + service("web", "ignore-term", more: "requires = { db = 'started' }")
        try withScene { scene in
            let supervisor = try SupervisorProcess(toml, in: scene)
            for worker in ["db/0", "web/0"] { try supervisor.expect(worker, "| ignoring") }
            try supervisor.signal(SIGINT)
            try supervisor.expect("stopping web/0")
            try supervisor.signal(SIGINT)
            try supervisor.waitForEnd()
            #expect(!supervisor.lines.contains { $0.contains("is started again") })
        }
    }

    @Test("a hundred services in a chain start one after another and stop in reverse")
    func chain() throws {
        let toml = (0..<100).map { number in
            service(
                "s\(number)", "sleep", more: number == 0 ? "" : "requires = { s\(number - 1) = 'ready' }")
        }.joined()
        try withSupervisor(toml) { supervisor in
            try supervisor.ready("s99/0")
            try supervisor.stop()
            let ready = (0..<100).map { "s\($0)/0 is ready" }
            #expect(sequence(supervisor, ready) == ready)
            let stopped = (0..<100).reversed().map { "s\($0)/0 is stopped" }
            #expect(sequence(supervisor, stopped) == stopped)
        }
    }

    @Test("a hundred services in parallel do not wait for each other, but for the one they require")
    func parallel() throws {
        let others = (0..<100).map { service("s\($0)", "sleep", more: "requires = { base = 'ready' }") }.joined()
        try withSupervisor(service("base", "notify", "READY=1", more: notified) + others) { supervisor in
            for number in 0..<100 { try supervisor.ready("s\(number)/0") }
            let first = supervisor.lines.firstIndex { $0.contains(" is ready after ") }
            #expect(first.map { supervisor.lines[$0].contains("base/0 is ready") } == true)
            try supervisor.stop()
            let last = supervisor.lines.last { $0.contains(" is stopped") }
            #expect(last?.contains("base/0 is stopped") == true)
            // They were told at once.
            let told = supervisor.lines.lastIndex { $0.contains("stopping s") } ?? 0
            let gone = supervisor.lines.firstIndex { $0.contains("base/0 is stopped") } ?? 0
            #expect(told < gone)
        }
    }
}
