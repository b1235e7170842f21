import Cadre
import ControlAPI
import FoundationEssentials
import Glibc
import Processes
import Supervision
import Testing

/// Roll-outs: `cadre rollout`, and what `cadre apply` does of them.
@Suite(.needsControlGroups) struct RolloutTests {
    private static let fast = "ready.by = 'notify'\nrestart = { delay = '1ms', max_delay = '20ms' }\n"

    /// A release that works; its status tells which one it is.
    private func good(_ name: String, workers: Int = 3, _ rollout: String = "") -> String {
        service(
            "web", "notify", "STATUS=\(name)\\nREADY=1", workers: workers,
            more: Self.fast + "[service.web.rollout]\n\(rollout)\n")
    }

    /// A release that prints and fails.
    private func bad(workers: Int = 3, _ rollout: String = "") -> String {
        service(
            "web", script: "echo one; echo \"no database: $CADRE_WORKER\" >&2; exit 7", workers: workers,
            more: Self.fast + "[service.web.rollout]\n\(rollout)\n")
    }

    private func pids(_ supervisor: SupervisorProcess) throws -> [Int32?] {
        try supervisor.status().services.first?.workers.map(\.pid) ?? []
    }

    private func texts(_ supervisor: SupervisorProcess) throws -> [String?] {
        try supervisor.status().services.first?.workers.map(\.statusText) ?? []
    }

    private func latest(_ supervisor: SupervisorProcess) throws -> RolloutSnapshot {
        try supervisor.ask { client in try await client.rollout(of: "web") }
    }

    private func digests(_ supervisor: SupervisorProcess) throws -> [String?] {
        try supervisor.status().services.first?.workers.map(\.digest) ?? []
    }

    @Test("a release that fails ends apply with 5, says why with its last lines, and the old one serves on")
    func stop() throws {
        try withSupervisor(good("first")) { supervisor in
            let before = try (0..<3).map { try supervisor.ready("web/\($0)") }
            let digest = try #require(try digests(supervisor).first ?? nil)
            #expect(try latest(supervisor).summary == "no roll-out yet; \(digest) runs")
            try supervisor.scene.write("cadre.toml", bad())
            let (code, output) = try supervisor.cadre("apply")
            #expect(code == 5)
            #expect(output.contains("cadre: the roll-out failed; still as before: web/0 web/1 web/2"))
            #expect(
                output.contains(
                    "the roll-out of web is stopped, as web/0 failed 3 times in a row, at last as it exited with code 7"
                ))
            #expect(output.contains("cadre:     one") && output.contains("cadre:     no database: 0"))
            try supervisor.expect("error: the roll-out of web is stopped, as web/0 failed")
            try supervisor.expect("no database: 0")
            #expect(try pids(supervisor) == before && digests(supervisor) == [digest, digest, digest])
            let stopped = try latest(supervisor)
            #expect(stopped.state == .stopped && stopped.failure?.lastLines == ["one", "no database: 0"])
            #expect(stopped.failure?.exit?.code == 7 && stopped.failure?.failures == 3)
            #expect(try supervisor.status().services.first?.rollout == "stopped")
            // What dies by itself comes back with what is known to be good, and so does what is new.
            kill(before[1], SIGKILL)
            try supervisor.expect("web/1 was killed by SIGKILL")
            try supervisor.ready("web/1")
            #expect(try supervisor.cadre("scale", "web=4").code == 0)
            #expect(try texts(supervisor) == ["first", "first", "first", "first"])
            // The plan tells that the file has something else, and the next apply tries it again.
            #expect(try supervisor.cadre("plan", "--exit-code").code == 10)
            #expect(try supervisor.cadre("apply").code == 5)
            #expect(try supervisor.cadre("rollout", "resume", "web").code == 5)
            try supervisor.scene.write("cadre.toml", good("mended"))
            #expect(try supervisor.cadre("apply").code == 0)
            #expect(try texts(supervisor) == ["mended", "mended", "mended"])
        }
    }

    @Test("with on_failure = \"rollback\" what was replaced is replaced back")
    func rollback() throws {
        let rollout = "on_failure = 'rollback'\nfailures = 1"
        try withSupervisor(good("first", rollout)) { supervisor in
            for number in 0..<3 { try supervisor.ready("web/\(number)") }
            let digest = try digests(supervisor)
            // The first two workers are fine with it.
            let frail = service(
                "web",
                script: #"if [ "$CADRE_WORKER" = 2 ]; then echo "bad luck"; exit 1; fi; exec "$worker" notify READY=1"#,
                workers: 3, more: Self.fast + "[service.web.rollout]\n\(rollout)\n")
            try supervisor.scene.write("cadre.toml", frail)
            let (code, output) = try supervisor.cadre("apply")
            #expect(code == 5 && output.contains("still as before: web/0 web/1 web/2"))
            #expect(
                output.contains("is rolled back, as web/2 failed once")
                    && output.contains("2 workers are replaced back"))
            #expect(output.contains("cadre:     bad luck"))
            #expect(try digests(supervisor) == digest && texts(supervisor) == ["first", "first", "first"])
            try supervisor.expect("web is rolled back, all of it runs")
            #expect(try latest(supervisor).state == .rolledBack)
            #expect(try supervisor.status().services[0].workers.map(\.restarts) == [2, 2, 1])
            let (undo, text) = try supervisor.cadre("rollout", "undo", "web")
            #expect(undo == 4 && text.contains("was rolled back; cadre apply tries it again"))
        }
    }

    @Test("undo goes back to the release before, and says that the file has another one")
    func undo() throws {
        try withSupervisor(good("first")) { supervisor in
            for number in 0..<3 { try supervisor.ready("web/\(number)") }
            let (none, text) = try supervisor.cadre("rollout", "undo", "web")
            #expect(none == 4 && text.contains("web has had no roll-out"))
            #expect(try supervisor.cadre("rollout", "undo", "api").code == 4)
            try supervisor.scene.write("cadre.toml", good("second"))
            #expect(try supervisor.cadre("apply").code == 0)
            #expect(try texts(supervisor) == ["second", "second", "second"])
            let (code, output) = try supervisor.cadre("rollout", "undo", "web")
            #expect(code == 0 && output.hasPrefix("replaced web/0 web/1 web/2\nthe configuration is not changed"))
            #expect(try texts(supervisor) == ["first", "first", "first"])
            #expect(try supervisor.cadre("plan", "--exit-code").code == 10)
            #expect(try supervisor.cadre("apply").code == 0)
            #expect(try texts(supervisor) == ["second", "second", "second"])
        }
    }

    @Test("a pause holds a roll-out between two workers, and resume lets it go on")
    func pause() throws {
        // The successor of a worker becomes ready when there is a file for it.
        func gated(_ scene: Scene, _ name: String) -> String {
            service(
                "web",
                script: """
                    until [ -e \(scene.path("go"))-$CADRE_WORKER ]; do sleep 0.02; done
                    exec "$worker" notify 'STATUS=\(name)\\nREADY=1'
                    """, workers: 3, more: Self.fast)
        }
        try withSupervisor({ scene in
            for number in 0..<3 { try scene.write("go-\(number)", "") }
            return gated(scene, "first")
        }) { supervisor in
            for number in 0..<3 { try supervisor.ready("web/\(number)") }
            for number in 0..<3 { unlink(supervisor.scene.path("go-\(number)")) }
            try supervisor.scene.write("cadre.toml", gated(supervisor.scene, "second"))
            let apply = try supervisor.begin(["apply"])
            try supervisor.expect("starting a successor of web/0")
            let paused = try supervisor.cadre("rollout", "pause", "web")
            #expect(paused.code == 0 && paused.output.contains("web: paused at 0 of 3 workers on the way to"))
            #expect(try supervisor.cadre("rollout", "pause", "web").code == 4)
            try supervisor.scene.write("go-0", "")
            try supervisor.expect("the roll-out of web is through with 1 of 3 workers")
            let status = try supervisor.cadre("rollout", "status").output
            #expect(status.contains("through: web/0\n") && status.contains("waiting: web/1 web/2\n"))
            #expect(status.contains("running: "))
            let snapshot = try latest(supervisor)
            #expect(snapshot.underWay.isEmpty && snapshot.done == [0] && snapshot.isPaused)
            // A worker that dies now comes back with what it ran.
            kill(try #require(try supervisor.worker("web/2").pid), SIGKILL)
            try supervisor.scene.write("go-2", "")
            try supervisor.ready("web/2")
            #expect(try texts(supervisor) == ["second", "first", "first"])
            try supervisor.scene.write("go-1", "")
            #expect(try supervisor.cadre("rollout", "resume", "web").code == 0)
            #expect(try apply.finish().code == 0)
            #expect(try texts(supervisor) == ["second", "second", "second"])
        }
    }

    @Test("a blue-green roll-out starts all successors, and switches when all are ready")
    func blueGreen() throws {
        let rollout = "strategy = 'blue-green'"
        try withSupervisor(good("blue", rollout)) { supervisor in
            for number in 0..<3 { try supervisor.ready("web/\(number)") }
            try supervisor.scene.write("cadre.toml", good("green", rollout))
            #expect(try supervisor.cadre("apply").code == 0)
            #expect(try texts(supervisor) == ["green", "green", "green"])
            try supervisor.expect("the roll-out of web is done")
            let steps = supervisor.lines.filter { $0.contains("is ready after") || $0.contains("was replaced, as") }
            #expect(steps.suffix(6).prefix(3).allSatisfy { $0.contains("is ready after") })
            #expect(steps.suffix(3).allSatisfy { $0.contains("was replaced, as") })
            let before = try pids(supervisor)
            try supervisor.scene.write("cadre.toml", bad(rollout))
            #expect(try supervisor.cadre("apply").code == 5)
            #expect(try pids(supervisor) == before && latest(supervisor).workersByDigest.count == 1)
        }
    }

    @Test(
        "never more surplus, and never fewer ready, than the table says",
        arguments: [("max_surge = 2", 2, 0), ("max_surge = 0\nmax_unavailable = 2", 0, 2), ("parallel = 3", 3, 0)])
    func limits(_ rollout: String, _ surge: Int, _ unavailable: Int) throws {
        let count = 6
        try withSupervisor(good("first", workers: count, rollout)) { supervisor in
            for number in 0..<count { try supervisor.ready("web/\(number)") }
            let events = try supervisor.begin(["events", "--json"])
            try events.expect(["{\"snapshot\""])
            try supervisor.scene.write("cadre.toml", good("second", workers: count, rollout))
            #expect(try supervisor.cadre("apply").code == 0)
            var (ready, most, least) = (count, count, count)
            var live: Set<String> = Set((0..<count).map { "\($0)@1" })
            while true {
                let event = try JSONDecoder().decode(Line.self, from: Data(try events.expect(["{\"event\""]).utf8))
                    .event
                let name = "\(event.worker ?? -1)@\(event.incarnation ?? 0)"
                switch event.kind {
                case "started": live.insert(name)
                case "ready": ready += 1
                case "stopping":
                    live.remove(name)
                    ready -= 1
                default: break
                }
                (most, least) = (max(most, live.count), min(least, ready))
                if event.kind == "rollout-done" { break }
            }
            #expect(most <= count + surge && least >= count - unavailable)
            // It makes use of what it may.
            #expect(most > count || least < count)
            try events.signal(SIGINT)
            _ = try events.finish()
        }
    }

    private struct Line: Decodable {
        let event: Event
    }

    @Test("workers that reach their max_age are replaced one after another")
    func maxAge() throws {
        let more = "ready.by = 'notify'\nmax_age = '2s'\nmax_age_jitter = 0.05\n"
        try withSupervisor(service("web", "notify", "READY=1", workers: 4, more: more)) { supervisor in
            for number in 0..<4 { try supervisor.ready("web/\(number)") }
            for number in 0..<4 { try supervisor.expect("web/\(number) was replaced, as it reached its max_age") }
            let steps = supervisor.lines.filter {
                $0.contains("starting a successor") || $0.contains("was replaced, as it reached its max_age")
            }
            for (index, step) in steps.prefix(8).enumerated() {
                #expect(step.contains("was replaced") == (index % 2 == 1), "\(steps)")
            }
            let worker = try supervisor.worker("web/0")
            #expect(worker.restartsByReason["age"] ?? 0 > 0 && worker.restartsByReason.count == 1)
            #expect(worker.lastExit?.reason == "age")
        }
    }

    @Test("a hundred workers are rolled out, ten at a time")
    func hundred() throws {
        let rollout = "parallel = 10"
        try withSupervisor(good("first", workers: 100, rollout)) { supervisor in
            for number in 0..<100 { try supervisor.ready("web/\(number)") }
            try supervisor.scene.write("cadre.toml", good("second", workers: 100, rollout))
            #expect(try supervisor.finish(supervisor.begin(["apply"])).code == 0)
            #expect(try Set(texts(supervisor)) == ["second"])
            #expect(try latest(supervisor).done.count == 100)
        }
    }

    @Test("a later apply supersedes a roll-out, and a command for a worker goes through the same queue")
    func superseded() throws {
        let never = service("web", "sleep", workers: 3, more: Self.fast)
        try withSupervisor(good("first")) { supervisor in
            for number in 0..<3 { try supervisor.ready("web/\(number)") }
            try supervisor.scene.write("cadre.toml", never)
            let first = try supervisor.begin(["apply"])
            try supervisor.expect("starting a successor of web/0")
            try supervisor.scene.write("cadre.toml", good("third"))
            #expect(try supervisor.cadre("apply").code == 0)
            let (code, output) = try first.finish()
            #expect(code == 4 && output.contains("another command came meanwhile"))
            #expect(try texts(supervisor) == ["third", "third", "third"])
            #expect(try supervisor.cadre("restart", "web").code == 0)
            #expect(try texts(supervisor) == ["third", "third", "third"])
        }
    }

    @Test("the metrics and the API tell how far it is")
    func metrics() throws {
        try withSupervisor(good("first", "failures = 1")) { supervisor in
            for number in 0..<3 { try supervisor.ready("web/\(number)") }
            let before = try supervisor.get("/metrics").body
            #expect(before.contains("cadre_service_rollout{service=\"web\",state=\"stopped\"} 0"))
            #expect(!before.contains(/cadre_service_rollout\{.*\} 1/))
            try supervisor.scene.write("cadre.toml", bad("failures = 1"))
            #expect(try supervisor.cadre("apply").code == 5)
            let text = try supervisor.get("/metrics").body
            #expect(text.contains("cadre_service_rollout{service=\"web\",state=\"stopped\"} 1"))
            #expect(text.contains("cadre_service_rollout{service=\"web\",state=\"running\"} 0"))
            #expect(text.contains("cadre_service_outdated_workers{service=\"web\"} 0"))
            #expect(try supervisor.get("/v1/services/web/rollout").body.contains("\"state\":\"stopped\""))
            #expect(try supervisor.get("/v1/services/api/rollout").status == 404)
            #expect(try supervisor.request("POST", "/v1/services/web/rollout/pause").status == 409)
        }
    }
}
