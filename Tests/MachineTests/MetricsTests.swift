import Cadre
import Glibc
import Systemd
import Testing

extension MachineTests {
    @Suite("metrics tell what the kernel counts")
    struct Metrics {
        @Test("every family is there, for workers and services")
        func families() throws {
            try Unit.running("[service.web]\n\(command("sleep"))\nlimits.memory_max = \"64M\"") { _ in
                let names = Set(try scrape().keys.map { $0.prefix { $0 != "{" } })
                for prefix in ["cadre_worker", "cadre_service"] {
                    for name in [
                        "cpu_seconds_total", "memory_current_bytes", "memory_working_set_bytes",
                        "memory_anonymous_bytes", "memory_file_bytes", "memory_peak_bytes", "memory_events_total",
                        "tasks", "io_read_bytes_total", "io_written_bytes_total", "io_reads_total", "io_writes_total",
                    ] {
                        #expect(names.contains("\(prefix)_\(name)"))
                    }
                }
                #expect(try scrape()[#"cadre_worker_memory_max_bytes{service="web",worker="0"}"#] == Double(64 << 20))
            }
        }

        @Test("what happens at the limits is counted, by worker and reason")
        func limits() throws {
            let configuration = """
                [service.hog]
                command = ["/bin/sh", "-c", '''
                test $CADRE_INCARNATION = 1 || exec sleep 1000
                exec \(testWorker) hog 200000000 1000000''']
                limits.memory_max = "64M"
                [service.leak]
                command = ["/bin/sh", "-c", '''
                test $CADRE_INCARNATION = 1 || exec sleep 1000
                exec \(testWorker) hog 60000000 1000000''']
                limits = { memory_max = "256M", memory_high = "32M" }
                [service.bomb]
                \(command("forkbomb", "20"))
                limits.tasks_max = 10
                [service.burn]
                \(command("burn", "300"))
                limits.cpu_max = "10%"
                """
            try Unit.running(configuration, logging: ["burn/0", "bomb/0"]) { unit in
                try unit.journal.event(.oomKill, of: "hog/0")
                try unit.journal.event(.ready, of: "hog/0", incarnation: 2)
                try unit.journal.event(.memoryHigh, of: "leak/0")
                try unit.journal.event(.tasksMax, of: "bomb/0")
                try unit.journal.line(of: "bomb/0", "9")
                _ = try unit.journal.line(of: "burn/0", beginning: "")
                let samples = try scrape()
                func value(_ name: String, _ service: String, _ label: String = "") -> Double {
                    samples[#"\#(name){service="\#(service)",worker="0"\#(label)}"#] ?? .nan
                }
                #expect(value("cadre_worker_restarts_total", "hog", #",reason="oom-kill""#) == 1)
                #expect(value("cadre_worker_memory_events_total", "hog", #",event="oom_kill""#) >= 1)
                #expect(value("cadre_worker_restarts_total", "leak", #",reason="memory-high""#) == 1)
                #expect(value("cadre_worker_memory_events_total", "leak", #",event="high""#) >= 1)
                #expect(value("cadre_worker_task_limit_hits_total", "bomb") >= 1)
                #expect(value("cadre_worker_tasks", "bomb") == 10)
                #expect(value("cadre_worker_cpu_throttled_periods_total", "burn") >= 1)
                #expect(value("cadre_worker_cpu_throttled_seconds_total", "burn") > 0.1)
                #expect(value("cadre_worker_cpu_seconds_total", "burn", #",mode="user""#) > 0)
            }
        }

        /// The samples of one scrape by name and labels.
        private func scrape() throws -> [String: Double] {
            let text = try succeed(
                "curl", "--silent", "--fail", "--unix-socket", "/run/cadre/control.sock", "http://cadre/metrics")
            var samples: [String: Double] = [:]
            for line in text.split(separator: "\n") where !line.hasPrefix("#") {
                let end = try #require(line.lastIndex(of: " "))
                samples[String(line[..<end])] = Double(line[line.index(after: end)...])
            }
            return samples
        }
    }
}
