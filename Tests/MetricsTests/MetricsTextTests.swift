import ControlGroups
import Specification
import Supervision
import Testing

@testable import Cadre
@testable import ControlAPI

@Suite("The metrics of a survey") struct MetricsTextTests {
    private let web = ["service": "web"]
    private let ready = ["service": "web", "worker": "0"]
    private let waiting = ["service": "web", "worker": "1"]

    @Test("show every figure of a worker under its name, in seconds and bytes, the past included")
    func worker() throws {
        let metrics = try Exposition(text(.example()))
        for (name, labels, value) in [
            ("state", ["state": "ready"], 1), ("state", ["state": "failed"], 0),
            ("restarts_total", ["reason": "oom-kill"], 1), ("kills_total", [:], 1),
            ("start_time_seconds", [:], 1_700_000_040), ("last_ready_duration_seconds", [:], 0.03),
            ("last_stop_duration_seconds", [:], 1.5), ("cpu_seconds_total", ["mode": "user"], 3.000_001),
            ("cpu_seconds_total", ["mode": "system"], 1.5), ("cpu_throttled_seconds_total", [:], 0.93),
            ("cpu_throttled_periods_total", [:], 17), ("memory_current_bytes", [:], 70_000_000),
            ("memory_working_set_bytes", [:], 60_000_000), ("memory_anonymous_bytes", [:], 30_000_000),
            ("memory_file_bytes", [:], 40_000_000), ("memory_peak_bytes", [:], 80_000_000),
            ("memory_swap_bytes", [:], 4096), ("memory_events_total", ["event": "high"], 7),
            ("memory_events_total", ["event": "max"], 4), ("memory_events_total", ["event": "oom"], 3),
            ("memory_events_total", ["event": "oom_kill"], 2), ("tasks", [:], 9), ("task_limit_hits_total", [:], 6),
            ("io_read_bytes_total", [:], 1024), ("io_written_bytes_total", [:], 2048), ("io_reads_total", [:], 3),
            ("io_writes_total", [:], 4), ("pressure_cpu_seconds_total", ["tasks": "some"], 7.000_001),
            ("pressure_memory_seconds_total", ["tasks": "full"], 0.000_06),
            ("pressure_io_seconds_total", ["tasks": "some"], 7.000_001), ("open_file_descriptors", [:], 12),
            ("open_file_descriptors_max", [:], 1024), ("memory_max_bytes", [:], 1_073_741_824),
            ("memory_high_bytes", [:], 943_718_400), ("memory_swap_max_bytes", [:], 0), ("cpu_max_cores", [:], 1.5),
            ("tasks_max", [:], 64),
        ] as [(String, [String: String], Double)] {
            let found = metrics["cadre_worker_\(name)", ready.merging(labels) { $1 }]
            #expect(found == value, "\(name) \(labels)")
        }
    }

    @Test("keep the counters of a worker of which nothing runs, and show no figures of this moment")
    func waitingWorker() throws {
        let metrics = try Exposition(text(.example()))
        #expect(metrics["cadre_worker_cpu_seconds_total", waiting.merging(["mode": "user"]) { $1 }] == 0.5)
        #expect(metrics["cadre_worker_state", waiting.merging(["state": "waiting"]) { $1 }] == 1)
        for name in ["memory_current_bytes", "tasks", "start_time_seconds", "open_file_descriptors", "tasks_max"] {
            #expect(metrics["cadre_worker_\(name)", waiting] == nil)
        }
    }

    @Test("tell a worker's state once: one state is 1, all others 0")
    func states() throws {
        let samples = try Exposition(text(.example())).samples.filter { $0.name == "cadre_worker_state" }
        #expect(samples.count == 3 * WorkerState.allCases.count && samples.map(\.value).reduce(0, +) == 3)
    }

    @Test("show services with what their own cgroups keep, and all reasons of restarts from the start")
    func service() throws {
        let metrics = try Exposition(text(.example()))
        #expect(metrics["cadre_service_workers_wanted", web] == 2)
        #expect(metrics["cadre_service_workers_ready", web] == 1)
        #expect(metrics["cadre_service_workers", ["service": "web", "state": "waiting"]] == 1)
        #expect(metrics["cadre_service_healthy", web] == 1)
        #expect(metrics["cadre_service_healthy", ["service": #"queue "\""#]] == 0)
        #expect(metrics["cadre_service_restarts_total", ["service": "web", "reason": "oom-kill"]] == 3)
        #expect(metrics["cadre_service_restarts_total", ["service": "web", "reason": "watchdog"]] == 0)
        #expect(metrics["cadre_service_kills_total", web] == 2)
        #expect(metrics["cadre_service_cpu_seconds_total", ["service": "web", "mode": "user"]] == 2.500_001)
        #expect(metrics["cadre_service_ready_duration_seconds_bucket", ["service": "web", "le": "0.05"]] == 2)
        #expect(metrics["cadre_service_ready_duration_seconds_bucket", ["service": "web", "le": "60.0"]] == 2)
        #expect(metrics["cadre_service_ready_duration_seconds_bucket", ["service": "web", "le": "+Inf"]] == 3)
        #expect(metrics["cadre_service_ready_duration_seconds_count", web] == 3)
        #expect(metrics["cadre_service_stop_duration_seconds_count", web] == 0)
    }

    @Test("show the supervisor itself")
    func supervisor() throws {
        let metrics = try Exposition(text(.example()))
        #expect(metrics["cadre_build_info", ["version": "1.2.3"]] == 1)
        #expect(metrics["cadre_healthy", [:]] == 0)
        #expect(metrics["cadre_events_total", [:]] == 17)
        #expect(metrics["cadre_core_wakeups_total", [:]] == 23)
        #expect(metrics["cadre_core_turn_duration_seconds_count", [:]] == 2)
        #expect(metrics["cadre_core_turn_duration_seconds_sum", [:]] == 0.3125)
    }

    @Test(
        "leave out what the machine has no controller for",
        arguments: [
            (StatisticsGroups.memory, "_memory_"), (.tasks, "_task"), (.io, "_io_"), (.pressure, "_pressure_"),
            (.throttling, "_throttled_"),
        ])
    func missing(group: StatisticsGroups, part: String) throws {
        func names(_ groups: StatisticsGroups) throws -> Set<String> {
            Set(try Exposition(text(.example(groups: groups))).samples.map(\.name))
        }
        // Limits and pressure have names of their own.
        let expected = try names(.all).filter { name in
            !name.contains(part) || name.contains("_max") || name.hasSuffix("_high_bytes")
                || (group != .pressure && name.contains("_pressure_"))
        }
        #expect(try names(.all.subtracting(group)) == expected)
        #expect(try names(.all) != expected)
    }

    @Test("leave out the counters of a worker that could not be read, rather than let them go back")
    func unreadable() throws {
        var survey = Survey.example()
        survey.incarnations = [:]
        let metrics = try Exposition(text(survey))
        #expect(metrics["cadre_worker_cpu_seconds_total", ready.merging(["mode": "user"]) { $1 }] == nil)
        #expect(metrics["cadre_worker_cpu_seconds_total", waiting.merging(["mode": "user"]) { $1 }] == 0.5)
        #expect(metrics["cadre_worker_kills_total", ready] == 1)
    }

    @Test("say the same in both formats")
    func formats() throws {
        let (open, plain) = (try Exposition(text(.example())), try Exposition(text(.example(), .prometheus)))
        #expect(open.samples.map(\.name) == plain.samples.map(\.name))
        #expect(open.samples.map(\.value) == plain.samples.map(\.value))
        #expect(
            open.types["cadre_worker_cpu_seconds"] == "counter" && open.units["cadre_worker_cpu_seconds"] == "seconds")
        #expect(plain.types["cadre_worker_cpu_seconds_total"] == "counter" && plain.units.isEmpty)
        #expect(open.types["cadre_build"] == "info" && plain.types["cadre_build_info"] == "gauge")
    }

    @Test("have the names of Monoceros only if they are asked for")
    func monoceros() throws {
        let own = try Exposition(text(.example()))
        let metrics = try Exposition(text(.example(), aliases: [.monoceros]))
        #expect(metrics.samples.filter { !$0.name.hasPrefix("monoceros_") } == own.samples)
        let pool = ["pool": "web"]
        let worker = ["pool": "web", "worker": "web-0"]
        for (name, labels, value) in [
            ("build_info", ["version": "1.2.3"], 1),
            ("workerpool_worker_state", ["pool": "web", "state": "running"], 1),
            ("workerpool_worker_state", ["pool": "web", "state": "terminated"], 1),
            ("workerpool_restarts_total", ["pool": "web", "worker_type": "worker"], 4),
            ("workerpool_sigkill_total", pool, 2),
            ("workerpool_limits_events_total", ["pool": "web", "limit_event": "memory"], 3),
            ("workerpool_process_cpu_seconds_total", worker, 4.500_001), ("workerpool_process_open_fds", worker, 12),
            ("workerpool_process_max_fds", worker, 1024),
            ("workerpool_process_virtual_memory_bytes", worker, 9_437_184),
            ("workerpool_process_resident_memory_bytes", worker, 3_145_728),
            ("workerpool_process_start_time_seconds", worker, 1_700_000_040),
        ] as [(String, [String: String], Double)] {
            #expect(metrics["monoceros_\(name)", labels] == value, "\(name) \(labels)")
        }
        #expect(MetricsText.leaders(for: []) == .descriptors && MetricsText.leaders(for: [.monoceros]) == .all)
    }
}
