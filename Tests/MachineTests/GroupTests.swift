import Cadre
import Glibc
import Systemd
import Testing

extension MachineTests {
    @Suite("each worker is in a cgroup of its own, with its limits")
    struct Groups {
        @Test("a worker is in its cgroup from its first instruction, and the supervisor in a leaf")
        func placement() throws {
            let configuration = """
                [service.web]
                \(command("report-cgroup"))
                workers = 2
                restart.policy = "never"
                """
            try Unit.running(configuration, logging: ["web/0", "web/1"]) { unit in
                try unit.journal.line(of: "web/0", "0::/cadre.slice/cadre.service/web/0@1")
                try unit.journal.line(of: "web/1", "0::/cadre.slice/cadre.service/web/1@1")
                #expect(try cgroup(of: unit.status().supervisor) == "/cadre.slice/cadre.service/supervisor")
                #expect(try cgroup(of: unit.keeper()) == "/cadre.slice/cadre.service/keeper")
            }
        }

        @Test("the cgroup's files hold what is configured")
        func limits() throws {
            let configuration = """
                [service.web]
                \(command("sleep"))
                [service.web.limits]
                memory_max = "256M"
                memory_high = "128M"
                memory_swap_max = 0
                cpu_max = "150%"
                cpu_weight = 50
                tasks_max = 20
                io_weight = 30
                cpuset_cpus = [0]
                cpuset_mems = "0"
                """
            try Unit.running(configuration) { unit in
                let expected = [
                    "memory.max": "268435456", "memory.high": "134217728", "memory.swap.max": "0",
                    "memory.oom.group": "1", "cpu.max": "150000 100000", "cpu.weight": "50", "pids.max": "20",
                    "io.weight": "default 30", "cpuset.cpus": "0", "cpuset.mems": "0",
                ]
                for (file, value) in expected { #expect(try unit.file(file, of: "web/0@1") == value, "\(file)") }
                let worker = try unit.worker("web/0")
                #expect(worker.memoryMaxBytes == 256 << 20)
                #expect(worker.tasks == 1)
                #expect(worker.controlGroup == "web/0@1")
            }
        }

        @Test("a limit whose controller isn't delegated is an error that names it and Delegate=, or is left out")
        func undelegated() throws {
            let configuration = """
                [service.limited]
                \(command("sleep"))
                limits.cpu_max = "50%"
                limits.memory_max = "64M"
                restart = { budget = 1, delay = "10ms" }
                [service.free]
                \(command("sleep"))
                """
            let delegation = "Delegate=\nDelegate=memory pids"
            try Unit.running(configuration, settings: delegation) { unit in
                let message = try unit.journal.event(.spawnFailed, of: "limited/0").message
                #expect(message.contains("cpu.max needs the cpu controller"), "\(message)")
                #expect(message.contains("Delegate=yes"), "\(message)")
                try unit.journal.event(.failed, of: "limited/0")
                #expect(try unit.worker("limited/0").state == "failed")
                #expect(try unit.worker("free/0").state == "ready")
                #expect(try unit.property("ActiveState") == "active")
            }
            let bestEffort = "ExecStart=\nExecStart=/usr/bin/cadre supervise --best-effort-limits"
            try Unit.running(configuration, settings: "\(delegation)\n\(bestEffort)") { unit in
                let message = try unit.journal.event(.limitLeftOut, of: "limited").message
                #expect(message.contains("cpu.max needs the cpu controller"), "\(message)")
                #expect(try unit.worker("limited/0").state == "ready")
                #expect(try unit.file("memory.max", of: "limited/0@1") == "67108864")
            }
        }

        @Test("workers run as their service's user")
        func user() throws {
            let configuration = """
                [service.web]
                \(command("credentials"))
                user = "tester"
                restart.policy = "never"
                """
            try Unit.running(configuration, logging: ["web/0"]) { unit in
                try unit.journal.line(of: "web/0", "Uid:\t1000\t1000\t1000\t1000")
                try unit.journal.line(of: "web/0", "Gid:\t1000\t1000\t1000\t1000")
                try unit.journal.line(of: "web/0", "CapEff:\t0000000000000000")
            }
        }

        @Test("the processor time is the kernel's, and a service keeps that of workers which are gone")
        func accounting() throws {
            let configuration = """
                [service.web]
                \(command("burn", "3000"))
                """
            try Unit.running(configuration, logging: ["web/0"]) { unit in
                func burn(_ incarnation: UInt64) throws -> Double {
                    let line = try unit.journal.entry("what the worker used") { $0.identifier == "web/0" }
                    let used = try #require(Double(line.message)) / 1e6
                    #expect(try unit.worker("web/0").incarnation == incarnation)
                    return used
                }
                let first = try burn(1)
                let measured = try unit.worker("web/0").cpuSeconds
                #expect(abs(measured - first) <= 0.02 * first, "measured \(measured) s, the kernel says \(first) s")
                let total = try #require(try unit.service("web").cpuSeconds)

                kill(try unit.pid("web/0"), SIGKILL)
                // Ready again, it has burnt next to nothing yet.
                try unit.journal.event(.ready, of: "web/0", incarnation: 2)
                let afterwards = try unit.service("web")
                #expect(try #require(afterwards.cpuSeconds) >= total)
                #expect(afterwards.workers[0].cpuSeconds >= measured)

                let both = first + (try burn(2))
                let service = try #require(try unit.service("web").cpuSeconds)
                let worker = try unit.worker("web/0").cpuSeconds
                #expect(abs(service - both) <= 0.02 * both, "service: \(service) s, the kernel says \(both) s")
                #expect(abs(worker - both) <= 0.02 * both, "worker: \(worker) s, the kernel says \(both) s")
            }
        }
    }
}
