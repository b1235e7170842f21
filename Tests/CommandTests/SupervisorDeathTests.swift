import Cadre
import FoundationEssentials
import Glibc
import Specification
import Supervision
import Testing

/// A supervisor that is killed at any instant is followed by one that goes on as if nothing had happened.
@Suite(.needsControlGroups, .needsRoot, .serialized) struct SupervisorDeathTests {
    @Test("a supervisor may be killed after any system call of a restart, a crash, a stop and a start")
    func everySystemCall() throws {
        try withSupervisor({ Ordeal.toml($0) }) { supervisor in
            let ordeal = try Ordeal(supervisor)
            var calls: [Ordeal.Command: Int] = [:]
            var crashes: Set<UInt64> = []
            let order: [Ordeal.Command] = [.restart, .crash, .stop, .start]
            // All of them would take some minutes: it is another third each time, or all by request.
            let stride = getenv("CADRE_EVERY_CALL") == nil ? 3 : 1
            var n = Int.random(in: 1 - stride..<1)
            while calls.count < order.count {
                n += stride
                for command in order {
                    let last = ordeal.expected[0].last
                    let count = try telling("\(command.rawValue), killed after call \(n)", supervisor) {
                        try ordeal.suffer(command, killedAfter: n)
                    }
                    if command == .crash, ordeal.expected[0].last > last { crashes.insert(last) }
                    if let count, calls[command] == nil { calls[command] = count }
                }
                try telling("after call \(n)", supervisor) { try ordeal.checkHistory(crashes: crashes) }
            }
            print("killed \(ordeal.deaths) times; calls:", calls.map { "\($0.key.rawValue) \($0.value)" })
        }
    }

    @Test("a supervisor may be killed at random instants, and so may the one that follows while it comes up")
    func randomInstants() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = Seeded(state: seed)
        try withSupervisor({ Ordeal.toml($0) }) { supervisor in
            let ordeal = try Ordeal(supervisor)
            while ordeal.deaths < 30 {
                let command = Ordeal.Command.allCases.randomElement(using: &random)!
                var delays = [Duration.microseconds(.random(in: 0...20_000, using: &random))]
                if Bool.random(using: &random) {
                    delays.append(.microseconds(.random(in: 0...120_000, using: &random)))
                }
                try telling("seed \(seed): \(command.rawValue), killed after \(delays)", supervisor) {
                    try ordeal.suffer(command, killedAfter: delays)
                }
            }
        }
    }

    @Test("a release that fails ends as it would have, whenever the supervisor is killed")
    func failedRelease() throws {
        let more = "ready.by = 'notify'\nrestart = { delay = '1ms', max_delay = '1ms' }\nrollout.failures = 1\n"
        let good = service("web", "notify", "READY=1", workers: 2, more: more)
        let bad = service("web", "exit", "7", workers: 2, more: more)
        let seed = UInt64.random(in: 0 ... .max)
        var random = Seeded(state: seed)
        try withSupervisor(good) { supervisor in
            let pids = try (0..<2).map { try supervisor.ready("web/\($0)") }
            let digest = try web(supervisor).digest
            try supervisor.scene.write("cadre.toml", bad)
            var rollouts: UInt64 = 0
            for n in (0..<40).map({ $0 * 4 + Int.random(in: 1...4, using: &random) }) {
                try telling("seed \(seed): killed after call \(n)", supervisor) {
                    let killer = try Killer(of: supervisor.pid, after: n)
                    let answer = try? supervisor.request("POST", "/v1/apply")
                    if let answer { try #require(answer.status == 202, "\(answer.body)") }
                    var last: RolloutSnapshot?
                    let isOver = try supervisor.waitForEvents(for: .seconds(20)) {
                        guard let rollout = try? latest(supervisor) else { return false }
                        last = rollout
                        return rollout.number == rollouts + 1 && rollout.state == .stopped
                            || answer == nil && rollout.number == rollouts
                    }
                    try #require(isOver, "\(String(describing: last))")
                    rollouts = try #require(last).number
                    if try killer.finish() == nil {
                        try #require(try supervisor.waitForEvents(for: .seconds(20)) { true })
                    }
                    let service = try web(supervisor)
                    try #require(service.workers.map(\.pid) == pids && service.digest == digest, "\(service)")
                    guard rollouts > 0 else { return }
                    // The file has something else than what is in force.
                    let plan = try JSONDecoder().decode(Plan.self, from: Data(try supervisor.get("/v1/plan").body.utf8))
                    try #require(plan.services.map(\.action) == [.change], "\(plan)")
                    try #require(
                        eventually { (try? contents("\(supervisor.scene.cgroup)/web")) == ["0@1", "1@1"] })
                }
            }
        }
    }

    @Test("the wait for a line goes on, of what was printed meanwhile too")
    func line() throws {
        let script = "echo before; read line < DIRECTORY/$CADRE_SERVICE; echo now listening; exec $worker sleep"
        try withSupervisor({ scene in
            for name in ["piped", "filed"] { mkfifo(scene.path(name), 0o600) }
            try scene.write("log", "now listening to somebody else\n")
            let script = script.replacing("DIRECTORY", with: scene.directory)
            let ready = "ready = { by = 'log', line = 'listening' }\n"
            return service("piped", script: script, more: ready)
                + service("filed", script: script, more: ready + "log = { to = 'file', file = '\(scene.path("log"))' }")
        }) { supervisor in
            let names = ["piped", "filed"]
            let pids = try names.map { name in
                try #require(eventually { (try? snapshot(supervisor, name).state) == "starting" })
                return try snapshot(supervisor, name).pid
            }
            for _ in 0..<2 {
                kill(supervisor.pid, SIGKILL)
                try supervisor.expect("cadre: going on with 2 running workers")
            }
            for name in names { #expect(try supervisor.worker("\(name)/0").state == "starting") }
            for name in names { try shell(#"echo > "$1""#, supervisor.scene.path(name)) }
            #expect(try names.map { try supervisor.ready("\($0)/0") } == pids)
        }
    }

    @Test("the budget of restarts is spent as if nothing had happened")
    func budget() throws {
        let more = "ready.by = 'notify'\nrestart = { delay = '1ms', max_delay = '1ms', budget = 3 }"
        try withSupervisor(service("web", "notify", "READY=1", more: more)) { supervisor in
            for crash in 1...4 {
                kill(try supervisor.ready("web/0"), SIGKILL)
                kill(supervisor.pid, SIGKILL)
                try supervisor.expect("cadre: going on with ")
                if crash == 4 { try supervisor.expect("web/0 has failed: ") }
            }
            let worker = try supervisor.worker("web/0")
            #expect(worker.state == "failed" && worker.restarts == 3 && worker.lastExit?.signal == "SIGKILL")
        }
    }

    @Test("a deadline comes when it would have come")
    func deadline() throws {
        let more = "ready = { by = 'notify', timeout = '2s' }\nrestart.policy = 'never'"
        try withSupervisor(service("web", "sleep", more: more)) { supervisor in
            try #require(eventually { (try? snapshot(supervisor, "web").state) == "starting" })
            for _ in 0..<3 {
                kill(supervisor.pid, SIGKILL)
                try supervisor.expect("cadre: going on with 1 running worker,")
            }
            try supervisor.expect("web/0 has failed")
            let answer = try supervisor.get("/v1/services/web/workers/0/incarnations")
            let past = try JSONDecoder().decode([IncarnationRecord].self, from: Data(answer.body.utf8))
            let time = try #require(past.first?.goneAt) - past[0].startedAt
            #expect(past.count == 1 && past[0].exit?.reason == "ready-timeout" && time >= 2 && time < 4, "\(past)")
        }
    }

    // MARK: Helpers

    private func web(_ supervisor: SupervisorProcess) throws -> ServiceSnapshot {
        try JSONDecoder().decode(
            ServiceSnapshot.self, from: Data(try supervisor.get("/v1/services/web").body.utf8))
    }

    /// The first worker of a service.
    private func snapshot(_ supervisor: SupervisorProcess, _ service: String) throws -> WorkerSnapshot {
        try JSONDecoder().decode(
            WorkerSnapshot.self, from: Data(try supervisor.get("/v1/services/\(service)/workers/0").body.utf8))
    }

    private func latest(_ supervisor: SupervisorProcess) throws -> RolloutSnapshot {
        try JSONDecoder().decode(
            RolloutSnapshot.self, from: Data(try supervisor.get("/v1/services/web/rollout").body.utf8))
    }

    private func contents(_ path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.contains("@") }.sorted()
    }
}
