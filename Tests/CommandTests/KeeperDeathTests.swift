import CLinux
import Cadre
import Glibc
import Reactor
import Testing

/// What dead keepers and supervisors leave behind, for the next ones and for `cadre destroy`.
@Suite(.needsControlGroups) struct KeeperDeathTests {
    @Test("a killed keeper takes the supervisor along; the next start ends what is left, and destroy leaves nothing")
    func keeperKilled() throws {
        try withScene { scene in
            let toml = service(
                "web", "double-fork", workers: 2,
                more: "socket = [{ name = 'http', listen = 'unix:\(scene.path("http"))' }]")
            let first = try SupervisorProcess(toml, in: scene)
            let witness = try Witness(try first.ready("web/0"))
            try first.ready("web/1")
            try first.replace()
            // It checks that the supervisor dies, too.
            try first.signal(SIGKILL)
            try first.waitForEnd()
            let second = try SupervisorProcess(toml, in: scene)
            #expect(try witness.sawEnd())
            try second.ready("web/0")
            try second.ready("web/1")
            #expect(try second.status().services[0].workers.map(\.restarts) == [0, 0])
            try second.replace()
            try second.signal(SIGKILL)
            try second.waitForEnd()
            let (code, output) = try second.cadre("destroy", "--yes")
            #expect(code == 0, "\(output)")
            #expect(access(second.runtimeDirectory, F_OK) == -1)
            #expect(access(scene.path("http"), F_OK) == -1)
            #expect(try Descriptor.open("\(scene.cgroup)/cgroup.events").readText().contains("populated 0"))
            let groups = try run(["find", scene.cgroup, "-mindepth", "1", "-type", "d"]).output
            #expect(groups.isEmpty, "\(groups)")
        }
    }

    @Test(
        "what a supervisor leaves when it is killed while it starts or ends a worker is removed, by the next of any keeper"
    )
    func strays() throws {
        try withScene { scene in
            let toml = service("web", "sleep", workers: 2)
            let first = try SupervisorProcess(toml, in: scene)
            let workers = try (0..<2).map { try first.ready("web/\($0)") }
            let stray = "\(first.runtimeDirectory)/notify/web.0@99"
            try first.absent { try scene.write("run/notify/web.0@99", "") }
            #expect(access(stray, F_OK) == -1)
            #expect(try first.status().services[0].workers.map(\.pid) == workers)
            kill(workers[0], SIGKILL)
            try first.expect("web/0 was killed by SIGKILL")
            try first.ready("web/0")
            try first.signal(SIGKILL)
            try first.waitForEnd()
            let second = try SupervisorProcess(toml, in: scene)
            for number in 0..<2 { try second.ready("web/\(number)") }
            // It checks that nothing is left.
            try second.stop()
        }
    }

    @Test("one that can't listen where it should leaves all as it is, until one can")
    func taken() throws {
        try withSupervisor(service("web", "sleep", workers: 2)) { supervisor in
            let workers = try (0..<2).map { try supervisor.ready("web/\($0)") }
            var other: RunningProgram?
            try supervisor.leave {
                unlink(supervisor.socket)
                other = try RunningProgram([Machine.worker, "listen", supervisor.socket])
                // It answers, so it listens.
                while !isListening(supervisor.socket) { sched_yield() }
            }
            try supervisor.expect("the supervisor exited with code 1 and is started again")
            try other?.signal(SIGKILL)
            try other?.waitForExit()
            try supervisor.expect("going on with 2 running workers")
            let now = try supervisor.status().services[0].workers
            #expect(now.map(\.pid) == workers && now.allSatisfy { $0.restarts == 0 })
        }
    }

    @Test("destroy ends a supervisor that goes on with the workers of others")
    func destroyLiving() throws {
        try withScene { scene in
            let supervisor = try SupervisorProcess(service("web", "double-fork", workers: 2), in: scene)
            for number in 0..<2 { try supervisor.ready("web/\(number)") }
            for _ in 0..<3 { try supervisor.replace() }
            let (code, output) = try supervisor.cadre("destroy", "--yes")
            #expect(code == 0, "\(output)")
            #expect(try supervisor.waitForEnd().code == 0)
            #expect(access(supervisor.runtimeDirectory, F_OK) == -1)
            #expect(try Descriptor.open("\(scene.cgroup)/cgroup.events").readText().contains("populated 0"))
        }
    }

    private func isListening(_ path: String) -> Bool {
        do {
            _ = try connect(to: path)
            return true
        } catch {
            return false
        }
    }
}
