import Cadre
import Processes
import Supervision

// The names of Monoceros (github.com/reddit/monoceros), whose pool is our service and whose worker `web-0` is `web/0`.
extension MetricsWriter {
    mutating func writeMonoceros(_ survey: Survey, version: String) {
        family("monoceros_build", .info, help: "The supervisor's version.")
        sample(MetricLabels(("version", version)), nil, .integer(1))
        let pools = survey.state.services.map { Pool($0) }
        write(poolFamilies, of: pools, survey.groups)
        let workers = survey.state.services.flatMap { service in
            service.workers.map { worker in
                WorkerSubject(
                    worker, survey,
                    MetricLabels(("pool", service.name), ("worker", "\(service.name)-\(worker.id.number)")))
            }
        }
        write(processFamilies, of: workers, survey.groups)
    }
}

private struct Pool: MetricSubject {
    let labels: MetricLabels
    let service: ServiceState
    let running: Int

    init(_ service: ServiceState) {
        labels = MetricLabels(("pool", service.name))
        self.service = service
        running = service.workers.count { !$0.live.isEmpty }
    }
}

private let poolFamilies: [MetricFamily<Pool>] = [
    MetricFamily(
        "monoceros_workerpool_worker_state", .gauge, "Number of workers in a particular state.", by: "state",
        [("running", true), ("terminated", false)]
    ) { pool, isRunning in .integer(UInt64(isRunning ? pool.running : pool.service.workers.count - pool.running)) },
    MetricFamily(
        "monoceros_workerpool_restarts", .counter, "Number of times a worker was restarted.", by: "worker_type",
        [("worker", 0)]
    ) { pool, _ in .integer(UInt64(pool.service.counters.restarts.values.reduce(0, +))) },
    MetricFamily("monoceros_workerpool_sigkill", .counter, "Number of times workers were killed.") {
        .integer(UInt64($0.service.counters.kills))
    },
    MetricFamily(
        "monoceros_workerpool_limits_events", .counter, "Number of times a limit was enforced on a worker.",
        by: "limit_event", [("memory", [EndReason.oomKill, .memoryHigh])]
    ) { pool, reasons in .integer(UInt64(reasons.reduce(0) { $0 + (pool.service.counters.restarts[$1] ?? 0) })) },
]

private let processFamilies: [MetricFamily<WorkerSubject>] = [
    MetricFamily(
        "monoceros_workerpool_process_cpu_seconds", "User and system processor time of the worker."
    ) { .microseconds($0.cpuMicroseconds) },
    MetricFamily("monoceros_workerpool_process_open_fds", .gauge, "Number of open file descriptors.") {
        ($0.leader?.openDescriptors).map { .integer(UInt64($0)) }
    },
    MetricFamily("monoceros_workerpool_process_max_fds", .gauge, "Maximum number of open file descriptors.") {
        ($0.leader?.openDescriptorsMax).map { .integer($0) }
    },
    MetricFamily("monoceros_workerpool_process_virtual_memory_bytes", .gauge, "Virtual memory of the leader.") {
        ($0.leader?.virtualBytes).map { .integer($0) }
    },
    MetricFamily("monoceros_workerpool_process_resident_memory_bytes", .gauge, "Resident memory of the leader.") {
        ($0.leader?.residentBytes).map { .integer($0) }
    },
    MetricFamily("monoceros_workerpool_process_start_time_seconds", .gauge, "Start time of the process since 1970.") {
        $0.startTime.map { .number($0) }
    },
]
