import Cadre
import ControlGroups

/// What services and workers alike use.
///
/// - Parameters:
///   - prefix: How the names begin.
///   - whole: What the figures that grow are of.
///   - present: What the figures of this moment are of.
func resourceFamilies<Subject: ResourceSubject>(
    _ prefix: String, of whole: String, now present: String
) -> [MetricFamily<Subject>] {
    [
        MetricFamily(
            "\(prefix)_cpu_seconds", "Processor time that \(whole) used.", by: "mode",
            [
                "user": { .microseconds($0.userMicroseconds) },
                "system": { .microseconds($0.systemMicroseconds) },
            ])
    ] + memoryFamilies(prefix, of: whole, now: present) + [
        MetricFamily("\(prefix)_tasks", .gauge, "Processes and threads of \(present).", needs: .tasks) {
            $0.statistics?.tasks.map { .integer($0.current) }
        },
        MetricFamily("\(prefix)_io_read_bytes", "Bytes that \(whole) read from block devices.", needs: .io) {
            .integer($0.readBytes)
        },
        MetricFamily("\(prefix)_io_written_bytes", "Bytes that \(whole) wrote to block devices.", needs: .io) {
            .integer($0.writtenBytes)
        },
        MetricFamily("\(prefix)_io_reads", "Read operations of \(whole) on block devices.", needs: .io) {
            .integer($0.reads)
        },
        MetricFamily("\(prefix)_io_writes", "Write operations of \(whole) on block devices.", needs: .io) {
            .integer($0.writes)
        },
        pressureFamily(prefix, of: whole, "cpu", "a processor") { $0.cpuPressure },
        pressureFamily(prefix, of: whole, "memory", "memory") { $0.memoryPressure },
        pressureFamily(prefix, of: whole, "io", "a block device") { $0.ioPressure },
    ]
}

private func memoryFamilies<Subject: ResourceSubject>(
    _ prefix: String, of whole: String, now present: String
) -> [MetricFamily<Subject>] {
    [
        MetricFamily("\(prefix)_memory_current_bytes", "Memory that \(present) holds, page cache included.") {
            $0.current
        },
        MetricFamily("\(prefix)_memory_working_set_bytes", "Memory of \(present) without unused page cache.") {
            $0.workingSet
        },
        MetricFamily("\(prefix)_memory_anonymous_bytes", "Memory of \(present) that belongs to no file.") {
            $0.composition.anonymous
        },
        MetricFamily("\(prefix)_memory_file_bytes", "Page cache of \(present), tmpfs and shared memory included.") {
            $0.composition.file
        },
        MetricFamily("\(prefix)_memory_peak_bytes", "The most memory that \(present) ever held.") { $0.peak },
        MetricFamily("\(prefix)_memory_swap_bytes", "Swap that \(present) holds.") { $0.swapCurrent },
        MetricFamily(
            "\(prefix)_memory_events", "How often \(whole) met a limit of memory, as in memory.events.",
            needs: .memory, by: "event",
            [
                "high": { .integer($0.memoryHigh) }, "max": { .integer($0.memoryMax) },
                "oom": { .integer($0.outOfMemory) }, "oom_kill": { .integer($0.outOfMemoryKills) },
            ]),
    ]
}

private func pressureFamily<Subject: ResourceSubject>(
    _ prefix: String, of whole: String, _ resource: String, _ phrase: String,
    _ stall: @escaping @Sendable (Usage) -> Usage.Stall
) -> MetricFamily<Subject> {
    MetricFamily(
        "\(prefix)_pressure_\(resource)_seconds", "Time in which some, or all, tasks of \(whole) waited for \(phrase).",
        needs: .pressure, by: "tasks",
        [
            "some": { .microseconds(stall($0).someMicroseconds) },
            "full": { .microseconds(stall($0).fullMicroseconds) },
        ])
}
