import Cadre
import Glibc
import Processes
import Systemd
import Testing

extension MachineTests {
    @Suite("the supervisor dies or is upgraded under systemd, which sees nothing of it")
    struct KeptSupervisors {
        /// What systemd must not have noticed.
        private func expectUnmoved(_ unit: Unit, keeper: Int32) throws {
            #expect(try unit.keeper() == keeper)
            #expect(try unit.property("NRestarts") == "0")
            #expect(try unit.property("ActiveState") == "active")
        }

        @Test("limits that were changed while it ran, the scale and every process stay, and lines of workers arrive")
        func death() throws {
            let configuration = "[service.web]\n\(command("count-signals"))\nlimits.memory_max = \"256M\""
            try Unit.running(configuration, logging: ["web/0"]) { unit in
                try unit.journal.line(of: "web/0", "0")
                let keeper = try unit.keeper()
                try succeed("cadre", "limit", "web", "--memory-max", "300M", "--tasks-max", "33")
                try succeed("cadre", "scale", "web=2")
                let before = processes("TestWorker").sorted()
                for turn in 1...3 {
                    kill(try unit.status().supervisor, SIGKILL)
                    try unit.journal.event(.adopted)
                    kill(try unit.pid("web/0"), SIGUSR1)
                    try unit.journal.line(of: "web/0", "\(turn)")
                }
                try expectUnmoved(unit, keeper: keeper)
                #expect(processes("TestWorker").sorted() == before)
                kill(try unit.pid("web/1"), SIGKILL)
                try unit.journal.event(.ready, of: "web/1", incarnation: 2)
                for incarnation in ["web/0@1", "web/1@2"] {
                    #expect(try unit.file("memory.max", of: incarnation) == "\(300 << 20)")
                    #expect(try unit.file("pids.max", of: incarnation) == "33")
                }
                #expect(try cgroup(of: unit.status().supervisor) == "/cadre.slice/cadre.service/supervisor")
                #expect(try unit.worker("web/1").restarts == 1)
            }
        }

        @Test("goes on without inotify watches, and has them as soon as there are some")
        func noWatches() throws {
            let limit = "/proc/sys/fs/inotify/max_user_watches"
            let usual = try contents(limit)
            try Unit.running("[service.web]\n\(command("sleep"))\nworkers = 2\nready.by = \"exec\"") { unit in
                for number in 0..<2 { try unit.journal.event(.ready, of: "web/\(number)") }
                let keeper = try unit.keeper()
                let before = processes("TestWorker").sorted()
                try write("1", to: limit)
                defer { try? write(usual, to: limit) }
                kill(try unit.status().supervisor, SIGKILL)
                try unit.journal.event(.adopted)
                for number in 0..<2 { try unit.journal.event(.trouble, of: "web/\(number)") }
                // An end is seen all the same.
                kill(try unit.pid("web/0"), SIGKILL)
                try unit.journal.event(.exited, of: "web/0")
                try write(usual, to: limit)
                try unit.journal.entry("that web/1 is watched") { $0.message.contains("web/1 is watched again") }
                try unit.journal.event(.ready, of: "web/0")
                let after = processes("TestWorker")
                #expect(after.count == 2 && before.filter(after.contains).count == 1)
                try expectUnmoved(unit, keeper: keeper)
            }
        }

        @Test("an upgrade to another file, one that fails, and back")
        func upgrade() throws {
            try Unit.running("[service.web]\n\(command("sleep"))\nworkers = 2") { unit in
                let keeper = try unit.keeper()
                let before = processes("TestWorker").sorted()
                let copy = "/var/tmp/cadre-next"
                try succeed("cp", "/usr/bin/cadre", copy)
                defer { unlink(copy) }
                let done = try succeed("cadre", "upgrade", copy)
                #expect(done.hasPrefix("the supervisor is \(copy) now"), "\(done)")
                try unit.journal.event(.adopted)
                let failed = try run("cadre", "upgrade", "/bin/false")
                #expect(failed.exit == .exited(code: 1))
                #expect(failed.output.contains("did not come up as a supervisor (it exited with code 1)"))
                try unit.journal.event(.upgradeFailed)
                try succeed("cadre", "upgrade", "/usr/bin/cadre")
                try expectUnmoved(unit, keeper: keeper)
                #expect(processes("TestWorker").sorted() == before)
            }
        }
    }
}
