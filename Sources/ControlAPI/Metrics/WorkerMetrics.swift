import Cadre
import ControlGroups
import Processes
import Supervision

/// A worker as metrics show it.
struct WorkerSubject: ResourceSubject {
    let labels: MetricLabels
    let worker: WorkerDetail
    let usage: Usage?
    let statistics: Statistics?
    let leader: ProcessFigures?
    /// The incarnation that is the worker now.
    let live: LiveDetail?
    /// When that was executed, in seconds since 1970.
    let startTime: Double?

    init(_ worker: WorkerDetail, _ survey: Survey, _ labels: MetricLabels) {
        self.labels = labels
        self.worker = worker
        usage = survey.isComplete(worker) ? survey.usage(of: worker) : nil
        live = worker.shownIncarnation
        statistics = live.flatMap { survey.incarnations[$0.groupPath] }
        leader = live.flatMap { survey.leaders[$0.groupPath] }
        startTime = live.map { survey.state.wallClock - (survey.state.now - $0.startedAt) / .seconds(1) }
    }
}

/// What each worker has; the counters go on from one incarnation to the next.
let workerFamilies: [MetricFamily<WorkerSubject>] =
    [
        MetricFamily(
            "cadre_worker_state", .gauge, "1 for the state that the worker is in, 0 for the others.",
            by: "state", WorkerState.allCases.map { ($0.rawValue, $0) }
        ) { .flag($0.worker.state == $1) },
        MetricFamily(
            "cadre_worker_restarts", .counter,
            "Restarts by the reason why the earlier incarnation ended; only reasons that occurred.", by: "reason",
            EndReason.allCases.map { ($0.rawValue, $0) }
        ) { subject, reason in subject.worker.restarts[reason].map { .integer(UInt64($0)) } },
        MetricFamily(
            "cadre_worker_kills", .counter, "Incarnations that were killed, by command or as they did not stop in time."
        ) { .integer(UInt64($0.worker.kills)) },
        MetricFamily("cadre_worker_start_time_seconds", .gauge, "When the incarnation was executed, since 1970.") {
            $0.startTime.map { .number($0) }
        },
        MetricFamily(
            "cadre_worker_last_ready_duration_seconds", .gauge,
            "From execution to readiness of the last incarnation that became ready."
        ) { $0.worker.lastReadyTime.map { .number($0 / .seconds(1)) } },
        MetricFamily(
            "cadre_worker_last_stop_duration_seconds", .gauge,
            "From the signal to the end of the last incarnation that was told to stop."
        ) { $0.worker.lastStopTime.map { .number($0 / .seconds(1)) } },
        MetricFamily(
            "cadre_worker_cpu_throttled_seconds", "Time for which cpu.max held the worker back.",
            needs: .throttling
        ) { .microseconds($0.throttledMicroseconds) },
        MetricFamily(
            "cadre_worker_cpu_throttled_periods", "Periods in which cpu.max held the worker back.",
            needs: .throttling
        ) { .integer($0.throttledPeriods) },
    ] + resourceFamilies("cadre_worker", of: "the worker", now: "the incarnation") + [
        MetricFamily(
            "cadre_worker_task_limit_hits", "How often a fork failed as pids.max was reached.", needs: .tasks
        ) { .integer($0.taskLimitHits) },
        MetricFamily(
            "cadre_worker_open_file_descriptors", .gauge, "Descriptors that the incarnation's leader has open."
        ) { ($0.leader?.openDescriptors).map { .integer(UInt64($0)) } },
        MetricFamily(
            "cadre_worker_open_file_descriptors_max", .gauge, "Descriptors that the leader may have open."
        ) { ($0.leader?.openDescriptorsMax).map { .integer($0) } },
        MetricFamily("cadre_worker_memory_max_bytes", .gauge, "memory.max of the incarnation, if it has one.") {
            bytes($0.live?.limits.memoryMax)
        },
        MetricFamily("cadre_worker_memory_high_bytes", .gauge, "memory.high of the incarnation, if it has one.") {
            bytes($0.live?.limits.memoryHigh)
        },
        MetricFamily(
            "cadre_worker_memory_swap_max_bytes", .gauge, "memory.swap.max of the incarnation, if it has one."
        ) { bytes($0.live?.limits.memorySwapMax) },
        MetricFamily(
            "cadre_worker_cpu_max_cores", .gauge, "cpu.max of the incarnation in processors, if it has one."
        ) { ($0.live?.limits.cpuMaxPercent).map { .number($0 / 100) } },
        MetricFamily("cadre_worker_tasks_max", .gauge, "pids.max of the incarnation, if it has one.") {
            ($0.live?.limits.tasksMax).map { .integer(UInt64($0)) }
        },
    ]

private func bytes(_ limit: ByteLimit?) -> MetricValue? {
    switch limit {
    case .bytes(let count): .integer(count)
    case .infinity, nil: nil
    }
}
