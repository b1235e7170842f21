import Cadre
import Glibc
import Processes
import Systemd
import Testing

extension MachineTests {
    @Suite("what runs is changed while it runs")
    struct LiveChanges {
        @Test("limits are written to the cgroups that there are, and hold for those to come")
        func limit() throws {
            let configuration = "[service.web]\n\(command("sleep"))\nworkers = 2\nlimits.memory_max = \"256M\""
            try Unit.running(configuration) { unit in
                let before = processes("TestWorker")
                try succeed(
                    "cadre", "limit", "web", "--memory-max", "300M", "--memory-high", "200M", "--cpu-max", "50%",
                    "--tasks-max", "33", "--io-weight", "50", "--cpuset-cpus", "0")
                for worker in ["web/0@1", "web/1@1"] {
                    #expect(try unit.file("memory.max", of: worker) == "\(300 << 20)")
                    #expect(try unit.file("memory.high", of: worker) == "\(200 << 20)")
                    #expect(try unit.file("cpu.max", of: worker) == "50000 100000")
                    #expect(try unit.file("pids.max", of: worker) == "33")
                    #expect(try unit.file("io.weight", of: worker) == "default 50")
                    #expect(try unit.file("cpuset.cpus", of: worker) == "0")
                }
                #expect(processes("TestWorker") == before)
                try succeed("cadre", "limit", "web", "--memory-high", "none", "--cpu-max", "none")
                #expect(try unit.file("memory.high", of: "web/0@1") == "max")
                #expect(try unit.file("cpu.max", of: "web/0@1") == "max 100000")
                kill(try unit.pid("web/0"), SIGKILL)
                try unit.journal.event(.ready, of: "web/0", incarnation: 2)
                #expect(try unit.file("memory.max", of: "web/0@2") == "\(300 << 20)")
                #expect(try unit.file("memory.high", of: "web/0@2") == "max")
                #expect(before.contains(try unit.pid("web/1")))

                // What is written in the file comes back.
                try succeed("cadre", "apply")
                #expect(try unit.file("memory.max", of: "web/1@1") == "\(256 << 20)")
                #expect(try unit.file("pids.max", of: "web/1@1") == "max")
                let processors = try unit.file("cpuset.cpus.effective", of: "web")
                #expect(try unit.file("cpuset.cpus.effective", of: "web/1@1") == processors)
            }
        }

        @Test("memory_max below what a worker holds is refused, and by force kills it")
        func lowLimit() throws {
            let configuration = "[service.web]\n\(command("hog", "67108864"))\nworkers = 2"
            try Unit.running(configuration, logging: ["web/0", "web/1"]) { unit in
                for worker in ["web/0", "web/1"] { try unit.journal.line(of: worker, "67108864") }
                let before = processes("TestWorker")
                let refused = try run("cadre", "limit", "web", "--memory-max", "32M")
                #expect(refused.exit == .exited(code: 4))
                #expect(refused.output.contains("web/0 holds 6"), "\(refused.output)")
                #expect(refused.output.contains("force"), "\(refused.output)")
                #expect(try unit.file("memory.max", of: "web/0@1") == "max")
                #expect(processes("TestWorker") == before)
                try succeed("cadre", "limit", "web", "--memory-max", "32M", "--force")
                try unit.journal.event(.oomKill, of: "web/0", incarnation: 1)
                try unit.journal.event(.oomKill, of: "web/1", incarnation: 1)
                // So is what they start with then; a higher limit is needed.
                try succeed("cadre", "limit", "web", "--memory-max", "128M")
                try succeed("cadre", "reset", "web")
                try unit.journal.line(of: "web/0", "67108864")
            }
        }

        @Test("a reload that changes only limits keeps every process, and memory_high is heeded from then on")
        func reload() throws {
            func configuration(_ limits: String) -> String {
                """
                [service.web]
                \(command("serve", "1000000"))
                ready.by = "notify"
                restart.budget = 0
                limits = { memory_max = "256M"\(limits) }
                socket = [{ name = "http", listen = "127.0.0.1:8080" }]
                """
            }
            try Unit.running(configuration("")) { unit in
                let pid = try unit.pid("web/0")
                for _ in 0..<60 { #expect(try ask(port: 8080) == pid) }
                try unit.configure(configuration(", memory_high = \"200M\", cpu_max = \"300%\""))
                try succeed("systemctl", "reload", "cadre")
                #expect(try unit.pid("web/0") == pid)
                #expect(try unit.file("memory.high", of: "web/0@1") == "\(200 << 20)")
                #expect(try unit.file("cpu.max", of: "web/0@1") == "300000 100000")
                // What it holds already, nearly.
                try unit.configure(configuration(", memory_high = \"64M\""))
                try succeed("systemctl", "reload", "cadre")
                #expect(try unit.file("cpu.max", of: "web/0@1") == "max 100000")
                var answers = 0
                while try ask(port: 8080) == pid {
                    answers += 1
                    try #require(answers < 100, "it isn't replaced")
                }
                try unit.journal.event(.memoryHigh, of: "web/0")
                #expect(try unit.worker("web/0").lastExit?.reason == "memory-high")
                #expect(try !unit.journal.has(.oomKill))
            }
        }

        @Test("apply with a broken file fails, names the place, and changes nothing; plan says so before")
        func broken() throws {
            let configuration = "[service.web]\n\(command("sleep"))\nworkers = 2\n"
            try Unit.running(configuration) { unit in
                let before = processes("TestWorker")
                try unit.configure(configuration + "limits.memory_max = \"512X\"\n")
                for subcommand in ["plan", "apply"] {
                    let (exit, output) = try run("cadre", subcommand)
                    #expect(exit == .exited(code: 2), "\(subcommand): \(output)")
                    #expect(output.contains("/etc/cadre/cadre.toml:4: service.web.limits.memory_max:"), "\(output)")
                }
                #expect(processes("TestWorker") == before)
            }
        }

        @Test("freezing takes the processor from all of a worker, and thawing gives it back")
        func freeze() throws {
            let script = "while :; do echo still here; sleep 1; done"
            let configuration = """
                [service.web]
                command = ["/bin/sh", "-c", "\(script)"]
                workers = 2
                """
            try Unit.running(configuration, logging: ["web/0"]) { unit in
                try unit.journal.line(of: "web/0", "still here")
                let pid = try unit.pid("web/0")
                try succeed("cadre", "freeze", "web/0")
                #expect(try unit.file("cgroup.freeze", of: "web/0@1") == "1")
                #expect(try unit.file("cgroup.events", of: "web/0@1").contains("frozen 1"))
                #expect(try unit.worker("web/0").state == "frozen" && unit.worker("web/1").state == "ready")
                try succeed("cadre", "thaw", "web/0")
                try unit.journal.discard()
                try unit.journal.line(of: "web/0", "still here")
                #expect(try unit.pid("web/0") == pid)
                #expect(try unit.file("cgroup.freeze", of: "web/0@1") == "0")
                // One that is frozen can be stopped.
                try succeed("cadre", "freeze", "web/0")
                try succeed("cadre", "stop", "web/0")
                #expect(!exists("/proc/\(pid)"))
            }
        }

        @Test("the members of the control group need no root, and others are refused")
        func controlGroup() throws {
            let configuration = "[control]\ngroup = \"cadre\"\n[service.web]\n\(command("sleep"))"
            try Unit.running(configuration) { unit in
                let pid = try unit.pid("web/0")
                #expect(try run("runuser", "-u", "tester", "--", "cadre", "stop", "web").exit == .exited(code: 4))
                #expect(try unit.pid("web/0") == pid)
                try succeed("setpriv", "--reuid=tester", "--regid=tester", "--groups=cadre", "cadre", "restart", "web")
                #expect(try unit.pid("web/0") != pid)
            }
        }
    }
}
