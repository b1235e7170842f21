import Cadre
import Glibc
import Processes
import Systemd
import Testing

extension MachineTests {
    @Suite("limits change while workers run")
    struct Limits {
        private func configuration(_ limits: String) -> String {
            """
            [service.web]
            \(command("sleep"))
            workers = 2
            \(limits)
            """
        }

        private func pids(_ unit: Unit) throws -> [Int32?] { try unit.service("web").workers.map(\.pid) }

        @Test("a change of limits alone is applied to the running cgroups, and no worker is touched")
        func byConfiguration() throws {
            try Unit.running(configuration("limits.memory_max = \"256M\"")) { unit in
                let before = try pids(unit)
                try unit.configure(configuration("limits = { memory_max = \"128M\", tasks_max = 20 }"))
                let plan = try run("cadre", "plan", "--exit-code")
                #expect(plan.exit == .exited(code: 10))
                #expect(plan.output.contains("~ limits.memory_max: \"256M\" → \"128M\" (live)"), "\(plan.output)")
                #expect(try unit.file("memory.max", of: "web/0@1") == "268435456")
                let text = try succeed("cadre", "apply")
                #expect(text.hasSuffix("\ndone, without touching a worker"), "\(text)")
                for number in 0..<2 {
                    #expect(try unit.file("memory.max", of: "web/\(number)@1") == "134217728")
                    #expect(try unit.file("pids.max", of: "web/\(number)@1") == "20")
                }
                #expect(try pids(unit) == before)
            }
        }

        @Test("cadre limit changes what runs and what is started later, until a configuration is applied")
        func byCommand() throws {
            try Unit.running(configuration("limits.memory_max = \"256M\"")) { unit in
                let before = try pids(unit)
                let text = try succeed("cadre", "limit", "w*", "--memory-max", "1G", "--cpu-max", "50%")
                #expect(text == "web: memory_max 1G, cpu_max 50%")
                #expect(try unit.file("memory.max", of: "web/0@1") == "1073741824")
                #expect(try unit.file("cpu.max", of: "web/1@1") == "50000 100000")
                #expect(try pids(unit) == before)
                try succeed("cadre", "restart", "web/1")
                #expect(try unit.file("memory.max", of: "web/1@2") == "1073741824")
                try succeed("cadre", "limit", "web", "--memory-max", "none", "--cpu-max", "none")
                #expect(try unit.file("memory.max", of: "web/0@1") == "max")
                #expect(try unit.file("cpu.max", of: "web/0@1") == "max 100000")
                try succeed("systemctl", "reload", "cadre")
                #expect(try unit.file("memory.max", of: "web/0@1") == "268435456")
                #expect(try pids(unit)[0] == before[0])
            }
        }

        @Test("memory_max isn't set below what a worker holds, unless it is forced")
        func tooLow() throws {
            let configuration = """
                [service.web]
                \(command("hog", "67108864"))
                """
            try Unit.running(configuration, logging: ["web/0"]) { unit in
                try unit.journal.line(of: "web/0", "67108864")
                let refused = try run("cadre", "limit", "web", "--memory-max", "16M")
                #expect(refused.exit == .exited(code: 4))
                #expect(refused.output.contains("web/0 holds "), "\(refused.output)")
                #expect(try unit.file("memory.max", of: "web/0@1") == "max")
                try succeed("cadre", "limit", "web", "--memory-max", "16M", "--force")
                try unit.journal.event(.oomKill, of: "web/0", incarnation: 1)
            }
        }
    }
}
