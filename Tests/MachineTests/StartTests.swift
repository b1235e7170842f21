import Cadre
import Glibc
import Processes
import Systemd
import Testing

extension MachineTests {
    @Suite("cadre.service starts, stops and is kept alive")
    struct Starting {
        private static let twoServices = """
            [service.web]
            \(command("notify", "READY=1"))
            workers = 3
            ready.by = "notify"
            [service.job]
            \(command("sleep"))
            workers = 2
            """

        @Test("the start returns when all workers are ready, and the unit's status is kept current")
        func statusIsCurrent() throws {
            try Unit.running(Self.twoServices) { unit in
                // At once, with nothing to wait for: that is what READY=1 promises.
                let status = try unit.status()
                #expect(status.services.map(\.ready) == [2, 3])
                #expect(try parent(of: status.supervisor) == unit.keeper())
                try unit.waitForProperty("StatusText", "2 services, 5 of 5 workers ready")
                let shown = try succeed("cadre", "status").split(separator: "\n")
                #expect(shown.count == 6)
                #expect(shown.first?.hasPrefix("SERVICE  WORKER  STATE") == true)

                _ = try succeed("cadre", "stop", "web/1")
                try unit.waitForProperty("StatusText", "2 services, 4 of 5 workers ready")
                _ = try succeed("cadre", "start", "web/1")
                try unit.waitForProperty("StatusText", "2 services, 5 of 5 workers ready")
                #expect(try unit.property("ActiveState") == "active")
            }
        }

        @Test("a flapping worker fails alone; the unit gets ready, and a command revives the worker")
        func flapping() throws {
            let flag = "/run/cadre-test-flag"
            unlink(flag)
            defer { unlink(flag) }
            let configuration = """
                [service.good]
                \(command("sleep"))
                [service.bad]
                command = ["/bin/sh", "-c", "test -e \(flag) && exec sleep 1000; exit 3"]
                ready.by = "exec"
                restart = { budget = 3, delay = "10ms", window = "1h" }
                """
            try Unit.running(configuration) { unit in
                try unit.journal.event(.failed, of: "bad/0")
                #expect(try unit.worker("bad/0").state == "failed")
                #expect(try unit.worker("bad/0").lastExit?.code == 3)
                #expect(try unit.worker("bad/0").restarts == 3)
                let good = try unit.worker("good/0")
                #expect(good.state == "ready")
                #expect(good.restarts == 0)
                #expect(try unit.property("ActiveState") == "active")
                try unit.waitForProperty("StatusText", "2 services, 1 of 2 workers ready, 1 failed")

                try write("", to: flag)
                try succeed("cadre", "start", "bad")
                #expect(try unit.worker("bad/0").state == "ready")
                #expect(try unit.pid("good/0") == good.pid)
            }
        }

        @Test("a hung keeper is killed by systemd's watchdog, and all starts afresh")
        func watchdog() throws {
            try Unit.running(Self.twoServices, settings: "WatchdogSec=3s") { unit in
                try expectFreshStart(unit) { keeper in kill(keeper, SIGSTOP) }
                #expect(try unit.property("NRestarts") == "1")
            }
        }

        @Test("after SIGKILL of the keeper systemd cleans up and starts afresh, the second time, too")
        func killedKeeper() throws {
            try Unit.running(Self.twoServices) { unit in
                try expectFreshStart(unit) { keeper in kill(keeper, SIGKILL) }
                try expectFreshStart(unit) { keeper in kill(keeper, SIGKILL) }
                #expect(try unit.property("NRestarts") == "2")
            }
        }

        @Test("SIGKILL of the supervisor touches neither the workers nor the unit")
        func killedSupervisor() throws {
            try expectTheSameWorkers { _, status in kill(status.supervisor, SIGKILL) }
        }

        @Test("an upgrade touches neither the workers nor the unit")
        func upgrade() throws {
            try expectTheSameWorkers { _, _ in try succeed("cadre", "upgrade") }
        }

        @Test("a supervisor of a unit is not handed over, as the unit would end")
        func takeover() throws {
            try Unit.running(Self.twoServices) { unit in
                let before = try unit.status()
                let command = try Command(["cadre", "supervise", "--takeover"])
                #expect(try command.wait() == .exited(code: 4))
                #expect(command.output.contains("cadre upgrade"))
                #expect(try unit.status().supervisor == before.supervisor)
            }
        }

        /// Ends the supervisor three times, and waits for another one that has the same workers.
        private func expectTheSameWorkers(ending: (Unit, Snapshot) throws -> Void) throws {
            try Unit.running(Self.twoServices) { unit in
                let keeper = try unit.keeper()
                let old = Set(processes("TestWorker"))
                #expect(old.count == 5)
                for _ in 1...3 {
                    let before = try unit.status()
                    try unit.journal.discard()
                    try ending(unit, before)
                    try unit.journal.event(.adopted)
                    let status = try unit.status()
                    #expect(status.supervisor != before.supervisor)
                    #expect(status.services.map(\.ready) == [2, 3])
                    #expect(try parent(of: status.supervisor) == keeper)
                    #expect(Set(status.services.flatMap(\.workers).compactMap(\.pid)) == old)
                    #expect(Set(processes("TestWorker")) == old)
                }
                // It goes on to look after them.
                let pid = try unit.pid("web/1")
                kill(pid, SIGKILL)
                try unit.journal.event(.ready, of: "web/1")
                #expect(try unit.worker("web/1").restarts == 1)
                try unit.waitForProperty("StatusText", "2 services, 5 of 5 workers ready")
                #expect(try unit.property("NRestarts") == "0" && unit.property("ActiveState") == "active")
                #expect(try unit.keeper() == keeper)
            }
        }

        private func parent(of pid: Int32) throws -> Int32 {
            let line = try contents("/proc/\(pid)/status").split(separator: "\n").first { $0.hasPrefix("PPid:") }
            return try #require(line.flatMap { Int32($0.dropFirst(5).drop { $0.isWhitespace }) })
        }

        /// Ends the keeper and waits until another one has all workers ready and nothing is left of the old ones.
        private func expectFreshStart(_ unit: Unit, ending: (Int32) -> Void) throws {
            let names = ["job/0", "job/1", "web/0", "web/1", "web/2"]
            try unit.journal.discard()
            let keeper = try unit.keeper()
            let supervisor = try unit.status().supervisor
            let old = processes("TestWorker")
            ending(keeper)
            for name in names {
                let ready = try unit.journal.event(.ready, of: name)
                #expect(ready.pid != supervisor)
            }
            try unit.waitForProperty("StatusText", "2 services, 5 of 5 workers ready")
            let status = try unit.status()
            #expect(status.supervisor != supervisor)
            #expect(try unit.keeper() != keeper)
            let pids = status.services.flatMap(\.workers).compactMap(\.pid)
            #expect(pids.count == 5)
            #expect(Set(pids).isDisjoint(with: old))
            #expect(Set(processes("TestWorker")) == Set(pids))
        }

        @Test("systemd-analyze finds nothing wrong with the units")
        func verify() throws {
            // The machine has no man, to which it would show the manual.
            #expect(try succeed("systemd-analyze", "--man=no", "verify", "cadre.service", "cadre.slice") == "")
            let user = ["env", "XDG_RUNTIME_DIR=/run", "systemd-analyze", "--user", "--man=no", "verify"]
            let command = try Command(user + ["/usr/lib/systemd/user/cadre.service"])
            #expect(try command.wait() == .exited(code: 0))
            #expect(command.output == "")
        }
    }
}
