import CLinux
import Cadre
import Glibc
import Reactor
import Testing

/// What others, and the workers themselves, do to cgroups.
@Suite(.needsControlGroups) struct ControlGroupFaultTests {
    @Test("a limit whose controller was not delegated is an error that names it and the remedy")
    func undelegated() throws {
        // No controller is enabled for what is below the scene's cgroup.
        let toml = service("big", "sleep", more: "limits.memory_max = '64M'\nrestart.policy = 'never'")
        try withSupervisor(toml + service("web", "sleep"), root: "inner") { supervisor in
            try supervisor.ready("web/0")
            let line = try supervisor.expect("error: big/0 cannot be started: memory.max needs the memory controller")
            #expect(line.contains("Delegate=yes"))
            try supervisor.expect("big/0 has failed")
        }
    }

    @Test("with --best-effort-limits workers run without it, and each limit that is left out is told once")
    func bestEffort() throws {
        let toml = service("big", "sleep", workers: 3, more: "limits = { memory_max = '64M', tasks_max = 10 }")
        try withSupervisor(toml, root: "inner", options: ["--best-effort-limits"]) { supervisor in
            let first = try (0..<3).map { try supervisor.ready("big/\($0)") }[0]
            kill(first, SIGKILL)
            try supervisor.ready("big/0")
            try supervisor.stop()
            let told = supervisor.lines.filter { $0.contains("warning: big runs without a limit: ") }
            #expect(told.count == 2, "\(told)")
            #expect(told.contains { $0.contains("memory.max needs the memory controller") })
            #expect(told.contains { $0.contains("pids.max needs the pids controller") })
        }
    }

    @Test("a worker whose cgroup somebody kills is started again")
    func killed() throws {
        try withSupervisor(service("web", "double-fork", workers: 2)) { supervisor in
            let sibling = try supervisor.ready("web/1")
            let first = try supervisor.ready("web/0")
            try Descriptor.open("\(supervisor.scene.cgroup)/web/0@1/cgroup.kill", flags: O_WRONLY).write("1")
            try supervisor.expect("web/0 was killed by SIGKILL")
            #expect(try supervisor.ready("web/0") != first)
            #expect(try supervisor.worker("web/1").pid == sibling)
        }
    }

    @Test("a cgroup that somebody removes under a dead worker doesn't keep it from being started again")
    func removed() throws {
        try withSupervisor(service("web", "sleep")) { supervisor in
            let first = try supervisor.ready("web/0")
            let path = "\(supervisor.scene.cgroup)/web/0@1"
            #expect(rmdir(path) == -1, "the kernel keeps a cgroup with processes")
            try supervisor.signal(SIGSTOP)
            let worker = try Witness(first)
            kill(first, SIGKILL)
            #expect(try worker.sawEnd())
            #expect(rmdir(path) == 0)
            try supervisor.signal(SIGCONT)
            #expect(try supervisor.ready("web/0") != first)
            #expect(try supervisor.worker("web/0").restarts == 1)
        }
    }

    @Test("a service's cgroup that somebody removes while it is empty is made anew")
    func serviceRemoved() throws {
        try withSupervisor(service("web", "sleep")) { supervisor in
            try supervisor.ready("web/0")
            #expect(try supervisor.cadre("stop", "web").code == 0)
            #expect(rmdir("\(supervisor.scene.cgroup)/web") == 0)
            #expect(try supervisor.cadre("start", "web").code == 0)
            try supervisor.ready("web/0")
        }
    }

    @Test("a service's cgroup that somebody froze holds up nobody else, and its worker starts when it is thawed")
    func frozen() throws {
        let patient = "restart = { delay = '10ms', jitter = 0, max_delay = '10ms' }"
        try withSupervisor(service("ice", "sleep", more: patient) + service("web", "sleep")) { supervisor in
            let worker = try supervisor.ready("ice/0")
            let other = try supervisor.ready("web/0")
            let freezer = try Descriptor.open("\(supervisor.scene.cgroup)/ice/cgroup.freeze", flags: O_WRONLY)
            try freezer.write("1")
            kill(worker, SIGKILL)
            try supervisor.expect("error: ice/0 cannot be started: the cgroup", "is frozen by somebody; thaw it")
            kill(other, SIGKILL)
            #expect(try supervisor.ready("web/0") != other)
            try freezer.write("0")
            #expect(try supervisor.ready("ice/0") != worker)
        }
    }

    @Test("a worker that moves itself to another cgroup is noticed and killed, however early it does")
    func escaped() throws {
        try withScene { elsewhere in
            let script = #"echo $$ > \#(elsewhere.cgroup)/cgroup.procs; exec "$worker" sleep"#
            let runaway = service("runaway", script: script, workers: 10, more: "restart.policy = 'never'")
            try withSupervisor(service("web", "sleep") + runaway) { supervisor in
                let pid = try supervisor.ready("web/0")
                for number in 0..<10 {
                    let line = try supervisor.expect("error: runaway/\(number) left its cgroup")
                    #expect(line.contains("is killed"))
                    try supervisor.expect("runaway/\(number) was killed by SIGKILL")
                    try supervisor.expect("runaway/\(number) has failed")
                }
                let events = try Descriptor.open("\(elsewhere.cgroup)/cgroup.events").readText()
                #expect(events.contains("populated 0"))
                #expect(try supervisor.worker("web/0").pid == pid)
            }
        }
    }

    @Test("a worker that makes cgroups of its own below its own is stopped with all of them")
    func nested() throws {
        let script = """
            own=$(sed -n 's/^0:://p' /proc/self/cgroup)
            mkdir -p \(Machine.cgroupRoot ?? "")$own/a/b
            "$worker" ignore-term & echo $! > \(Machine.cgroupRoot ?? "")$own/a/b/cgroup.procs
            exec "$worker" sleep
            """
        try withSupervisor(service("web", script: script, more: "stop.timeout = '200ms'")) { supervisor in
            try supervisor.expect("| ignoring")
            #expect(supervisor.scene.hasGroup("web/0@1/a/b"))
            #expect(try supervisor.cadre("stop", "web").code == 0)
            #expect(!supervisor.scene.hasGroup("web/0@1"))
        }
    }

    @Test("a second supervisor refuses a cgroup that a living one holds")
    func secondOnCgroup() throws {
        try withSupervisor(service("web", "sleep")) { supervisor in
            let pid = try supervisor.ready("web/0")
            let (code, output) = try run([
                Machine.cadre, "supervise", "--log", "terminal", "--config", supervisor.scene.path("cadre.toml"),
                "--cgroup", supervisor.scene.cgroup, "--runtime-directory", supervisor.scene.path("second"),
            ])
            #expect(code == 1)
            #expect(output.contains("another supervisor holds the cgroup \(supervisor.scene.cgroup)"))
            #expect(try supervisor.worker("web/0").pid == pid)
        }
    }

    @Test("a second supervisor refuses the control socket of a living one, and does it no harm")
    func secondOnSocket() throws {
        try withSupervisor(service("web", "notify", "READY=1", more: "ready.by = 'notify'")) { supervisor in
            let pid = try supervisor.ready("web/0")
            try withScene { scene in
                let (code, output) = try run([
                    Machine.cadre, "supervise", "--log", "terminal", "--config", supervisor.scene.path("cadre.toml"),
                    "--cgroup", scene.cgroup, "--runtime-directory", supervisor.runtimeDirectory,
                ])
                #expect(code == 1)
                #expect(output.contains("another supervisor answers at \(supervisor.socket)"))
            }
            #expect(try supervisor.worker("web/0").pid == pid)
            kill(pid, SIGKILL)
            try supervisor.ready("web/0")
        }
    }

    @Test("what a killed supervisor left behind is cleared at the next start, its sockets too")
    func leftovers() throws {
        try withScene { scene in
            let toml = service(
                "web", "serve", workers: 2,
                more: "ready.by = 'notify'\nsocket = [{ name = 'http', listen = 'unix:\(scene.path("http"))' }]")
            let first = try SupervisorProcess(toml + service("stubborn", "ignore-term"), in: scene)
            try first.ready("web/1")
            let web = try Witness(try first.ready("web/0"))
            let stubborn = try Witness(try first.ready("stubborn/0"))
            try first.signal(SIGKILL)
            #expect(try first.waitForEnd().code == 128 + SIGKILL)
            #expect(scene.hasGroup("web/0@1") && access(scene.path("http"), F_OK) == 0)
            let second = try SupervisorProcess(toml, in: scene)
            try second.expect("warning: killing what an earlier supervisor left in \(scene.cgroup)/stubborn")
            try second.expect("warning: killing what an earlier supervisor left in \(scene.cgroup)/web")
            for number in 0..<2 { try second.ready("web/\(number)") }
            #expect(try web.sawEnd() && stubborn.sawEnd())
            #expect(!scene.hasGroup("stubborn"))
            #expect(try second.status().supervisor == second.pid)
            try second.stop()
        }
    }
}
