import Cadre
import Glibc
import Processes
import Reactor
import Systemd
import Testing

extension MachineTests {
    @Suite("a worker ends with all that it started")
    struct Stopping {
        @Test("one that moves itself to another cgroup is killed there, and told of")
        func escape() throws {
            let refuge = "/sys/fs/cgroup/cadre-test-refuge"
            try succeed("mkdir", refuge)
            defer { rmdir(refuge) }
            let configuration = """
                [service.fugitive]
                \(command("escape", refuge))
                restart.policy = "never"
                [service.good]
                \(command("sleep"))
                """
            try Unit.running(configuration) { unit in
                let event = try unit.journal.event(.escaped, of: "fugitive/0")
                #expect(event.message.contains("left its cgroup"))
                try unit.journal.event(.failed, of: "fugitive/0")
                #expect(try contents("\(refuge)/cgroup.procs") == "")
                #expect(try unit.worker("good/0").state == "ready")
                #expect(try processes("TestWorker") == [unit.pid("good/0")])
            }
        }

        @Test("what was forked twice, has a session of its own and ignores SIGTERM is gone when its worker is stopped")
        func orphan() throws {
            let configuration = """
                [service.web]
                \(command("double-fork"))
                stop.timeout = "1s"
                """
            try Unit.running(configuration, logging: ["web/0"]) { unit in
                let orphan = try #require(Int32(try unit.journal.line(of: "web/0", beginning: "orphan ")))
                #expect(try cgroup(of: orphan) == "/cadre.slice/cadre.service/web/0@1")
                try succeed("cadre", "stop", "web")
                #expect(!exists("/proc/\(orphan)"))
                #expect(!exists("\(Unit.group)/web/0@1"))
                try unit.journal.event(.killed, of: "web/0")
            }
        }

        @Test("cgroups that a worker makes below its own go with it")
        func nestedGroups() throws {
            let configuration = """
                [service.web]
                \(command("nest"))
                stop.timeout = "1s"
                """
            try Unit.running(configuration, logging: ["web/0"]) { unit in
                try unit.journal.line(of: "web/0", "nested 0")
                try unit.journal.line(of: "web/0", "nested 1")
                #expect(exists("\(Unit.group)/web/0@1/child/grandchild"))
                // Its children keep the cgroup populated until they are killed, then a successor comes.
                kill(try unit.pid("web/0"), SIGKILL)
                try unit.journal.line(of: "web/0", "nested 1")
                #expect(!exists("\(Unit.group)/web/0@1"))
                #expect(processes("TestWorker").count == 3)
            }
        }

        @Test("systemctl stop ends what ignores SIGTERM within the service's own time")
        func deadline() throws {
            let configuration = """
                [service.web]
                \(command("ignore-term"))
                workers = 2
                stop.timeout = "2s"
                """
            try Unit.running(configuration, logging: ["web/0", "web/1"]) { unit in
                try unit.journal.line(of: "web/0", "ignoring")
                try unit.journal.line(of: "web/1", "ignoring")
                let start = ContinuousClock.now
                try succeed("systemctl", "stop", "cadre")
                let time = ContinuousClock.now - start
                // Not before its time, and long before that of the unit (90 s).
                #expect((.seconds(2) ..< .seconds(30)).contains(time), "\(time)")
                try unit.journal.event(.killed, of: "web/0")
                try unit.journal.event(.killed, of: "web/1")
                #expect(try unit.property("Result") == "success")
            }
        }

        @Test("a worker may take longer to stop than the unit's TimeoutStopSec=")
        func extendedTimeout() throws {
            let configuration = """
                [service.web]
                \(command("stop-slowly", "6"))
                stop.timeout = "30s"
                """
            try Unit.running(configuration, logging: ["web/0"], settings: "TimeoutStopSec=3s") { unit in
                try unit.journal.line(of: "web/0", "waiting")
                try succeed("systemctl", "stop", "cadre")
                try unit.journal.line(of: "web/0", "stopped")
                #expect(try unit.property("Result") == "success")
            }
        }
    }

    @Suite("the number of tasks is limited")
    struct Tasks {
        @Test("a fork bomb gets no further than its tasks_max, and is told of")
        func forkBomb() throws {
            let configuration = """
                [service.bomb]
                \(command("forkbomb", "1000"))
                limits.tasks_max = 20
                stop.timeout = "1s"
                [service.good]
                \(command("sleep"))
                """
            try Unit.running(configuration, logging: ["bomb/0"]) { unit in
                try unit.journal.line(of: "bomb/0", "19")
                let event = try unit.journal.event(.tasksMax, of: "bomb/0")
                #expect(event.message.contains("reached its limit of tasks"))
                #expect(try unit.worker("bomb/0").tasks == 20)
                #expect(try unit.worker("good/0").state == "ready")
            }
        }

        @Test("where the unit itself may have no more tasks a spawn fails with a sentence, and succeeds when it may")
        func unitLimit() throws {
            func configuration(workers: Int) -> String {
                """
                [service.web]
                \(command("sleep"))
                workers = \(workers)
                restart = { budget = 0, delay = "100ms", max_delay = "500ms" }
                """
            }
            try Unit.running(configuration(workers: 2)) { unit in
                let pids = (try unit.pid("web/0"), try unit.pid("web/1"))
                try unit.configure(configuration(workers: 3))
                let tasks = try unit.file("pids.current", of: ".")
                try succeed("systemctl", "set-property", "--runtime", "cadre.service", "TasksMax=\(tasks)")
                // Not systemctl reload, as that starts a process in the unit.
                kill(try unit.keeper(), SIGHUP)
                let message = try unit.journal.event(.spawnFailed, of: "web/2").message
                #expect(message.contains("web/2 cannot be started"), "\(message)")
                #expect(message.contains("the pids limit (pids.max) of this cgroup or of one above it"), "\(message)")
                #expect(pids == (try unit.pid("web/0"), try unit.pid("web/1")))
                // It's the host's fault, not the worker's, so no budget is spent.
                try succeed("systemctl", "set-property", "--runtime", "cadre.service", "TasksMax=infinity")
                try unit.journal.event(.ready, of: "web/2")
                #expect(pids == (try unit.pid("web/0"), try unit.pid("web/1")))
            }
            try succeed("systemctl", "revert", "cadre.service")
        }
    }
}
