import Cadre
import ControlAPI
import FoundationEssentials
import Glibc
import Processes
import Specification
import Testing

/// `cadre plan` and `cadre apply`: live change.
@Suite(.needsControlGroups) struct ApplyTests {
    private func pids(_ supervisor: SupervisorProcess, _ service: String = "web") throws -> [Int32?] {
        try supervisor.status().services.first { $0.name == service }?.workers.map(\.pid) ?? []
    }

    private func plan(_ supervisor: SupervisorProcess) throws -> Plan {
        let (code, output) = try supervisor.cadre("plan", "--json")
        try #require(code == 0, "\(output)")
        return try JSONDecoder().decode(Plan.self, from: Data(output.utf8))
    }

    @Test("plan shows the difference and changes nothing; apply does it and says what became of it")
    func planAndApply() throws {
        let toml = service("old", "sleep") + service("same", "sleep") + service("web", "sleep", workers: 2)
        try withSupervisor(toml) { supervisor in
            for worker in ["old/0", "same/0", "web/0", "web/1"] { try supervisor.ready(worker) }
            #expect(try supervisor.cadre("plan", "--exit-code").code == 0)
            let same = try pids(supervisor, "same")
            let before = try pids(supervisor)
            try supervisor.scene.write(
                "cadre.toml",
                service("new", "sleep") + service("same", "sleep") + service("web", "sleep", "changed", workers: 3))
            let (code, text) = try supervisor.cadre("plan")
            #expect(code == 0)
            let lines = text.split(separator: "\n")
            #expect(lines.contains("+ new: 1 worker") && lines.contains("- old: 1 worker"))
            #expect(lines.contains("~ web: 2 → 3 workers") && lines.last == "1 service untouched")
            #expect(!text.contains("\u{1B}"))
            #expect(try supervisor.cadre("plan", "--exit-code").code == 10)
            #expect(try plan(supervisor).services.map(\.name) == ["new", "old", "same", "web"])
            #expect(try pids(supervisor) == before)
            let applied = try supervisor.cadre("apply")
            let outcome = "started new/0 web/2\nstopped old/0\nreplaced web/0 web/1"
            #expect(applied.code == 0 && applied.output == "\(text)\n\(outcome)")
            #expect(try Set(pids(supervisor).compactMap(\.self)).isDisjoint(with: before.compactMap(\.self)))
            #expect(try pids(supervisor, "same") == same)
            #expect(try supervisor.status().services.map(\.name) == ["new", "same", "web"])
            let again = try supervisor.cadre("apply")
            #expect(again.code == 0 && again.output == "no change; 3 services untouched\nnothing to do")
        }
    }

    @Test("a change of the number alone leaves the others' pids, and undoes a scale by command")
    func count() throws {
        try withSupervisor(service("web", "sleep", workers: 2)) { supervisor in
            let before = try (0..<2).map { try supervisor.ready("web/\($0)") }
            try supervisor.scene.write("cadre.toml", service("web", "sleep", workers: 4))
            #expect(try supervisor.cadre("apply").output.hasSuffix("\nstarted web/2 web/3"))
            #expect(try Array(pids(supervisor).prefix(2)) == before)
            #expect(try supervisor.cadre("scale", "web=1").output == "stopped web/1 web/2 web/3")
            #expect(try plan(supervisor).services.map(\.workersBefore) == [1])
            #expect(try supervisor.cadre("apply").output.hasSuffix("\nstarted web/1 web/2 web/3"))
            #expect(try pids(supervisor).first == before[0])
        }
    }

    @Test("a change of policy alone is live, and touches no worker")
    func policy() throws {
        try withSupervisor(service("web", "sleep", workers: 2)) { supervisor in
            let before = try (0..<2).map { try supervisor.ready("web/\($0)") }
            try supervisor.scene.write(
                "cadre.toml", service("web", "sleep", workers: 2, more: "stop.timeout = '3s'\nrestart.budget = 7"))
            let (code, output) = try supervisor.cadre("apply")
            #expect(code == 0 && output.hasSuffix("\ndone, without touching a worker"))
            #expect(output.contains("(live)") && !output.contains("replacement"))
            #expect(try pids(supervisor) == before)
        }
    }

    @Test("a broken file changes nothing, each problem is printed, and the code is 2")
    func broken() throws {
        try withSupervisor(service("web", "sleep", workers: 2)) { supervisor in
            let before = try (0..<2).map { try supervisor.ready("web/\($0)") }
            let file = try supervisor.scene.write(
                "cadre.toml", "[service.web]\ncommand = []\nworkers = 'many'\n")
            for arguments in [["plan"], ["apply"], ["apply", "--no-wait"]] {
                let (code, output) = try supervisor.begin(arguments).finish()
                #expect(code == 2)
                #expect(output.contains("\(file):2: service.web.command: "))
                #expect(output.contains("\(file):3: service.web.workers: "))
            }
            try supervisor.expect("error: reload rejected, nothing is changed: ")
            #expect(try pids(supervisor) == before)
        }
    }

    @Test("a service that is removed is stopped with its own grace")
    func removed() throws {
        let slow = service("slow", "stop-slowly", "1", more: "stop.timeout = '1h'")
        try withSupervisor(slow + service("web", "sleep")) { supervisor in
            for worker in ["slow/0", "web/0"] { try supervisor.ready(worker) }
            try supervisor.scene.write("cadre.toml", service("web", "sleep"))
            let (code, output) = try supervisor.cadre("apply")
            #expect(code == 0 && output.hasSuffix("\nstopped slow/0"))
            try supervisor.expect("slow/0", "| stopped")
            #expect(try !supervisor.hasPrinted("slow/0 did not stop in time"))
            #expect(!supervisor.scene.hasGroup("slow"))
        }
    }

    @Test("apply --no-wait returns when it is in force, and a failing release ends apply --timeout with 6")
    func release() throws {
        let more = "ready.by = 'notify'"
        try withSupervisor(service("web", "notify", "READY=1", workers: 2, more: more)) { supervisor in
            let before = try (0..<2).map { try supervisor.ready("web/\($0)") }
            try supervisor.scene.write("cadre.toml", service("web", "sleep", workers: 2, more: more))
            let (code, output) = try supervisor.cadre("apply", "--timeout", "100ms")
            #expect(code == 6 && output.contains("cadre: not done in 100ms, still ready: web/0 web/1"))
            #expect(try pids(supervisor) == before)
            try supervisor.scene.write(
                "cadre.toml", service("web", "notify", "STATUS=mended\\nREADY=1", workers: 2, more: more))
            let applied = try supervisor.cadre("apply", "--no-wait")
            #expect(applied.code == 0 && applied.output.hasSuffix("\nreplacing web/0 web/1"))
            for number in 0..<2 { try supervisor.expect("web/\(number) was replaced") }
            #expect(try supervisor.worker("web/1").statusText == "mended")
            let json = try supervisor.cadre("apply", "--json")
            let result = try JSONDecoder().decode(ApplyResult.self, from: Data(json.output.utf8))
            #expect(json.code == 0 && result.plan.isEmpty && result.outcomes.isEmpty)
        }
    }

    @Test("a supervisor without a file has nothing to apply", .needsControlGroups)
    func withoutFile() throws {
        try withScene { scene in
            let directory = scene.path("run")
            let foreground = try RunningProgram([
                Machine.cadre, "run", "--cgroup", scene.cgroup, "--runtime-directory", directory, "--", Machine.worker,
                "sleep",
            ])
            try foreground.expect(["TestWorker/0 is ready"])
            let (code, output) = try run([
                Machine.cadre, "apply", "--socket", "\(directory)/control.sock",
            ])
            #expect(code == 4 && output.contains("there is no file to read again"))
            try foreground.signal(SIGTERM)
            #expect(try foreground.finish().code == 0)
        }
    }
}
