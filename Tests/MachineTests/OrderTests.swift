import Systemd
import Testing

extension MachineTests {
    @Suite("services stop in order, and an essential one takes the unit along")
    struct Ordering {
        @Test("systemd waits for services that stop one after another, for longer than its own time-out")
        func chain() throws {
            let configuration = ["db", "cache", "web"].map { name in
                """
                [service.\(name)]
                \(command("ignore-term"))
                stop.timeout = "2s"
                \(name == "cache" ? "requires = { db = \"ready\" }" : "")
                \(name == "web" ? "requires = { cache = \"ready\" }" : "")

                """
            }.joined()
            try Unit.running(configuration, logging: ["db/0"], settings: "TimeoutStopSec=1s") { unit in
                try unit.journal.line(of: "db/0", "ignoring")
                try succeed("systemctl", "stop", "cadre")
                for name in ["web", "cache", "db"] { try unit.journal.event(.killed, of: "\(name)/0") }
                #expect(try unit.property("Result") == "success")
            }
        }

        @Test("the unit fails with the exit code of an essential worker that failed for good")
        func essential() throws {
            let configuration = """
                [service.job]
                \(command("exit", "7"))
                type = "oneshot"
                restart.policy = "never"
                essential = true
                [service.web]
                \(command("sleep"))
                after = { job = "completed" }
                """
            try Unit.running("[service.web]\n\(command("sleep"))\n", settings: "Restart=no") { unit in
                try unit.configure(configuration)
                _ = try run("cadre", "apply", "--no-wait")
                try unit.journal.event(.essential, of: "job/0")
                try unit.waitForProperty("ActiveState", "failed")
                #expect(try unit.property("ExecMainStatus") == "7")
            }
        }
    }
}
