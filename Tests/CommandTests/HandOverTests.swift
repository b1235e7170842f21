import Cadre
import ControlGroups
import Glibc
import Processes
import Reactor
import Testing

@Suite("Standing by, taking over, and being process 1", .needsControlGroups)
struct HandOverTests {
    /// Starts another supervisor with the configuration and the directory of a first one.
    private func start(
        beside first: SupervisorProcess, config: String = "cadre.toml", _ options: String...
    ) throws -> RunningProgram {
        try RunningProgram(
            [
                Machine.cadre, "supervise", "--config", first.scene.path(config), "--runtime-directory",
                first.runtimeDirectory, "--log", "terminal",
            ] + options)
    }

    private func pids(_ supervisor: SupervisorProcess, _ service: String) throws -> [Int32] {
        try #require(try supervisor.status().services.first { $0.name == service }).workers.compactMap(\.pid)
    }

    /// Stops a supervisor that took over from another one, or stood by.
    private func stop(_ program: RunningProgram, _ scene: Scene) throws {
        try program.signal(SIGTERM)
        #expect(try program.finish().code == 0)
        let events = try Descriptor.open("\(scene.cgroup)/cgroup.events").readText()
        #expect(events.contains("populated 0"))
        #expect(access(scene.path("run"), F_OK) == -1, "the runtime directory is left")
    }

    // MARK: A second one

    @Test("a second supervisor in the same cgroup refuses, and touches nothing") func second() throws {
        try withSupervisor(service("web", "sleep")) { first in
            let pid = try first.ready("web/0")
            let (code, output) = try start(beside: first, "--cgroup", first.scene.cgroup).finish()
            #expect(code == 1 && output.contains("another supervisor"), "\(code): \(output)")
            #expect(try first.worker("web/0").pid == pid)
        }
    }

    @Test(
        "what contradicts is refused at once",
        arguments: [
            (["--standby"], "--standby needs --cgroup"), (["--takeover", "--standby"], "give one of them"),
            (["--takeover", "--cgroup", "/x"], "leave out --cgroup"),
        ])
    func contradiction(_ options: [String], _ text: String) throws {
        let (code, output) = try RunningProgram([Machine.cadre, "supervise"] + options).finish()
        #expect(code == 64 && output.contains(text), "\(code): \(output)")
    }

    // MARK: Standing by

    @Test("one that stands by runs when the first has stopped") func standby() throws {
        try withSupervisor(service("web", "sleep")) { first in
            try first.ready("web/0")
            let second = try start(beside: first, "--standby", "--cgroup", first.scene.cgroup)
            try second.expect(["standing by for the supervisor in", "(process \(first.keeper))"])
            // A supervisor that is killed and started again isn't gone.
            let pid = first.pid
            kill(pid, SIGKILL)
            try first.expect("going on with 1 running worker")
            #expect(try first.worker("web/0").state == "ready")
            try first.signal(SIGTERM)
            try first.waitForEnd()
            try second.expect(["web/0 is ready"])
            try stop(second, first.scene)
        }
    }

    @Test("one that stands by clears away what a killed keeper has left, and runs") func standbyAfterDeath() throws {
        try withSupervisor(service("web", "sleep")) { first in
            let pid = try first.ready("web/0")
            let second = try start(beside: first, "--standby", "--cgroup", first.scene.cgroup)
            try second.expect(["standing by for the supervisor in"])
            try first.signal(SIGKILL)
            try first.waitForEnd()
            try second.expect(["web/0 is ready"])
            let group = try ControlGroup.open("\(first.scene.cgroup)/web")
            #expect(try !group.processes(recursive: true).contains(pid))
            try stop(second, first.scene)
        }
    }

    @Test("of three that stand by one runs, and the others stand by for it") func manyStandbys() throws {
        try withSupervisor(service("web", "sleep")) { first in
            try first.ready("web/0")
            var others: [RunningProgram] = []
            for _ in 0..<3 {
                let other = try start(beside: first, "--standby", "--cgroup", first.scene.cgroup)
                try other.expect(["standing by for the supervisor in"])
                others.append(other)
            }
            try first.signal(SIGTERM)
            try first.waitForEnd()
            // Each in turn is stopped; whoever stands by exits with 0 as well.
            while !others.isEmpty {
                let leader = try waitForSupervisor(at: first.scene.cgroup, among: others)
                try leader.expect(["web/0 is ready"])
                others.removeAll { $0 === leader }
                try leader.signal(SIGTERM)
                #expect(try leader.finish().code == 0)
            }
        }
    }

    /// Waits until one of these has the cgroup; it is the parent of the process in the leaf.
    private func waitForSupervisor(
        at path: String, among programs: [RunningProgram]
    ) throws -> RunningProgram {
        let watch = Descriptor(owning: inotify_init1(Int32(IN_CLOEXEC)))
        inotify_add_watch(watch.rawValue, "\(path)/keeper/cgroup.events", UInt32(IN_MODIFY))
        while true {
            let keepers = DelegatedRoot.supervisors(at: path)
            if let found = programs.first(where: { keepers.contains($0.pid) }) { return found }
            var request = pollfd(fd: watch.rawValue, events: Int16(POLLIN), revents: 0)
            let count = poll(&request, 1, 60_000)
            try #require(count == 1, "nobody runs in \(path)")
            var events = [UInt8](repeating: 0, count: 4096)
            read(watch.rawValue, &events, events.count)
        }
    }

    @Test("one that stands by ends when it is told to") func standbyEnds() throws {
        try withSupervisor(service("web", "sleep")) { first in
            let pid = try first.ready("web/0")
            let second = try start(beside: first, "--standby", "--cgroup", first.scene.cgroup)
            try second.expect(["standing by for the supervisor in"])
            try second.signal(SIGTERM)
            #expect(try second.finish().code == 0)
            #expect(try first.worker("web/0").pid == pid)
        }
    }

    // MARK: Taking over

    @Test("one that takes over goes on with the same workers, and the first exits with 0") func takeover() throws {
        try withSupervisor(service("web", "sleep", workers: 3) + service("job", "sleep")) { first in
            try first.ready("web/2")
            try first.ready("job/0")
            // What is known of it goes along.
            let crashed = try first.worker("web/1").pid
            kill(try #require(crashed), SIGKILL)
            try first.expect("web/1", "killed by SIGKILL")
            try first.ready("web/1")
            let workers = try pids(first, "web") + pids(first, "job")
            let second = try start(beside: first, "--takeover")
            try second.expect(["going on with 4 running workers", "handed over"])
            #expect(try first.waitForEnd().code == 0)
            #expect(try pids(first, "web") + pids(first, "job") == workers)
            let worker = try first.worker("web/1")
            #expect(worker.restarts == 1 && worker.lastExit?.signal == "SIGKILL")
            // And it looks after them.
            kill(workers[0], SIGKILL)
            try second.expect(["web/0 is ready"])
            #expect(try first.worker("web/0").restarts == 1)
            // Twice, as the second one is a supervisor like any other.
            let third = try start(beside: first, "--takeover")
            try third.expect(["going on with 4 running workers", "handed over"])
            #expect(try second.finish().code == 0)
            try stop(third, first.scene)
        }
    }

    @Test("who takes over brings a configuration") func configuration() throws {
        try withSupervisor(service("web", "sleep", workers: 2)) { first in
            try first.ready("web/0")
            try first.ready("web/1")
            let workers = try pids(first, "web")
            try first.scene.write("other.toml", service("web", "sleep", workers: 3))
            let second = try start(beside: first, config: "other.toml", "--takeover")
            try second.expect(["web/2 is ready"])
            try first.waitForEnd()
            #expect(try pids(first, "web").prefix(2) == workers[...])
            try stop(second, first.scene)
        }
    }

    @Test("a configuration with a problem takes over nothing") func badConfiguration() throws {
        try withSupervisor(service("web", "sleep")) { first in
            let pid = try first.ready("web/0")
            try first.scene.write("other.toml", "[service.web]\n")
            let (code, output) = try start(beside: first, config: "other.toml", "--takeover").finish()
            #expect(code == 2 && output.contains("command"))
            #expect(try first.worker("web/0").pid == pid)
        }
    }

    @Test("if nobody is there, one that would take over starts") func nobody() throws {
        try withScene { scene in
            let config = try scene.write("cadre.toml", service("web", "sleep"))
            try systemCall("mkdir") { mkdir(scene.path("run"), 0o755) }
            let program = try RunningProgram(
                [
                    "/bin/sh", "-c", "echo $$ > $0/cgroup.procs && exec \"$@\"", scene.cgroup, Machine.cadre,
                    "supervise", "--config", config, "--runtime-directory", scene.path("run"), "--log", "terminal",
                    "--takeover",
                ])
            try program.expect(["web/0 is ready"])
            try stop(program, scene)
        }
    }

    @Test("if nobody listens, nothing is handed over, and all goes on") func refused() throws {
        try withSupervisor(service("web", "sleep")) { first in
            let pid = try first.ready("web/0")
            let (code, output) = try first.cadre("hand-over", first.scene.path("nowhere"))
            #expect(code == 4 && output.contains("ENOENT"), "\(code): \(output)")
            // Somebody listens, and goes away without having taken anything.
            let path = first.scene.path("listener")
            var address = try #require(UnixAddress(path: path))
            let listener = Descriptor(
                owning: socket(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue), 0))
            try systemCall("bind") { address.bind(listener) }
            try systemCall("listen") { listen(listener.rawValue, 1) }
            #expect(try first.cadre("hand-over", path).code == 0)
            close(accept(listener.rawValue, nil, nil))
            try first.expect("the supervisor is not handed over")
            #expect(try first.worker("web/0").pid == pid)
            kill(pid, SIGKILL)
            try first.ready("web/0")
        }
    }

    // MARK: Process 1

    @Test("as process 1 it reaps whoever is left to it, passes signals on, and ends with all", .needsRoot)
    func process1() throws {
        try withScene { scene in
            // The worker leaves orphans behind, which end.
            let script =
                "for i in 1 2 3; do (setsid sh -c 'exit 7' &); done; trap 'exit 0' TERM; echo up; while :; do sleep 1; done"
            let config = try scene.write(
                "cadre.toml", "[service.web]\ncommand = ['/bin/sh', '-c', \"\"\"\(script)\"\"\"]\n")
            let program = try RunningProgram(
                [
                    "unshare", "--pid", "--fork", "--mount-proc", Machine.cadre, "supervise", "--config", config,
                    "--cgroup", scene.cgroup, "--runtime-directory", scene.path("run"), "--log", "terminal",
                ])
            try program.expect(["| up"])
            let children = try Descriptor.open("/proc/\(program.pid)/task/\(program.pid)/children").readText()
            let keeper = try #require(Int32(children.split(separator: " ").first ?? ""))
            #expect(try Descriptor.open("/proc/\(keeper)/status").readText().contains("\nNSpid:\t\(keeper)\t1\n"))
            // Its supervisor is killed, and another one goes on.
            let status = try run([Machine.cadre, "status", "--json", "--socket", scene.path("run/control.sock")])
            #expect(status.code == 0, "\(status.output)")
            let supervisor = try #require(
                DelegatedRoot.supervisors(at: scene.cgroup).first { $0 != keeper })
            kill(supervisor, SIGKILL)
            try program.expect(["going on with 1 running worker"])
            let zombies = try run(["ps", "--ppid", "\(keeper)", "-o", "stat="]).output
            #expect(!zombies.contains("Z"), "\(zombies)")
            kill(keeper, SIGTERM)
            #expect(try program.finish().code == 0)
            let events = try Descriptor.open("\(scene.cgroup)/cgroup.events").readText()
            #expect(events.contains("populated 0"))
        }
    }
}
