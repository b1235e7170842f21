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
                #expect(try unit.supervisor() == status.supervisor)
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

        @Test("a hung supervisor is killed by systemd's watchdog, and starts afresh")
        func watchdog() throws {
            try Unit.running(Self.twoServices, settings: "WatchdogSec=3s") { unit in
                try expectFreshStart(unit) { supervisor in kill(supervisor, SIGSTOP) }
                #expect(try unit.property("NRestarts") == "1")
            }
        }

        @Test("after SIGKILL of the supervisor systemd cleans up and starts afresh, the second time, too")
        func killedSupervisor() throws {
            try Unit.running(Self.twoServices) { unit in
                try expectFreshStart(unit) { supervisor in kill(supervisor, SIGKILL) }
                try expectFreshStart(unit) { supervisor in kill(supervisor, SIGKILL) }
                #expect(try unit.property("NRestarts") == "2")
            }
        }

        /// Ends the supervisor and waits until another one has all workers ready and nothing is left of the old ones.
        private func expectFreshStart(_ unit: Unit, ending: (Int32) -> Void) throws {
            let names = ["job/0", "job/1", "web/0", "web/1", "web/2"]
            try unit.journal.discard()
            let supervisor = try unit.supervisor()
            let old = processes("TestWorker")
            ending(supervisor)
            for name in names {
                let ready = try unit.journal.event(.ready, of: name)
                #expect(ready.pid != supervisor)
            }
            try unit.waitForProperty("StatusText", "2 services, 5 of 5 workers ready")
            let status = try unit.status()
            #expect(status.supervisor != supervisor)
            #expect(try unit.supervisor() == status.supervisor)
            let pids = status.services.flatMap(\.workers).compactMap(\.pid)
            #expect(pids.count == 5)
            #expect(Set(pids).isDisjoint(with: old))
            #expect(Set(processes("TestWorker")) == Set(pids))
        }

        @Test("systemd-analyze finds nothing wrong with the units")
        func verify() throws {
            #expect(try succeed("systemd-analyze", "verify", "cadre.service", "cadre.slice") == "")
            let user = ["env", "XDG_RUNTIME_DIR=/run", "systemd-analyze", "--user", "verify"]
            let command = try Command(user + ["/usr/lib/systemd/user/cadre.service"])
            #expect(try command.wait() == .exited(code: 0))
            #expect(command.output == "")
        }
    }
}
