public import Reactor

/// All the figures that the kernel keeps of one cgroup and those below it; nil where a controller is missing.
public struct Statistics: Hashable, Sendable, Codable {
    /// Processor time.
    public var cpu: CPUStatistics
    /// Memory held.
    public var memory: MemoryStatistics?
    /// What happened to its memory.
    public var memoryEvents: MemoryEvents?
    /// Processes and threads.
    public var tasks: TaskStatistics?
    /// Block devices.
    public var io: IOStatistics?
    /// Waits for a processor.
    public var cpuPressure: PressureStatistics?
    /// Waits for memory.
    public var memoryPressure: PressureStatistics?
    /// Waits for block devices.
    public var ioPressure: PressureStatistics?
}

extension ControlGroup {
    /// Reads every figure: a dozen small files, for snapshots; what runs often takes the single ones.
    ///
    /// - Throws: ENOENT or ENODEV if the cgroup is gone.
    public func statistics() throws(SystemCallError) -> Statistics {
        Statistics(
            cpu: try cpuStatistics(), memory: try memoryStatistics(), memoryEvents: try memoryEvents(),
            tasks: try taskStatistics(), io: try ioStatistics(), cpuPressure: try pressure(.cpu),
            memoryPressure: try pressure(.memory), ioPressure: try pressure(.io))
    }
}
