import Cadre
import Glibc
import Processes
import Systemd
import Testing

extension MachineTests {
    @Suite("who may do what is the kernel's word, and the journal tells who did what")
    struct Access {
        @Test("a change is in the journal with the caller, the command, and what it was for; so is one that is refused")
        func audit() throws {
            let configuration = """
                [control.allow]
                tester = ["web"]
                [service.web]
                \(command("sleep"))
                [service.api]
                \(command("sleep"))
                """
            try Unit.running(configuration) { unit in
                let stop = try Command(["cadre", "stop", "web/0"])
                #expect(try stop.wait() == .exited(code: 0))
                let done = try unit.journal.event(.commanded, of: "web/0")
                #expect(done.message == "user 0 (process \(stop.pid)) commanded: stop web/0")
                let fields = try succeed("journalctl", "-o", "json", "--no-pager", "CADRE_EVENT=commanded")
                for field in [
                    "\"CADRE_COMMAND\":\"stop\"", "\"CADRE_NAMES\":\"web/0\"", "\"CADRE_SERVICE\":\"web\"",
                    "\"CADRE_CALLER_UID\":\"0\"", "\"CADRE_CALLER_GID\":\"0\"",
                    "\"CADRE_CALLER_PID\":\"\(stop.pid)\"", "\"MESSAGE_ID\":\"\(EventKind.commanded.messageID)\"",
                ] {
                    #expect(fields.contains(field), "\(field) is not in \(fields)")
                }
                let asTester = ["runuser", "-u", "tester", "--", "cadre"]
                #expect(try Command(asTester + ["start", "web"]).wait() == .exited(code: 0))
                #expect(try Command(asTester + ["stop", "api"]).wait() == .exited(code: 4))
                let refused = try unit.journal.event(.refused, of: "api")
                #expect(refused.message.hasPrefix("user 1000 (process ") && refused.priority == .warning)
                #expect(refused.message.contains(") was refused: stop api: this concerns api, and you may change only"))
            }
        }

        @Test("a worker may not use the control socket, whoever it runs as")
        func workers() throws {
            let ask = "command = [\"/bin/sh\", \"-c\", \"cadre stop web; echo exit $?; exec \(testWorker) sleep\"]"
            let configuration = """
                [control]
                group = "tester"
                [service.web]
                \(command("sleep"))
                [service.root]
                \(ask)
                [service.member]
                \(ask)
                user = "tester"
                """
            try Unit.running(configuration, logging: ["root/0", "member/0"]) { unit in
                try unit.journal.line(of: "root/0", "exit 4")
                try unit.journal.line(of: "member/0", "exit 4")
                #expect(try unit.worker("web/0").state == "ready")
            }
        }

        @Test("as a user without privileges it limits, kills, replaces, adopts, upgrades and logs all the same")
        func unprivileged() throws {
            let examples = "\(sourceDirectory)/examples/unprivileged"
            try succeed("systemd-sysusers", "\(examples)/sysusers.conf")
            let settings = try contents("\(examples)/unprivileged.conf").split(separator: "[Service]")[1]
            let configuration = """
                [service.web]
                \(command("notify", "READY=1"))
                workers = 2
                ready.by = "notify"
                limits = { memory_max = "64M", cpu_max = "150%", tasks_max = 10, io_weight = 30 }
                [service.hog]
                \(command("hog", "200000000"))
                limits = { memory_max = "32M", memory_swap_max = 0 }
                restart = { budget = 1, delay = "10ms" }
                [service.other]
                \(command("sleep"))
                user = "nobody"
                restart = { budget = 1, delay = "10ms" }
                """
            try Unit.running(configuration, settings: String(settings)) { unit in
                try unit.journal.event(.oomKill, of: "hog/0")
                #expect(try unit.journal.event(.spawnFailed, of: "other/0").message.contains("nobody"))
                let user = try succeed("id", "-u", "cadre")
                let pid = try unit.pid("web/0")
                let status = try contents("/proc/\(pid)/status")
                #expect(status.contains("\nUid:\t\(user)\t\(user)\t\(user)\t\(user)\n"), "\(status)")
                #expect(status.contains("\nCapBnd:\t0000000000000000\n") && status.contains("\nNoNewPrivs:\t1\n"))
                #expect(try cgroup(of: pid) == "/cadre.slice/cadre.service/web/0@1")
                #expect(try unit.file("memory.max", of: "web/0@1") == "67108864")
                #expect(try unit.file("io.weight", of: "web/0@1") == "default 30")

                kill(pid, SIGKILL)
                try unit.journal.event(.ready, of: "web/0", incarnation: 2)
                try succeed("cadre", "restart", "web")
                // The next supervisor goes on with what runs.
                let pids = [try unit.pid("web/0"), try unit.pid("web/1")]
                let supervisor = try unit.status().supervisor
                kill(supervisor, SIGKILL)
                try unit.journal.event(.adopted)
                try succeed("cadre", "upgrade")
                try unit.journal.event(.adopted)
                #expect(try unit.status().supervisor != supervisor)
                #expect(try [unit.pid("web/0"), unit.pid("web/1")] == pids)
                try succeed("systemctl", "reload", "cadre")
            }
        }

        @Test("the unit is as narrow as its workers allow")
        func exposure() throws {
            let line = try succeed("systemd-analyze", "security", "--no-pager", "cadre.service")
                .split(separator: "\n").last { $0.contains("Overall exposure level") }
            let number = try #require(line?.firstMatch(of: /: (\d+\.\d)/)?.output.1)
            print("systemd-analyze security cadre.service: \(number)")
            #expect(try #require(Double(number)) <= 8.5)
        }
    }
}
