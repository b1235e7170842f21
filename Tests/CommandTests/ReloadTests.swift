import Cadre
import Glibc
import Processes
import Testing

@Suite(.needsControlGroups) struct ReloadTests {
    private func pids(_ supervisor: SupervisorProcess, _ service: String) throws -> [Int32?] {
        try supervisor.status().services.first { $0.name == service }?.workers.map(\.pid) ?? []
    }

    @Test("a broken file changes nothing, and the log names file, line and key")
    func broken() throws {
        try withSupervisor(service("web", "sleep", workers: 2)) { supervisor in
            let before = try (0..<2).map { try supervisor.ready("web/\($0)") }
            try supervisor.reload(
                "[service.web]\ncommand = ['/bin/true']\nworkers = 'many'\n\n[service.web.limits]\nmemory_max = '512X'\n"
            )
            let file = supervisor.scene.path("cadre.toml")
            try supervisor.expect("error: reload rejected, nothing is changed: \(file):3: service.web.workers: ")
            try supervisor.expect("\(file):6: service.web.limits.memory_max: ", "512X")
            #expect(try pids(supervisor, "web") == before)
            try supervisor.reload("no TOML at all")
            try supervisor.expect("error: reload rejected, nothing is changed: \(file):1: ")
            unlink(file)
            try supervisor.signal(SIGHUP)
            try supervisor.expect("error: reload rejected, nothing is changed: \(file): ")
            #expect(try pids(supervisor, "web") == before)
        }
    }

    @Test("a service that didn't change keeps its workers, whatever happens to others")
    func unchanged() throws {
        let web = service("web", "sleep", workers: 2)
        try withSupervisor(web + service("old", "sleep") + service("other", "sleep")) { supervisor in
            let before = try (0..<2).map { try supervisor.ready("web/\($0)") }
            let old = try Witness(try supervisor.ready("old/0"))
            let other = try supervisor.ready("other/0")
            try supervisor.reload(
                "# a comment\n" + web + service("other", "sleep", "changed") + service("new", "sleep"))
            try supervisor.expect("reloaded: added new; removed old; changed other; 1 unchanged")
            try supervisor.ready("new/0")
            #expect(try old.sawEnd())
            #expect(try supervisor.ready("other/0") != other)
            try supervisor.expect("other/0 was replaced")
            try supervisor.expect("old/0 is stopped")
            #expect(try pids(supervisor, "web") == before)
            #expect(try supervisor.status().services.map(\.name) == ["new", "other", "web"])
            #expect(!supervisor.scene.hasGroup("old"))
            #expect(try supervisor.cadre("status", "old").code == 4)
        }
    }

    @Test("where only the number of workers changed, only the difference is started or stopped")
    func count() throws {
        try withSupervisor(service("web", "sleep", workers: 2)) { supervisor in
            let before = try (0..<2).map { try supervisor.ready("web/\($0)") }
            try supervisor.reload(service("web", "sleep", workers: 4))
            let added = try (2..<4).map { try supervisor.ready("web/\($0)") }
            #expect(try pids(supervisor, "web") == before + added)
            try supervisor.reload(service("web", "sleep", workers: 1))
            for number in 1..<4 { try supervisor.expect("web/\(number) is stopped") }
            #expect(try pids(supervisor, "web") == [before[0]])
            #expect(!supervisor.scene.hasGroup("web/1@1"))
            try supervisor.reload(service("web", "sleep", workers: 2))
            try supervisor.ready("web/1")
            #expect(try supervisor.worker("web/1").incarnation ?? 0 > 1, "an old number would be taken for the old one")
        }
    }

    @Test("a changed command replaces the workers one at a time, each when its successor is ready")
    func command() throws {
        let more = "ready.by = 'notify'"
        try withSupervisor(service("web", "notify", "READY=1", workers: 3, more: more)) { supervisor in
            let before = try (0..<3).map { try supervisor.ready("web/\($0)") }
            try supervisor.reload(service("web", "notify", "STATUS=new\\nREADY=1", workers: 3, more: more))
            for number in 0..<3 { try supervisor.expect("web/\(number) was replaced") }
            let workers = try #require(try supervisor.status().services.first).workers
            #expect(workers.map(\.statusText) == ["new", "new", "new"])
            #expect(Set(workers.compactMap(\.pid)).isDisjoint(with: before))
            // In the log's order no worker begins before the one before it is through.
            let steps = supervisor.lines.filter { $0.contains("starting a successor") || $0.contains("was replaced") }
            #expect(steps.count == 6)
            for (index, step) in steps.enumerated() {
                #expect(step.contains("web/\(index / 2)") && step.contains("replaced, as") == (index % 2 == 1))
            }
        }
    }

    @Test("a release that never becomes ready leaves the old workers serving, and the next reload mends it")
    func badRelease() throws {
        let more = "ready.by = 'notify'\nrestart = { delay = '1ms', max_delay = '20ms' }"
        let good = service("web", "notify", "READY=1", workers: 2, more: more)
        try withSupervisor(good) { supervisor in
            let before = try (0..<2).map { try supervisor.ready("web/\($0)") }
            try supervisor.reload(service("web", "exit", "1", workers: 2, more: more))
            for _ in 0..<3 { try supervisor.expect("web/0 exited with code 1") }
            try supervisor.expect("the roll-out of web is stopped, as web/0 failed 3 times in a row")
            #expect(try pids(supervisor, "web") == before)
            try supervisor.reload(service("web", "notify", "STATUS=mended\\nREADY=1", workers: 2, more: more))
            for number in 0..<2 { try supervisor.expect("web/\(number) was replaced") }
            #expect(try supervisor.worker("web/1").statusText == "mended")
        }
    }

    @Test("files in conf.d are read beside the file, and again at a reload")
    func dropIns() throws {
        try withSupervisor({ scene in
            mkdir(scene.path("conf.d"), 0o755)
            try scene.write("conf.d/10-more.toml", "[service.web]\nworkers = 2\n")
            return service("web", "sleep")
        }) { supervisor in
            try supervisor.ready("web/0")
            try supervisor.ready("web/1")
            try supervisor.scene.write("conf.d/10-more.toml", "[service.web]\nworkers = 3\n")
            try supervisor.signal(SIGHUP)
            try supervisor.ready("web/2")
        }
    }
}
